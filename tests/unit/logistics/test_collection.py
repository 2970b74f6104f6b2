"""Which warehouse a parcel goes to, by its sender's postal code, and how the list of warehouses is read."""

from __future__ import annotations

import pytest

from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.warehouse_list import RETURN_FEES, WAREHOUSES, read_return_fees, read_warehouses
from services.logistics.domain.collection import Area, Collection, match
from services.logistics.domain.refusal import Refusal
from services.logistics.domain.waybills import issue, recognise
from shared.contracts.logistics_orders import Warehouse
from shared.kit.money import Money

HEADER = "code,name,street,city,region,postal_code,country,phone,opening_hours,collects,transit"
ROW = "szx,Shenzhen,1 Road,Shenzhen,Guangdong,518103,CN,+86 1,daily 9-20,518 523-525,515-529"
OTHER = "sha,Shanghai,2 Road,Shanghai,,201800,CN,+86 2,daily 9-20,200,*"


def matched(way: str, postal_code: str, country: str = "CN") -> str:
    """The warehouse's code, or the refusal's reason."""
    found = match(read_warehouses([HEADER, ROW, OTHER]), way, country, postal_code)
    return found.warehouse.code if isinstance(found, Collection) else found.reason


@pytest.mark.parametrize(
    ("way", "postal_code", "expected"),
    [
        ("pickup", "518000", "szx"),
        ("pickup", "51 8-999", "szx"),
        ("pickup", "525999", "szx"),
        ("pickup", "526000", "outside_pickup_range"),
        ("pickup", "522999", "outside_pickup_range"),
        ("pickup", "51", "outside_pickup_range"),
        ("pickup", "", "outside_pickup_range"),
        ("drop_off", "515000", "szx"),
        ("drop_off", "530000", "sha"),
        ("drop_off", "200000", "sha"),
        ("drop_off", "", "sha"),
        ("arranged", "523000", "szx"),
        ("arranged", "529000", "szx"),
        ("arranged", "333000", "sha"),
    ],
)
def test_the_warehouse_goes_by_the_postal_code(way: str, postal_code: str, expected: str) -> None:
    assert matched(way, postal_code) == expected


@pytest.mark.parametrize(("way", "reason"), [("pickup", "outside_pickup_range"), ("drop_off", "no_warehouse"), ("arranged", "no_warehouse")])
def test_a_country_without_warehouses_has_none(way: str, reason: str) -> None:
    assert matched(way, "69005", "FR") == reason


def test_where_nothing_takes_parcels_no_way_is_told() -> None:
    collects_only = read_warehouses([HEADER, ROW.replace(",515-529", ",")])
    assert match(collects_only, "pickup", "CN", "100000") == Refusal(
        "outside_pickup_range", "No warehouse collects in 100000: agree with the buyer on a channel that is not booked online."
    )
    assert isinstance(match(collects_only, "drop_off", "CN", "518000"), Refusal)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (("518", "518"), ("518", "520"), True),
        (("518", "518"), ("519", "520"), False),
        (("51", "51"), ("518", "520"), True),
        (("sl0", "sl9"), ("sl3", "sl3"), True),
        (("518", "523"), ("5230", "5231"), True),
        (("518", "522"), ("5230", "5231"), False),
    ],
)
def test_areas_overlap_where_a_postal_code_is_in_both(one: tuple[str, str], other: tuple[str, str], overlap: bool) -> None:
    assert Area(*one).overlaps(Area(*other)) is Area(*other).overlaps(Area(*one)) is overlap


def test_the_shipped_list_is_in_order_and_answers_with_its_contract() -> None:
    assert len({each.code for each in WAREHOUSES}) == len(WAREHOUSES)
    for each in WAREHOUSES:
        assert Warehouse().validate(each.as_data()) == {}
        found = match(WAREHOUSES, "pickup", each.country, each.postal_code)
        assert isinstance(found, Collection), f"{each.code} collects where it is"
        assert isinstance(match(WAREHOUSES, "drop_off", each.country, ""), Collection), "its country has a warehouse for everybody"
    assert RETURN_FEES["USD"] == Money(300, "USD")


def test_every_channel_that_is_booked_online_has_waybills_from_wherever_there_is_a_warehouse() -> None:
    for channel in (each for each in CHANNELS.values() if each.online):
        for country in {each.country for each in WAREHOUSES}:
            assert recognise(issue(str(channel.carrier), channel.code, 1, country))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("szx,", ","),
        (",Shenzhen,1 Road", ",,1 Road"),
        (",CN,", ",XX,"),
        (",518 523-525,515-529", ",,"),
        ("518 523-525", "525-523"),
        ("518 523-525", "51-525"),
        ("518 523-525", "518;523"),
        ("515-529", "515-529,more"),
        (",515-529", ""),
    ],
)
def test_a_wrong_row_is_named(good: str, bad: str) -> None:
    assert good in ROW
    with pytest.raises(ValueError, match="warehouses, line 3"):
        read_warehouses([HEADER, OTHER, ROW.replace(good, bad, 1)])


@pytest.mark.parametrize(
    "row", [OTHER.replace("sha,", "szx,"), OTHER.replace(",200,", ",524,"), OTHER.replace(",*", ",520-530"), OTHER.replace(",200,", ",5,")]
)
def test_one_place_has_one_warehouse(row: str) -> None:
    with pytest.raises(ValueError, match=r"line 3: .*(twice|same place)"):
        read_warehouses([HEADER, ROW, row])


def test_a_country_has_one_warehouse_for_everybody() -> None:
    with pytest.raises(ValueError, match=r"line 3: .*same place"):
        read_warehouses([HEADER, OTHER, OTHER.replace("sha,", "pek,").replace(",200,", ",100,")])
    assert len(read_warehouses([HEADER, OTHER, OTHER.replace("sha,", "del,").replace(",CN,", ",IN,")])) == 2


@pytest.mark.parametrize("row", ["usd,1", "USD,1.001", "USD,a"])
def test_a_wrong_fee_stops_the_service(row: str) -> None:
    with pytest.raises(ValueError, match=r"line 2|decimals|decimal"):
        read_return_fees(["currency,amount", row])
    with pytest.raises(ValueError, match="line 3"):
        read_return_fees(["currency,amount", "USD,1", "USD,2"])
