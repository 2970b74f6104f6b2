"""One export as orders tells of it: the order, and each step's form, as JSON. Goods and figures are those of a real kind of trade."""

from __future__ import annotations

from typing import Any

from shared.contracts.events.orders import OrderPlaced
from shared.contracts.forms import ExportCustomsForm
from shared.kit.ids import derived_id

DRILL, CHUCK = derived_id("drill"), derived_id("chuck")


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def order(**changes: Any) -> dict[str, Any]:
    """The facts of `OrderPlaced`: 1,200 drills and 300 sets of chucks, 73,050.00 USD, CIF Rotterdam by sea."""
    facts = {
        "number": "TO-7Q4M9-0ZK2W",
        "buyer": {"id": derived_id("buyer"), "name": "Müller & Søn GmbH"},
        "supplier": {"id": derived_id("supplier"), "name": "Ningbo Haitian Tools Co., Ltd."},
        "terms": terms(),
        "lines": [
            order_line(DRILL, "HT-1200", "Pneumatic hand drill 12 mm", 1200, "C62", "58.50", "70200.00", "84671100", "2160", "2400.5"),
            order_line(CHUCK, "HT-0013", "Keyless chuck set", 300, "SET", "9.50", "2850.00", "84661020", "174.25", "195.125"),
        ],
        "total": usd("73050.00"),
    }
    return facts | changes


def terms(**changes: Any) -> dict[str, Any]:
    ship_to = {
        "name": "Jörg Müller",
        "company": "Müller & Søn GmbH",
        "street": "Überseeallee 12",
        "city": "Rotterdam",
        "postal_code": "3011 AB",
        "country": "NL",
    }
    given = {"settlement": "direct", "customs": "platform", "insurance": "supplier", "incoterm": "CIF", "named_place": "Rotterdam"}
    return given | {"channel": "sea_freight_fcl", "port_of_loading": "CNNGB", "port_of_discharge": "NLRTM", "ship_to": ship_to} | changes


def order_line(product: str, sku: str, title: str, quantity: int, unit: str, price: str, total: str, hs_code: str, net: str, gross: str) -> dict[str, Any]:
    masses = {"net_mass_kg": net, "gross_mass_kg": gross}
    goods = {"product_id": product, "sku": sku, "title": title, "properties": {"colour": "blue"}, "hs_code": hs_code, "country_of_origin": "CN"}
    return goods | {"quantity": quantity, "unit": unit, "unit_price": usd(price), "line_total": usd(total)} | masses


def export_form(of: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The `ExportCustomsForm` for the order, as it should be."""
    lines = [
        {
            "product_id": line["product_id"],
            "hs_code": line["hs_code"],
            "description": f"{line['title']}, new",
            "country_of_origin": line["country_of_origin"],
            "quantity": line["quantity"],
            "unit": line["unit"],
            "net_mass_kg": line["net_mass_kg"],
            "customs_value": line["line_total"],
        }
        for line in (of or order())["lines"]
    ]
    form = {"declarant": "Wang Li", "exporter_registration_number": "3302960ABC", "lines": lines, "gross_mass_kg": "2640.625", "packages": 42}
    return form | {"incoterm": "CIF", "named_place": "Rotterdam", "port_of_export": "CNNGB", "documents": ["Certificate of origin CO-2211"]} | changes


def shipping_form(waybill: str = "COSU 6123456780", **changes: Any) -> dict[str, Any]:
    checks = ("quantity_agrees", "model_agrees", "specification_agrees", "colour_agrees", "moisture_proof", "shock_proof", "pressure_proof")
    form = {
        "logistics_channel": "sea_freight_fcl",
        "packages": [package()],
        "packing_check_list": dict.fromkeys((*checks, "recipient_marked", "sender_marked", "contents_marked"), True),
        "collection": {"way": "pickup", "address": {"name": "Wang Li", "street": "88 Beilun Road", "city": "Ningbo", "country": "CN"}},
        "if_undeliverable": "return",
        "shipping_notice": {"waybill_number": waybill, "dispatched_on": "2026-03-02", "mode": "sea"},
    }
    return form | changes


def package(**changes: Any) -> dict[str, Any]:
    return {"kind": "pallet", "count": 42, "length_cm": "120", "width_cm": "80", "height_cm": "110", "weight_kg": "62.875"} | changes


def insurance_form(**changes: Any) -> dict[str, Any]:
    form = {"insurer": "Ping An Property & Casualty", "policy_number": "PA-2026/0007781", "clauses": "ICC A", "insured_value": usd("80355.00")}
    return form | {"premium": usd("241.07"), "beneficiary": "Müller & Søn GmbH", "valid_from": "2026-03-01", "valid_until": "2026-06-30"} | changes


def import_form(**changes: Any) -> dict[str, Any]:
    form = {"importer_of_record": "Müller & Søn GmbH", "entry_number": "26NL000510A1B2C3D4", "paid_by": "buyer", "released_on": "2026-04-20"}
    return form | changes


def loaded_order(data: dict[str, Any]) -> dict[str, Any]:
    """As handlers see it: Money and Decimals."""
    return OrderPlaced(only=tuple(data)).load(data)  # type: ignore[no-any-return]


def loaded_form(data: dict[str, Any]) -> dict[str, Any]:
    return ExportCustomsForm().load(data)  # type: ignore[no-any-return]
