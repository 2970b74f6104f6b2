"""`tradelane reconcile`: every service's own audit, and what the services must agree on about each order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from services.catalog.application import audit as catalog
from services.logistics.application import audit as logistics
from services.orders.application import audit as orders
from services.orders.application.audit import Standing
from services.payments.application import audit as payments
from shared.platform.audit import Sum, faults, messages, under_way
from shared.platform.database import Transaction
from shared.platform.settings import Settings
from tradelane.databases import database
from tradelane.tables import Row

AUDITS = {"catalog": catalog.sums, "orders": orders.sums, "payments": payments.sums, "logistics": logistics.sums}


def reconcile(settings: Settings, patience: float) -> dict[str, list[Sum]]:
    """The lines of each service, then `trade`: what holds between them. Waits up to `patience` seconds for events under way.

    An event that the broker has and its consumer has not shows in no figure, so differences are looked at again as long.
    """
    deadline = time.monotonic() + patience
    while True:
        report, moving = _look(settings)
        if time.monotonic() > deadline or not (moving or any(each.difference for sums in report.values() for each in sums)):
            return report
        time.sleep(0.5)


def lines(report: Mapping[str, list[Sum]]) -> list[Row]:
    """The report as rows; not `ok` is what differs."""
    return [{"service": service, **asdict(each), "ok": each.difference == 0} for service, sums in report.items() for each in sums]


def freight(paid: Mapping[tuple[str, str], int], taken: Mapping[tuple[str, str], int]) -> list[Sum]:
    """What logistics has as paid against what payments took, by order and currency."""
    both = sorted(paid.keys() | taken.keys())
    figures = {key: {"paid": paid.get(key, 0), "taken": taken.get(key, 0)} for key in both}
    found = [(" ".join(key), each, each["paid"] - each["taken"]) for key, each in figures.items() if each["paid"] != each["taken"]]
    return faults("freight as it is booked", "all orders", len(both), found)


def _look(settings: Settings) -> tuple[dict[str, list[Sum]], int]:
    report = {service: _in(service, settings, partial(_audit, audit)) for service, audit in AUDITS.items()}
    standings: dict[str, Standing] = _in("orders", settings, orders.standings)
    reservations: dict[str, str] = _in("catalog", settings, catalog.reservation_states)
    accounts: dict[str, str] = _in("payments", settings, payments.order_states)
    report["trade"] = [
        *_agree("stock as the order stands", standings, reservations, _reservation),
        *_agree("money as the order stands", standings, accounts, _account),
        *freight(_in("logistics", settings, logistics.freight_paid), _in("payments", settings, payments.freight_taken)),
    ]
    return report, under_way([each for sums in report.values() for each in sums])


def _audit(audit: Callable[[Transaction], list[Sum]], tx: Transaction) -> list[Sum]:
    return [*audit(tx), *messages(tx)]


def _in(service: str, settings: Settings, work: Callable[[Any], Any]) -> Any:
    with database(service, settings) as run:
        return run(work)


def _agree(check: str, standings: Mapping[str, Standing], actual: Mapping[str, str], expected: Callable[[Standing], set[str | None]]) -> list[Sum]:
    wrong = [f"{order} ({standing.state}): {actual.get(order)}" for order, standing in standings.items() if actual.get(order) not in expected(standing)]
    wrong += [f"{order}: no such order" for order in actual.keys() - standings.keys()]
    return faults(check, "all orders", len(standings), [(each, {}, 1) for each in wrong])


def _reservation(order: Standing) -> set[str | None]:
    """What the order's reservation may be."""
    if order.shipped:
        return {"committed"}
    if order.state == "cancelled":
        return {"released"}
    if order.state == "rejected":
        return {"released", "refused"}
    return {"reserved", "refused", None} if order.state == "placing" else {"reserved"}


def _account(order: Standing) -> set[str | None]:
    """What the order's account may be."""
    direct = order.settlement == "direct"
    if order.state == "rejected":
        return {"closed"}
    if order.state == "cancelled":
        if not order.paid:
            return {"closed"}
        waiting = "refund_due" if direct else "returning"
        return {"refunded"} if order.refunded else {waiting} if direct else {waiting, "refunded"}
    if order.state == "placing":
        return {None, "open"}
    if not order.paid:
        return {"open", "reported", "held"} if order.awaiting else {"open"}
    if not direct:
        return {"held"} if order.protected else {"released"}
    return {"reported"} if order.state in ("buyer_paid", "payment_confirmation_exception") else {"settled"}
