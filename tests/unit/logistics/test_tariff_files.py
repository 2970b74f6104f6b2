"""Tariff files: both kinds make the same tariffs, and all that is wrong with one is told where it stands."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.tariff_files import SHIPPED, read_file
from services.logistics.application.tariff_yaml import write_yaml
from services.logistics.domain.channels import Packages
from services.logistics.domain.tariff import ELSEWHERE, Consignment, Destination, Freight, Tariff, price
from services.logistics.domain.tariff_sheet import sheet_of
from shared.contracts.tariffs import TariffSheet

YAML = """\
# Two channels.
dhl_express:
  currency: USD
  valid_from: 2026-01-01
  step_kg: 0.5
  zones:
    - name: north
      countries: &north [NO, SE]
      breaks:
        - {up_to_kg: 0.5, price: 31.10}
        - {up_to_kg: 70, price: 6.00, each_kg: 0.5}
    - name: world
      countries: ["*"]
      breaks:
        - {up_to_kg: 70, price: 9.00, each_kg: 1}
  surcharges:
    - {name: Fuel, kind: percent, amount: 18.5}
    - {name: Remote battery, kind: fixed, amount: 25.00, special_goods: [battery, liquid], areas: [NO-9, GB-HS]}
postal_parcel:
  currency: EUR
  valid_from: 2026-01-01
  valid_until: 2026-12-31
  minimum_kg: 1
  highest_value: 400
  zones:
    - {name: north, countries: *north, breaks: [{up_to_kg: 30, price: 7}]}
