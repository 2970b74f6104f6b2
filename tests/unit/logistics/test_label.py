from __future__ import annotations

import json
from typing import Any

import pytest

from services.logistics.application.label import Declaration, Label, labels
from services.logistics.domain.postal_customs import CN22_LIMITS, postal_form
from shared.kit.money import Money
from tests.unit.logistics.parcels import RECIPIENT, SENDER, consignment, package, small_order
from tests.unit.logistics.sample import usd


def one(*args: Any, **changes: Any) -> Label:
    (label,) = labels(consignment(*args, **changes))
    return label


def declared(*args: Any, **changes: Any) -> Declaration:
    declaration = labels(consignment(*args, **changes))[0]["declaration"]
    assert declaration is not None
    return declaration


def test_a_label_names_carrier_waybill_sender_recipient_and_what_the_parcel_is() -> None:
    label = one()
    assert (label["carrier"], label["service"], label["waybill"], label["destination"]) == ("POST", "Postal parcel", "CP473124829CN", "NL")
    assert label["recipient"] == [
        "Jörg Müller",
        "Müller & Søn GmbH",
        "Überseeallee 12",
        "3011 AB Rotterdam",
        "NETHERLANDS (NL)",
        "+31 10 123 4567",
        "j.mueller@example.com",
    ]
    assert label["sender"][-2:] == ["CHINA (CN)", "+86 574 8765 4321"]
    assert dict(label["facts"]) == {
        "Order": "TO-7Q4M9-0ZK2W",
        "Date": "02 March 2026",
        "Mass": "3.250 kg",
        "Size": "30 × 20.5 × 10 cm",
        "If undeliverable": "Return to sender",
    }


def test_each_package_has_a_label_of_its_own_and_the_first_tells_customs_of_all() -> None:
    made = labels(consignment(packages=[package(count=2), package(weight_kg="0.5")]))
    assert [label["package"] for label in made] == [(1, 3), (2, 3), (3, 3)]
    assert [dict(label["facts"])["Mass"] for label in made] == ["3.250 kg", "3.250 kg", "0.500 kg"]
    assert [label["declaration"] is None for label in made] == [False, True, True]
    assert made[0]["declaration"] is not None
    assert dict(made[0]["declaration"]["totals"])["Total gross mass"] == "7.000 kg"


def test_what_is_declared_is_what_was_ordered() -> None:
    declaration = declared()
    assert declaration["rows"] == [
        ["1 pcs", "Pneumatic hand drill 12 mm", "84671100", "CN", "1.800", "58.50"],
        ["2 set", "Keyless chuck set", "84661020", "CN", "1.162", "19.00"],
    ]
    assert dict(declaration["totals"]) == {"Total net mass": "2.962 kg", "Total gross mass": "3.250 kg", "Total value (USD)": "77.50"}
    assert declaration["signed"] == "Wang Li, 02 March 2026"


@pytest.mark.parametrize(("total", "form"), [("77.50", "CN22"), ("390.00", "CN22"), ("390.01", "CN23"), ("73050.00", "CN23")])
def test_by_post_the_short_form_does_up_to_300_sdr(total: str, form: str) -> None:
    assert declared(small_order(total=usd(total)))["form"] == form


def test_the_full_form_tells_how_the_importer_is_reached() -> None:
    facts = dict(declared(small_order(total=usd("500.00")))["facts"])
    assert facts["Importer's telephone, e-mail"] == "+31 10 123 4567, j.mueller@example.com"
    assert "Importer's telephone, e-mail" not in dict(declared()["facts"])


@pytest.mark.parametrize("currency", ["KES", "KWD", "CHF"])
def test_a_currency_without_a_known_limit_gets_the_form_that_does_for_any_value(currency: str) -> None:
    assert currency not in CN22_LIMITS
    assert postal_form(Money.of("1", currency)) == "CN23"


@pytest.mark.parametrize("carrier", ["dhl", "ups", "tnt", "fedex"])
def test_couriers_get_a_plain_summary_and_no_postal_form(carrier: str) -> None:
    declaration = declared(carrier=carrier)
    assert declaration["form"] == ""
    assert len(declaration["rows"]) == 2


def test_what_stays_in_the_country_is_not_declared() -> None:
    home = small_order()
    home["terms"]["ship_to"] = RECIPIENT | {"country": "CN"}
    assert one(home)["declaration"] is None


def test_goods_whose_code_or_origin_nobody_told_show_a_dash() -> None:
    goods = small_order()
    goods["lines"][0] |= {"hs_code": None, "country_of_origin": None}
    assert declared(goods)["rows"][0][2:4] == ["–", "–"]


def test_special_goods_and_what_becomes_of_the_undeliverable_stand_on_the_label() -> None:
    facts = dict(one(special_goods=["battery", "magnetic"], if_undeliverable="destroy")["facts"])
    assert (facts["Special goods"], facts["If undeliverable"]) == ("battery, magnetic", "Treat as abandoned")


def test_a_label_is_plain_json() -> None:
    made = labels(consignment(sender=SENDER | {"company": None}))
    assert json.loads(json.dumps(made)) == [
        label
        | {"package": list(label["package"]), "facts": [list(fact) for fact in label["facts"]]}
        | {"declaration": json.loads(json.dumps(label["declaration"]))}
        for label in made
    ]
