from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.logistics.domain.channels import Channel, Packages, chargeable_kg, goods_refusal, packages_refusal, slowness_refusal, volumetric_kg

AIR = Channel("air", "Air freight", "air", 3, 10, Decimal(1000), Decimal(300), Decimal(310), Decimal(6000), ("battery",), ("DE", "NL"))
SEA = replace(AIR, code="sea", name="Sea freight", mode="sea", cm3_per_kg=None, destinations=None)
CHANNELS = {"air": AIR, "sea": SEA}
CARTON = Packages(10, (Decimal(60), Decimal(40), Decimal(50)), Decimal(18))


def goods(code: str = "air", incoterm: str = "CIP", country: str = "DE", mass: str = "1000", special: tuple[str, ...] = ("battery",)) -> str | None:
    refusal = goods_refusal(CHANNELS, code, incoterm, country, Decimal(mass), special)
    return refusal and refusal.reason


def packed(*packages: Packages, mode: str = "air", special: tuple[str, ...] = (), channel: Channel = AIR) -> str | None:
    refusal = packages_refusal(channel, mode, packages, special)
    return refusal and refusal.reason


def test_goods_within_every_limit_are_carried() -> None:
    assert goods() is None


def test_a_channel_that_is_not_there_carries_nothing() -> None:
    assert goods("pigeon") == "channel_unknown"


@pytest.mark.parametrize("incoterm", ["FAS", "FOB", "CFR", "CIF"])
def test_the_sea_incoterms_need_a_channel_by_sea(incoterm: str) -> None:
    assert goods("air", incoterm) == "mode_mismatch"
    assert goods("sea", incoterm) is None


def test_a_channel_goes_only_to_its_destinations_and_everywhere_without_a_list() -> None:
    assert goods("air", country="BR") == "destination_not_served"
    assert goods("sea", country="BR") is None


def test_special_goods_that_are_not_taken_are_named() -> None:
    refusal = goods_refusal(CHANNELS, "air", "CIP", "DE", Decimal(1), {"powder", "battery", "liquid"})
    assert refusal is not None
    assert refusal.reason == "special_goods_not_taken"
    assert refusal.message == "Air freight does not take: liquid, powder."


def test_a_gram_over_the_heaviest_consignment_is_too_heavy() -> None:
    assert goods(mass="1000.001") == "too_heavy"


def test_refusals_say_both_figures() -> None:
    refusal = goods_refusal(CHANNELS, "air", "CIP", "DE", Decimal("12345.500"), ())
    assert refusal is not None
    assert refusal.message == "The goods weigh 12,345.5 kg; Air freight takes up to 1,000 kg."


def test_packages_within_every_limit_are_carried() -> None:
    assert packed(CARTON, special=("battery",)) is None


def test_the_notice_must_name_the_channels_mode() -> None:
    assert packed(CARTON, mode="sea") == "mode_mismatch"


def test_special_goods_told_only_when_shipping_are_refused_too() -> None:
    assert packed(CARTON, special=("magnetic",)) == "special_goods_not_taken"


def test_one_package_that_is_too_heavy_is_refused() -> None:
    assert packed(CARTON, replace(CARTON, count=1, weight_kg=Decimal("300.5"))) == "package_too_heavy"


@pytest.mark.parametrize("sides", [(311, 10, 10), (10, 311, 10), (10, 10, 311)])
def test_one_side_that_is_too_long_is_refused_whichever_it_is(sides: tuple[int, int, int]) -> None:
    length, width, height = map(Decimal, sides)
    assert packed(CARTON, replace(CARTON, count=1, sides_cm=(length, width, height))) == "package_too_long"


def test_the_packages_weights_count_together() -> None:
    assert packed(replace(CARTON, count=50, weight_kg=Decimal(20))) is None
    assert packed(replace(CARTON, count=51, weight_kg=Decimal(20))) == "too_heavy"


def test_light_goods_are_charged_by_their_volume() -> None:
    assert chargeable_kg([CARTON], Decimal(6000)) == 10 * Decimal(20)
    assert chargeable_kg([replace(CARTON, weight_kg=Decimal(25))], Decimal(6000)) == 10 * Decimal(25)


def test_bulky_packages_are_refused_by_their_volumetric_weight() -> None:
    light = replace(CARTON, count=51, weight_kg=Decimal(1))
    refusal = packages_refusal(AIR, "air", [light], ())
    assert refusal is not None
    assert refusal.reason == "too_heavy"
    assert refusal.message.startswith("By their volume the packages count as 1,020 kg")
    assert packed(light, mode="sea", channel=SEA) is None


def test_the_volumetric_mass_is_all_packages_volume() -> None:
    assert volumetric_kg([CARTON, replace(CARTON, count=1)], Decimal(6000)) == 11 * Decimal(20)


@pytest.mark.parametrize(("days", "reason"), [(None, None), (10, None), (11, None), (9, "too_slow"), (0, "too_slow")])
def test_a_channel_promises_its_longest_transit_time(days: int | None, reason: str | None) -> None:
    today = date(2026, 3, 1)
    refusal = slowness_refusal(AIR, today, None if days is None else today + timedelta(days))
    assert (refusal and refusal.reason) == reason


def test_a_channel_that_is_too_slow_says_when_it_may_be_there() -> None:
    refusal = slowness_refusal(AIR, date(2026, 3, 1), date(2026, 3, 10))
    assert refusal is not None
    assert refusal.message == "Air freight takes 3 to 10 days: sent on 2026-03-01, it may be there on 2026-03-11 only, after 2026-03-10."