"""

CSV = """\
channel,record,name,currency,valid_from,valid_until,minimum_kg,step_kg,highest_value,countries,up_to_kg,price,each_kg,kind,amount,special_goods,areas
dhl_express,tariff,,USD,2026-01-01,,,0.5,,,,,,,,,
dhl_express,zone,north,,,,,,,NO SE,,,,,,,
dhl_express,break,north,,,,,,,,0.5,31.10,,,,,
dhl_express,break,north,,,,,,,,70,6.00,0.5,,,,
,,,,,,,,,,,,,,,,
dhl_express,zone,world,,,,,,,*,,,,,,,
dhl_express,break,world,,,,,,,,70,9.00,1,,,,
dhl_express,surcharge,Fuel,,,,,,,,,,,percent,18.5,,
dhl_express,surcharge,Remote battery,,,,,,,,,,,fixed,25.00,battery liquid,NO-9 GB-HS
postal_parcel,tariff,,EUR,2026-01-01,2026-12-31,1,,400,,,,,,,,
postal_parcel,zone,north,,,,,,,NO SE,,,,,,,
postal_parcel,break,north,,,,,,,,30,7,,,,,
"""


def tariffs(name: str, text: str, encoding: str = "utf-8") -> dict[str, Tariff]:
    file = read_file(name, text.encode(encoding))
    assert file.problems == []
    return {each.channel: each for each in file.tariffs}


def told(name: str, text: str | bytes) -> list[tuple[int, int, str, str]]:
    """What is wrong with the file: line, column, field, words."""
    problems = read_file(name, text if isinstance(text, bytes) else text.encode()).problems
    return [(each.line, each.column, each.field, each.problem) for each in problems]


def test_both_kinds_of_file_make_the_same_tariffs() -> None:
    made = tariffs("mine.yaml", YAML)
    assert made.keys() == {"dhl_express", "postal_parcel"}
    assert tariffs("mine.csv", CSV) == made == tariffs("MINE.YML", YAML)
    assert made["dhl_express"].by_country["NO"].breaks[0].price == 3110


def test_spreadsheets_may_write_a_mark_at_the_start_semicolons_and_their_own_line_ends() -> None:
    made = tariffs("mine.yaml", YAML)
    assert tariffs("mine.csv", CSV.replace(",", ";").replace("\n", "\r\n"), "utf-8-sig") == made
    assert tariffs("mine.csv", CSV.replace("dhl_express,zone,north", '"dhl_express","zone","north"')) == made


def test_columns_may_be_left_out_or_stand_in_another_order() -> None:
    rows = (
        "record,channel,currency,valid_from,name,countries,up_to_kg,price\ntariff,express,USD,2026-01-01\nzone,express,,,all,*\nbreak,express,,,all,,5,7.50\n"
    )
    assert tariffs("mine.csv", rows)["express"].zones[0].cost(5000) == 750


def test_a_tariff_is_written_as_yaml_that_is_read_as_the_same() -> None:
    for channel, tariff in tariffs("mine.yaml", YAML).items():
        sheet = {name: value for name, value in TariffSheet().dump(sheet_of(tariff)).items() if value is not None}
        for zone in sheet["zones"]:
            for each in zone["breaks"]:
                if each["each_kg"] is None:
                    del each["each_kg"]
        assert tariffs("again.yaml", write_yaml({channel: sheet})) == {channel: tariff}


def test_the_shipped_tariffs_are_whole_and_for_every_channel_and_country() -> None:
    made = tariffs("shipped.yaml", SHIPPED.read_text(encoding="utf-8"))
    assert made.keys() == CHANNELS.keys()
    for code, tariff in made.items():
        assert ELSEWHERE in tariff.by_country, code
        assert all(zone.breaks[-1].up_to_g == CHANNELS[code].heaviest_kg * 1000 for zone in tariff.zones), code
        assert {goods for surcharge in tariff.surcharges for goods in surcharge.special_goods} <= {*CHANNELS[code].special_goods}, code


def test_the_examples_that_are_documented_are_tariffs_and_the_price_is_as_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tariffs.md").read_text(encoding="utf-8")
    made = [tariffs(f"example.{kind}", re.search(f"```{kind}\n(.*?)```", page, re.DOTALL)[1]) for kind in ("yaml", "csv")]  # type: ignore[index]
    assert made[0] == made[1]
    parcel = Packages(1, (Decimal(40), Decimal(30), Decimal(20)), Decimal("3.2"))
    found = price(made[0]["dhl_express"], Consignment([parcel], Destination("NO", "9008"), ["battery"]), CHANNELS["dhl_express"].cm3_per_kg)
    assert isinstance(found, Freight)
    assert [str(each) for each in (found.base, *(charge.amount for charge in found.surcharges), found.price)] == [
        "85.00 USD", "15.72 USD", "2.00 USD", "5.00 USD", "25.00 USD", "132.72 USD",
    ]  # fmt: skip
    assert "132.72 USD" in page


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ("price: 31.10", "price: 31.105", (10, 34, "dhl_express.zones.0.breaks.0.price", "USD has 2 decimals, 31.105 has more.")),
        ("price: 6.00, ", "", (11, 11, "dhl_express.zones.0.breaks.1.price", "Missing data for required field.")),
        ("up_to_kg: 70, price: 6.00", "up_to_kg: 0.5, price: 6.00", (11, 22, "dhl_express.zones.0.breaks.1.up_to_kg", "Has to be more than 0.5, where")),
        ("[NO, SE]", "[NO, FI, no]", (8, 34, "dhl_express.zones.0.countries.2", "Not an ISO 3166-1 alpha-2 country code, nor *.")),
        ("  step_kg: 0.5", "  step: 0.5", (5, 9, "dhl_express.step", "Unknown field.")),
        ("  step_kg: 0.5", "  step_kg:", (5, 11, "dhl_express.step_kg", "Not a valid number.")),
        ("  step_kg: 0.5", "  currency: EUR", (5, 3, "dhl_express.currency", "currency stands there twice.")),
        ("  currency: EUR\n", "", (20, 3, "postal_parcel.currency", "Missing data for required field.")),
        ("postal_parcel:", "pigeon_post:", (20, 3, "pigeon_post", "There is no logistics channel pigeon_post.")),
        ("valid_until: 2026-12-31", "valid_until: 2025-12-31", (22, 16, "postal_parcel.valid_until", "Is before 2026-01-01, when it begins.")),
        ("highest_value: 400", "highest_value: [[[[[[[4]]]]]]]", (24, 24, "postal_parcel.highest_value.0.0.0.0.0.0", "Is nested too deep.")),
        ("highest_value: 400", "highest_value: [", (26, 5, "", "Not YAML: while parsing a flow node, did not find expected node content.")),
        ("highest_value: 400", "highest_value: *far", (24, 18, "", "Not YAML: found undefined alias")),
    ],
)
def test_what_is_wrong_with_yaml_is_told_by_line_and_column(good: str, bad: str, expected: tuple[int, int, str, str]) -> None:
    found = told("mine.yaml", YAML.replace(good, bad, 1))
    assert any(each[:3] == expected[:3] and each[3].startswith(expected[3]) for each in found), found


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        (",31.10,", ",31.105,", (4, 12, "dhl_express.zones.0.breaks.0.price", "USD has 2 decimals, 31.105 has more.")),
        (",6.00,", ",,", (5, 1, "dhl_express.zones.0.breaks.1.price", "Missing data for required field.")),
        (",70,6.00", ",heavy,6.00", (5, 11, "dhl_express.zones.0.breaks.1.up_to_kg", "Not a valid number.")),
        ("north,,,,,,,,70,", "north,USD,,,,,,,70,", (5, 4, "dhl_express.zones.0.breaks.1.currency", "Unknown field.")),
        ("NO SE", "NO XX", (3, 10, "dhl_express.zones.0.countries.1", "Not an ISO 3166-1 alpha-2 country code, nor *.")),
        ("break,world", "break,word", (8, 3, "dhl_express.zones", "No row above is a zone of dhl_express with the name 'word'.")),
        ("break,world", "brake,world", (8, 1, "", "A row has a channel, and a record out of tariff, zone, break, surcharge.")),
        ("dhl_express,break,world", ",break,world", (8, 1, "", "A row has a channel, and a record out of")),
        ("dhl_express,tariff", "dhl_express,zone", (2, 1, "dhl_express.currency", "Missing data for required field.")),
        (",,percent,18.5,,", ",,percent,18.5,,,4", (9, 18, "", "There are more cells than headings.")),
        ("postal_parcel,tariff", "dhl_express,tariff", (11, 4, "dhl_express.currency", "currency stands there twice.")),
        ("postal_parcel,tariff", "pigeon_post,tariff", (11, 1, "pigeon_post", "There is no logistics channel pigeon_post.")),
        ("kind,amount", "kind,price", (1, 15, "price", "Not a heading, or there twice.")),
        ("kind,amount", "kind,cost", (1, 15, "cost", "Not a heading, or there twice.")),
        ("channel,record", "code,record", (1, 1, "", "The first line has no channel.")),
        ("Fuel", 'Fu"el"', None),
        ("Fuel", '"Fu"el', (9, 1, "", "Not CSV: ")),
    ],
)
def test_what_is_wrong_with_csv_is_told_by_line_and_cell(good: str, bad: str, expected: tuple[int, int, str, str] | None) -> None:
    found = told("mine.csv", CSV.replace(good, bad, 1))
    assert any(each[:3] == expected[:3] and each[3].startswith(expected[3]) for each in found) if expected else not found, found


def test_all_that_is_wrong_is_told_at_once_in_the_files_order() -> None:
    wrong = YAML.replace("currency: EUR", "currency: EUX").replace("31.10", "-1").replace("battery, liquid", "bees")
    assert [(line, field) for line, _, field, _ in told("mine.yaml", wrong)] == [
        (10, "dhl_express.zones.0.breaks.0.price"),
        (18, "dhl_express.surcharges.1.special_goods.0"),
        (20, "postal_parcel.currency"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("mine.xlsx", b"PK", (1, 1, "", "The file's name has to end in .yaml, .yml, .csv.")),
        ("mine.yaml", b"", (1, 1, "", "There is no tariff in it.")),
        ("mine.csv", b"", (1, 1, "", "The first line has no channel and no record.")),
        ("mine.csv", b"channel,record\n", (1, 1, "", "There is no tariff in it.")),
        ("mine.yaml", b"- express\n", (1, 1, "", "Has to hold channels by their codes, each with its tariff.")),
        ("mine.yaml", b"express: cheap\n", (1, 10, "express", "Invalid input type.")),
        ("mine.csv", b"channel,record\nexpress,tariff\n\xe9press,tariff\n", (3, 1, "", "Not text in UTF-8.")),
        ("mine.yaml", b"express: \x07\n", (1, 1, "", "Not YAML: ")),
        ("mine.yaml", b"express: &a [*a]\n", (1, 10, "express.0.0.0.0.0.0.0", "Is nested too deep.")),
    ],
)
def test_a_file_that_holds_no_tariffs_is_told_so(name: str, content: bytes, expected: tuple[int, int, str, str]) -> None:
    (line, column, field, words), *_ = told(name, content)
    assert (line, column, field) == expected[:3]
    assert words.startswith(expected[3])
