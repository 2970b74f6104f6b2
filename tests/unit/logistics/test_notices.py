"""When the parties are told that tracking is not as it should be, and what they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from services.logistics.domain.notices import ABNORMAL, GRAVE, SILENCE, Journey, message, next_look, occasions
from services.logistics.domain.tracking import ARRIVED, OVER, RANKS, Sighting
from shared.contracts.tracking import INCIDENT_REASONS, TRACKING_STATUSES
from shared.contracts.trade import MODES

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def seen(status: str, hour: int = 0, event_id: str = "1", reason: str | None = None) -> Sighting:
    return Sighting(status, START + timedelta(hours=hour), event_id, reason)


def journey(*sightings: Sighting, mode: str = "express", promised: int = 8, heard: timedelta = timedelta(0)) -> Journey:
    return Journey(mode, START + promised * DAY, START + heard, sightings)


def kinds(of: Journey, now: datetime) -> list[str]:
    return [each.kind for each in occasions(of, now)]


sightings = st.lists(
    st.builds(seen, st.sampled_from(TRACKING_STATUSES), st.integers(0, 60), st.sampled_from("abc"), st.none() | st.sampled_from(INCIDENT_REASONS)), max_size=10
)
moments = st.integers(0, 60).map(lambda days: START + days * DAY)


def test_the_tables_speak_the_common_vocabulary_and_every_mode_has_its_silence() -> None:
    assert ABNORMAL.keys() <= RANKS.keys()
    assert set(INCIDENT_REASONS) >= GRAVE
    assert SILENCE.keys() == set(MODES)


def test_a_parcel_on_its_way_in_time_is_nothing_to_tell() -> None:
    assert kinds(journey(seen("in_transit"), heard=2 * DAY), START + 4 * DAY) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_silence_is_told_as_long_as_the_mode_allows_and_not_before(mode: str) -> None:
    quiet = journey(mode=mode, promised=90)
    over = START + SILENCE[mode]
    assert kinds(quiet, over - timedelta(seconds=1)) == []
    assert kinds(quiet, over) == ["silent"]


def test_each_silence_is_an_occasion_of_its_own() -> None:
    first, second = (journey(seen("in_transit"), promised=90, heard=heard) for heard in (timedelta(0), 5 * DAY))
    assert {each.key for each in occasions(first, START + 4 * DAY)} != {each.key for each in occasions(second, START + 9 * DAY)}


def test_a_parcel_past_its_promise_is_overdue_however_much_is_heard_of_it() -> None:
    late = journey(seen("in_transit"), promised=8, heard=8 * DAY)
    assert kinds(late, START + 8 * DAY - timedelta(seconds=1)) == []
    assert kinds(late, START + 8 * DAY) == ["overdue"]


@pytest.mark.parametrize("status", sorted(ARRIVED | OVER))
def test_nothing_is_awaited_of_a_parcel_that_arrived_or_never_will(status: str) -> None:
    done = journey(seen(status))
    assert {"silent", "overdue"}.isdisjoint(kinds(done, START + 100 * DAY))
    assert next_look(done, START) is None


@pytest.mark.parametrize("status", sorted(ABNORMAL))
def test_an_abnormal_status_is_told(status: str) -> None:
    assert kinds(journey(seen("in_transit"), seen(status, 1)), START) == ["abnormal"]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (seen("in_transit", reason="carrier_parcel_lost"), True),
        (seen("delivered", reason="carrier_damaged_parcel"), True),
        (seen("in_transit", reason="weather_delay"), False),
        (seen("ready_for_pickup", reason="consignee_not_home"), False),
    ],
)
def test_a_grave_reason_is_told_whatever_the_status(event: Sighting, told: bool) -> None:
    assert kinds(journey(event), START) == (["abnormal"] if told else [])


def test_what_was_amiss_on_the_way_is_not_told_after_the_delivery() -> None:
    assert kinds(journey(seen("on_hold", 1), seen("delivered", 2)), START) == []


def test_a_hold_repeated_on_its_way_is_one_occasion_a_day_and_another_reason_another_one() -> None:
    events = [seen("on_hold", 1, "a"), seen("on_hold", 3, "b"), seen("on_hold", 30, "c"), seen("on_hold", 4, "d", "customs_inspection")]
    assert len({each.key for each in occasions(journey(*events), START)}) == 3


@given(sightings, moments, st.data())
def test_neither_order_nor_repetition_of_events_changes_what_is_told(events: list[Sighting], now: datetime, data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(events))) if events else []
    shuffled = data.draw(st.permutations(events + repeated))
    assert {each.key for each in occasions(journey(*shuffled), now)} == {each.key for each in occasions(journey(*events), now)}


@given(sightings, moments)
def test_the_clock_looks_again_before_anything_new_can_be_amiss(events: list[Sighting], now: datetime) -> None:
    here = journey(*events, promised=20, heard=3 * DAY)
    again = next_look(here, now)
    until = again - timedelta(microseconds=1) if again else START + 1000 * DAY
    assert again is None or again > now
    assert {each.key for each in occasions(here, until)} == {each.key for each in occasions(here, max(now, min(until, now)))}


@pytest.mark.parametrize(
    ("reason", "whom"),
    [
        ("carrier_parcel_lost", "DHL Express has to put it right; either party may ask there."),
        ("retailer_incorrect_data", "The supplier, Haitian, has to put it right with DHL Express."),
        ("consignee_not_home", "The recipient should tell DHL Express how to deliver it."),
        ("customs_documentation", "DHL Express knows what customs waits for: papers of the supplier, Haitian, or duties of the recipient."),
        ("weather_delay", "Ask DHL Express, or the supplier, Haitian."),
    ],
)
def test_the_message_says_whom_to_ask_by_who_caused_it(reason: str, whom: str) -> None:
    here = journey(seen("on_hold", reason=reason))
    (occasion,) = occasions(here, START)
    words = reason.replace("_", " ")
    assert message(occasion, here, "1234567890", "DHL Express", "Haitian") == f"The parcel 1234567890 is held up ({words}). {whom}"


def test_the_message_of_a_silence_says_since_when_and_names_the_carrier_where_it_is_known() -> None:
    here = journey(seen("in_transit"), promised=2)
    overdue, silent = occasions(here, START + 3 * DAY)
    assert message(overdue, here, "W-1", None, "Haitian") == (
        "The parcel W-1 should have arrived by 2026-03-03; its status is in transit. Ask the carrier, or the supplier, Haitian."
    )
    assert message(silent, here, "W-1", "UPS", "Haitian") == (
        "The parcel W-1 has not been heard of since 2026-03-01; its status is in transit. Ask UPS, or the supplier, Haitian."
    )
