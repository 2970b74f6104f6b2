"""Tariffs as rows: the one that counts on a day, and how a new one comes beside those there are."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.logistics.application import quotes, tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.channels import Packages
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.tariff import FIXED, PERCENT, Break, Freight, Surcharge, Tariff, Zone
from services.logistics.models import tariffs as table
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Invalid
from shared.kit.money import Money
from tests.builders.database import TestDatabase

TODAY = utc_now().date()
CARTON = Packages(2, (Decimal(30), Decimal(20), Decimal(10)), Decimal("1.2"))
FUEL, ISLANDS = Surcharge("Fuel", PERCENT, 1000), Surcharge("Islands", FIXED, 700, frozenset({"battery"}), frozenset({"GB-HS", "NO"}))
ZONES = (
    Zone("europe", frozenset({"DE", "GB"}), (Break(1000, 2000), Break(70_000, 150, 500))),
    Zone("world", frozenset({"*"}), (Break(70_000, 900, 1000),)),
)
DHL = Tariff("dhl_express", "USD", TODAY, None, ZONES, (ISLANDS, FUEL), step_g=500, minimum_g=1000, highest_value=500_000)


def add(database: TestDatabase, *changes: dict[str, Any]) -> list[str]:
    """DHL's tariff with these changes, one after the other; their ids."""
    return [database.run(lambda tx, each=each: tariffs.add(tx, replace(DHL, **each), "somebody"))[0] for each in changes]


def in_force(database: TestDatabase, day: date = TODAY, channel: str = "dhl_express") -> str | None:
    return database.run(lambda tx: tariffs.in_force(tx, day)).get(channel)  # type: ignore[no-any-return]


def freight(database: TestDatabase, channel: str = "dhl_express", country: str = "DE", goods: tuple[str, ...] = (), at: date = TODAY, **more: Any) -> Any:
    return database.run(lambda tx: quotes.freight(tx, channel, country, [CARTON], goods, at, **more))


def test_a_tariff_is_read_as_it_was_added(database: TestDatabase) -> None:
    (made,) = add(database, {})
    tariffs._kept.clear()
    read = database.run(lambda tx: tariffs.find(tx, made))
    assert (read, read.id) == (DHL, made)


