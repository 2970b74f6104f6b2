"""Forms of every step, filled in to agree with an order as its API answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Order = Mapping[str, Any]


def day(offset: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


def payment(order: Order) -> dict[str, Any]:
    return {
        "method": "balance" if order["terms"]["settlement"] == "escrow" else "bank_transfer",
        **order["total"],
        "payer_name": "Nordlicht Import GmbH",
        "payer_account": "DE02120300000000202051",
        "reference": "RF18 5390 0754 7034",
        "paid_on": day(),
    }


def payment_confirmation(order: Order) -> dict[str, Any]:
    return {"received_on": day(), "received_amount": order["total"]}


def export_customs(order: Order) -> dict[str, Any]:
    lines = [
        {
            "product_id": line["product_id"],
            "hs_code": line["hs_code"] or "940521",
            "description": line["title"],
            "country_of_origin": line["country_of_origin"] or "CN",
            "quantity": line["quantity"],
            "unit": line["unit"],
            "net_mass_kg": line["net_mass_kg"],
            "customs_value": line["line_total"],
        }
        for line in order["lines"]
    ]
    return {
        "declarant": "Huang Li",
        "exporter_registration_number": "3602961234",
        "lines": lines,
        "gross_mass_kg": str(_mass(order)),
        "packages": 10,
        "incoterm": order["terms"]["incoterm"],
        "named_place": order["terms"]["named_place"],
        "port_of_export": "CNSHA",
    }


def shipping(order: Order) -> dict[str, Any]:
    terms = order["terms"]
    package = {"kind": "carton", "count": 10, "length_cm": "60", "width_cm": "40", "height_cm": "40", "weight_kg": str(_mass(order))}
    checks = ("quantity_agrees", "model_agrees", "specification_agrees", "colour_agrees", "moisture_proof")
    checks += ("shock_proof", "pressure_proof", "recipient_marked", "sender_marked", "contents_marked")
    return {
        "logistics_channel": terms["channel"],
        "packages": [package],
        "packing_check_list": dict.fromkeys(checks, True),
        "collection": {"way": "pickup", "address": {"name": "Huang Li", "street": "Zhushan Road 8", "city": "Jingdezhen", "country": "CN"}},
        "if_undeliverable": "return",
        "shipping_notice": {
            "waybill_number": "COSU6372912340",
            "dispatched_on": day(),
            "mode": "sea",
            "estimated_arrival": day(30),
            **{port: terms[port] for port in ("port_of_loading", "port_of_discharge") if port in terms},
        },
    }


def insurance(order: Order) -> dict[str, Any]:
    amount, currency = Decimal(order["total"]["amount"]), order["total"]["currency"]
    return {
        "insurer": "Ping An Property & Casualty",
        "policy_number": "PA-2026-000123",
        "clauses": "ICC A",
        "insured_value": {"amount": str(round(amount * Decimal("1.1"), 2)), "currency": currency},
        "premium": {"amount": "12.50", "currency": currency},
        "beneficiary": "Nordlicht Import GmbH",
        "valid_from": day(),
        "valid_until": day(60),
    }


def import_customs(order: Order) -> dict[str, Any]:
    duties = [{"kind": "customs duty", "amount": {"amount": "21.30", "currency": "EUR"}}]
    return {"importer_of_record": "Nordlicht Import GmbH", "entry_number": "26DE0001", "duties_and_taxes": duties, "paid_by": "buyer", "released_on": day()}


def receiving(order: Order) -> dict[str, Any]:
    lines = [
        {"product_id": line["product_id"], "quantity_received": line["quantity"], "accepted": line["quantity"] - 1, "damaged": 1} for line in order["lines"]
    ]
    return {"received_on": day(), "lines": lines, "condition": "One of each chipped.", "received_by": "Jonas Weber"}


def _mass(order: Order) -> Decimal:
    return sum((Decimal(line["gross_mass_kg"]) for line in order["lines"]), Decimal())


FORMS: dict[str, Callable[[Order], dict[str, Any]]] = {
    each.__name__: each for each in (payment, payment_confirmation, export_customs, shipping, insurance, import_customs, receiving)
}
