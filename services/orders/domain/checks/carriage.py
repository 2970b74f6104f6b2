"""Cross-checks of what goes on its way: shipping, its insurance, and the receipt at the end."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

from services.orders.domain.checks.facts import Form, OrderFacts, Problems, paired
from services.orders.domain.terms import INSURED_INCOTERMS
from shared.kit.money import Money
from shared.kit.reference import SEA_INCOTERMS


def check_shipping(form: Form, facts: OrderFacts) -> Problems:
    """The channel, packages and masses, special goods, dates, mode and ports agree with the terms and with what was declared for export."""
    problems, terms, notice = Problems(), facts.terms, form["shipping_notice"]
    problems.unless(form["logistics_channel"] == terms.channel, "logistics_channel", f"The agreed channel is {terms.channel}.")

    count, declared = sum(each["count"] for each in form["packages"]), facts.earlier("export_customs.packages")
    problems.unless(declared in (None, count), "packages", f"{declared} packages were declared for export, {count} are shipped.")
    mass = sum((each["count"] * each["weight_kg"] for each in form["packages"]), Decimal())
    declared_lines = facts.earlier("export_customs.lines")
    net = sum((each["net_mass_kg"] for each in declared_lines) if declared_lines else (each.net_mass_kg for each in facts.lines), Decimal())
    problems.unless(net <= mass, "packages", f"The goods' net mass is {net} kg: the packages cannot weigh {mass} kg.")

    for line in facts.lines:
        for kind in sorted(set(line.special_goods) - set(form.get("special_goods", ()))):
            problems.unless(False, "special_goods", f"{line.sku} contains {kind}: it must be told.")

    problems.unless_between(notice["dispatched_on"], "shipping_notice.dispatched_on", facts, after=["payment_confirmation.received_on", "payment.paid_on"])
    arrival = notice.get("estimated_arrival")
    problems.unless(arrival is None or arrival >= notice["dispatched_on"], "shipping_notice.estimated_arrival", "Is before the dispatch.")
    by_sea = notice["mode"] == "sea" or terms.incoterm not in SEA_INCOTERMS
    problems.unless(by_sea, "shipping_notice.mode", f"{terms.incoterm} is for carriage by sea or inland waterway only.")
    for port in ("port_of_loading", "port_of_discharge"):
        agreed = getattr(terms, port)
        problems.unless(agreed is None or notice.get(port, agreed) == agreed, f"shipping_notice.{port}", f"The agreed port is {agreed}.")
    return problems


def check_insurance(form: Form, facts: OrderFacts) -> Problems:
    """The cover is what the Incoterm asks for, and lasts from dispatch to arrival."""
    problems, incoterm, total, insured = Problems(), facts.terms.incoterm, facts.total, form["insured_value"]
    if incoterm in INSURED_INCOTERMS:
        # Incoterms 2020, CIF and CIP A5: at least the price plus ten per cent, in the contract's currency.
        in_currency = insured.currency == total.currency
        problems.unless(in_currency, "insured_value.currency", f"Under {incoterm} the cover is in the order's currency, {total.currency}.")
        least = Money(ceil(total.minor * 110 / Decimal(100)), total.currency)
        problems.unless(not in_currency or least <= insured, "insured_value.amount", f"Under {incoterm} the cover is at least 110 % of {total}: {least}.")
    # CIP A5 asks for the widest cover; CIF for the least at least.
    problems.unless(incoterm != "CIP" or form["clauses"] in ("ICC A", "ICC Air"), "clauses", "Under CIP the cover is that of clauses A, or of the air clauses.")

    flown = facts.earlier("shipping.shipping_notice.mode") in (None, "air", "express")
    problems.unless(form["clauses"] != "ICC Air" or flown, "clauses", "These clauses are for goods that go by air.")

    begins, ends = form["valid_from"], form["valid_until"]
    dispatched, arrival = (facts.earlier(f"shipping.shipping_notice.{name}") for name in ("dispatched_on", "estimated_arrival"))
    problems.unless(ends >= begins, "valid_until", "Is before valid from.")
    # UCP 600 article 28 e: cover is effective no later than the shipment.
    problems.unless(dispatched is None or begins <= dispatched, "valid_from", f"The goods were dispatched on {dispatched}: the cover must begin by then.")
    problems.unless(arrival is None or ends >= arrival, "valid_until", f"The goods are expected on {arrival}: the cover must last until then.")
    return problems


def check_receiving(form: Form, facts: OrderFacts) -> Problems:
    """Every line of the order is accounted for, and nothing beyond it."""
    problems = Problems()
    for path, given, line in paired(form, facts, problems):
        received, accepted, damaged = given["quantity_received"], given["accepted"], given["damaged"]
        problems.unless(received <= line.quantity, f"{path}.quantity_received", f"Only {line.quantity} were ordered.")
        problems.unless(received == accepted + damaged, f"{path}.accepted", f"Accepted and damaged must add up to the {received} received.")
    problems.unless_between(form["received_on"], "received_on", facts, after=["shipping.shipping_notice.dispatched_on", "import_customs.released_on"])
    return problems
