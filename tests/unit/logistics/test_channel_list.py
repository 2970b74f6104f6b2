from __future__ import annotations

from decimal import Decimal

import pytest

from services.logistics.application.channel_list import CHANNELS, read_channels
from services.logistics.application.queries import list_channels
from shared.contracts.logistics import LIST_CHANNELS
from shared.contracts.trade import MODES, SPECIAL_GOODS
from shared.kit.actor import Actor
from shared.kit.ids import new_id
from tests.builders.database import call

HEADER = (
    "code,name,mode,carrier,online,shortest_transit_days,longest_transit_days,"
    "heaviest_kg,heaviest_package_kg,longest_side_cm,cm3_per_kg,special_goods,destinations"
)
ROW = "air,Air freight,air,dhl,yes,3,10,1000,300,310,6000,battery liquid,DE NL"


def test_the_shipped_list_has_a_channel_for_every_mode_and_for_all_special_goods() -> None:
    assert {channel.mode for channel in CHANNELS.values()} == set(MODES)
    assert {kind for channel in CHANNELS.values() for kind in channel.special_goods} == set(SPECIAL_GOODS)


def test_the_couriers_and_the_post_are_booked_here_and_the_rest_is_not() -> None:
    online = {code: channel.carrier for code, channel in CHANNELS.items() if channel.online}
    couriers = {f"{carrier}_express": carrier for carrier in ("dhl", "ups", "tnt", "fedex")}
    assert online == couriers | {"postal_parcel": "post", "postal_packet": "post"}


def test_the_shipped_list_answers_list_channels() -> None:
    answer = LIST_CHANNELS.answer().dump(list_channels(call(LIST_CHANNELS, Actor(new_id(), frozenset({"buyer"})), {})))
    by_code = {each["code"]: each for each in answer["items"]}
    assert by_code.keys() == CHANNELS.keys()
    assert by_code["sea_freight_fcl"]["destinations"] is None
    assert by_code["express"] == {
        "code": "express",
        "name": "Express courier",
        "mode": "express",
        "carrier": None,
        "online": False,
        "shortest_transit_days": 2,
        "longest_transit_days": 8,
        "heaviest_kg": "2500",
        "heaviest_package_kg": "70",
        "longest_side_cm": "270",
        "cm3_per_kg": "5000",
        "special_goods": ["cosmetics"],
        "destinations": None,
    }


def test_a_row_is_read_with_its_types() -> None:
    channel = read_channels([HEADER, ROW])["air"]
    assert (channel.heaviest_kg, channel.cm3_per_kg) == (Decimal(1000), Decimal(6000))
    assert (channel.special_goods, channel.destinations) == (("battery", "liquid"), ("DE", "NL"))
    assert (channel.carrier, channel.online) == ("dhl", True)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (",air,", ",balloon,"),
        ("air,Air freight", ",Air freight"),
        (",dhl,", ",stork,"),
        (",dhl,", ",,"),
        (",yes,", ",perhaps,"),
        (",3,10,", ",11,10,"),
        (",3,10,", ",0,10,"),
        (",1000,", ",0,"),
        (",1000,", ",heavy,"),
        (",1000,", ",NaN,"),
        (",310,", ",,"),
        ("battery", "bees"),
        ("DE NL", "DE XX"),
        (",DE NL", ""),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(good: str, bad: str) -> None:
    with pytest.raises(ValueError, match="line 3"):
        read_channels([HEADER, ROW.replace("air,Air", "first,Air"), ROW.replace(good, bad, 1)])


def test_a_code_cannot_stand_there_twice() -> None:
    with pytest.raises(ValueError, match="air stands there twice"):
        read_channels([HEADER, ROW, ROW])