def test_what_was_read_once_is_not_asked_for_again(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    (made,) = add(database, {})
    first = database.run(lambda tx: tariffs.find(tx, made))
    monkeypatch.setattr(tariffs, "_read", None)
    assert database.run(lambda tx: tariffs.find(tx, made)) is first


def test_no_more_tariffs_stay_in_memory_than_that(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tariffs, "KEPT", 2)
    monkeypatch.setattr(tariffs, "_kept", {})
    made = add(database, *({"valid_from": TODAY + timedelta(day)} for day in range(3)))
    for each in made:
        database.run(lambda tx, each=each: tariffs.find(tx, each))
    assert list(tariffs._kept) == made[1:]


def test_a_new_tariff_replaces_the_old_from_the_day_it_begins(database: TestDatabase) -> None:
    later = TODAY + timedelta(10)
    old, new = add(database, {}, {"valid_from": later})
    assert [in_force(database, day) for day in (TODAY, later - timedelta(1), later, later + timedelta(1))] == [old, old, new, new]
    assert in_force(database, TODAY - timedelta(1)) is None


def test_after_a_tariff_for_a_while_the_one_before_counts_again(database: TestDatabase) -> None:
    first, last = TODAY + timedelta(10), TODAY + timedelta(20)
    usual, season = add(database, {}, {"valid_from": first, "valid_until": last})
    assert [in_force(database, day) for day in (first - timedelta(1), first, last, last + timedelta(1))] == [usual, season, season, usual]


def test_of_two_that_begin_on_one_day_the_later_one_counts_and_the_earlier_one_stays(database: TestDatabase) -> None:
    wrong, right = add(database, {}, {"currency": "EUR"})
    assert in_force(database) == right
    assert database.run(lambda tx: tariffs.find(tx, wrong)).currency == "USD"


def test_the_same_tariff_again_is_the_one_that_is_there(database: TestDatabase) -> None:
    first, second = add(database, {}, {"zones": ZONES})
    assert first == second
    other, back = add(database, {"currency": "EUR"}, {})
    assert len({first, other, back}) == 3
    assert in_force(database) == back


def test_only_the_first_tariff_of_a_channel_may_begin_in_the_past(database: TestDatabase) -> None:
    past = TODAY - timedelta(100)
    (first,) = add(database, {"valid_from": past})
    with pytest.raises(Invalid) as refused:
        add(database, {"valid_from": TODAY - timedelta(1)})
    assert refused.value.errors == {"valid_from": [f"Has to be {TODAY} or later: dhl_express has a tariff, and prices were made by it."]}
    assert add(database, {"valid_from": past}) == [first]
    assert add(database, {"valid_from": TODAY - timedelta(1), "channel": "ups_express"})


def wait_for_one_that_waits(database: TestDatabase) -> None:
    """Until some transaction here waits for another."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    deadline = time.monotonic() + 20
    while not database.run(lambda tx: tx.execute(waiting).scalar_one()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_of_two_at_the_same_time_one_is_refused(database: TestDatabase) -> None:
    add(database, {})
    with ThreadPoolExecutor(1) as pool, database.transaction() as tx:
        _, new = tariffs.add(tx, replace(DHL, currency="EUR"), "somebody")
        other = pool.submit(add, database, {"currency": "CHF"})
        wait_for_one_that_waits(database)
        tx.connection.commit()
        with pytest.raises(Conflict, match="at the same time"):
            other.result(20)
    assert new
    assert database.run(lambda tx: tx.execute(select(table.c.currency).order_by(table.c.revision)).scalars().all()) == ["USD", "EUR"]


@pytest.mark.parametrize("change", ["UPDATE tariff_breaks SET price = 0", "DELETE FROM tariff_surcharges", "UPDATE tariffs SET valid_until = NULL"])
def test_a_tariff_never_changes(database: TestDatabase, change: str) -> None:
    add(database, {})
    with pytest.raises(DBAPIError, match="tariffs can only be added to"), database.transaction() as tx:
        tx.execute(text(change))


def test_freight_is_made_by_the_tariff_that_counts_on_the_day(database: TestDatabase) -> None:
    later = TODAY + timedelta(10)
    old, new = add(database, {}, {"valid_from": later, "surcharges": ()})
    found = freight(database)
    assert isinstance(found, Freight)
    assert (found.tariff_id, str(found.price), found.billable_kg) == (old, "26.95 USD", Decimal("2.5"))
    found = freight(database, at=later)
    assert (found.tariff_id, str(found.price), found.surcharges) == (new, "24.50 USD", ())


def test_the_postal_code_tells_remote_areas(database: TestDatabase) -> None:
    add(database, {})
    assert freight(database, country="GB", goods=("battery",)).price == Money(2695, "USD")
    assert freight(database, country="GB", goods=("battery",), postal_code="HS1 2AB").price == Money(3395, "USD")


@pytest.mark.parametrize(
    ("channel", "country", "goods", "reason"),
    [
        ("pigeon_post", "DE", (), "channel_unknown"),
        ("rail_freight", "BR", (), "destination_not_served"),
        ("dhl_express", "DE", ("liquid",), "special_goods_not_taken"),
        ("postal_packet", "DE", (), "too_heavy"),
        ("tnt_express", "DE", (), "tariff_missing"),
    ],
)
def test_freight_is_refused_where_the_channel_does_not_carry_it(
    database: TestDatabase, channel: str, country: str, goods: tuple[str, ...], reason: str
) -> None:
    add(database, {})
    found = freight(database, channel, country, goods)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert channel not in CHANNELS or CHANNELS[channel].name in found.message
