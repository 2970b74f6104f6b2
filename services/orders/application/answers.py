"""Enquiries and orders as the contract's answers, with what the asking account may do now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, select

from services.orders.application import goods
from services.orders.application.records import Enquiry, Order, Row, history_of, party
from services.orders.domain import enquiry as negotiations, lifecycle
from services.orders.domain.checks import customs_gaps
from services.orders.domain.steps import CANCELLED, STEPS
from services.orders.models import drafts, enquiry_offers, messages
from shared.contracts.dumping import Dumped
from shared.contracts.orders import AskedLine
from shared.kit.actor import Actor
from shared.kit.money import Money
from shared.platform.database import Transaction

_DRAFTS = select(drafts).where(drafts.c.order_id == bindparam("key"), drafts.c.step.in_(bindparam("steps", expanding=True)))
_OFFERS = select(enquiry_offers).where(enquiry_offers.c.enquiry_id == bindparam("key")).order_by(enquiry_offers.c.ordinal)
_THREAD = select(messages).where(messages.c.enquiry_id == bindparam("key")).order_by(messages.c.sent_at, messages.c.id)


def enquiry_summary(row: Row) -> dict[str, Any]:
    """An `EnquirySummary`."""
    return {**_summary(row), "label": negotiations.STATES[row.state], "order_id": row.order_id, "created_at": row.created_at}


def enquiry(tx: Transaction, found: Enquiry, actor: Actor) -> dict[str, Any]:
    """An `Enquiry` as this actor sees it."""
    row = found.row
    offers, thread = (tx.execute(statement, {"key": row.id}) for statement in (_OFFERS, _THREAD))
    return {
        **enquiry_summary(row),
        "lines": AskedLine(many=True).load(row.lines),
        "terms": row.terms,
        "offers": [_offer(each) for each in offers],
        "messages": [{**each._asdict(), "sender": party(each, "sender")} for each in thread],
        "history": history_of(tx, row.id),
        "actions": [
            {"name": each.action, "label": each.label, "form": each.form, "step": None}
            for each in negotiations.allowed_actions(found.negotiation, actor, tx.now)
        ],
    }


def order_summary(found: Order) -> dict[str, Any]:
    """An `OrderSummary`."""
    row = found.row
    label = lifecycle.LABELS[row.state]
    return {
        **_summary(row),
        "label": label,
        "enquiry_id": row.enquiry_id,
        "purchase": row.purchase_id and {"id": row.purchase_id, "number": row.purchase_number},
        "awaiting": row.awaiting,
        "total": found.total,
        "placed_at": row.created_at,
    }


def purchase(row: Row, orders: Sequence[Order]) -> dict[str, Any]:
    """A `Purchase` with its orders, by their suppliers' names."""
    orders = sorted(orders, key=lambda each: (each.row.supplier_name, each.row.id))
    totals: dict[str, Money] = {}
    for each in orders:
        totals[each.total.currency] = totals.get(each.total.currency, Money(0, each.total.currency)) + each.total
    return {
        "id": row.id,
        "number": row.number,
        "buyer": party(row, "buyer"),
        "awaiting": sorted({event for each in orders for event in each.row.awaiting}),
        "totals": [totals[currency] for currency in sorted(totals)],
        "orders": [order_summary(each) for each in orders],
        "placed_at": row.created_at,
    }


def order(tx: Transaction, found: Order, actor: Actor) -> dict[str, Any]:
    """An `Order`, found with its history, as this actor sees it: drafts are shown only to whom they belong, the actor of the step at hand."""
    row, situation = found.row, found.situation
    history = found.history or ()
    actions = lifecycle.allowed_actions(situation, actor, tx.now)
    left = next((each["from_state"] for each in reversed(history) if each["to_state"] == CANCELLED != each["from_state"]), None)
    steps = lifecycle.steps_of(situation, left)
    before_shipping = any(each.name == "shipping" and each.status != "done" for each in steps)
    mine = [each.step for each in actions if each.draft]
    saved = tx.execute(_DRAFTS, {"key": row.id, "steps": mine}).all() if mine else []
    return {
        **order_summary(found),
        "payable": found.payable,
        "exchange": found.exchange,
        "terms": row.terms,
        "lines": Dumped(row.lines),
        "steps": steps,
        "history": history,
        "deadlines": [{"kind": kind, "at": at} for kind, at in sorted(found.deadlines.items(), key=lambda each: each[1])],
        "drafts": {each.step: each.form for each in saved},
        "exception": _exception(row, history),
        "channel_proposal": row.channel_proposed and {"channel": row.channel_proposed, "proposed_by": row.channel_proposed_by},
        "refund": found.refund and {"amount": found.refund, "received_at": row.refund_received_at},
        "customs_gaps": customs_gaps(row.lines, situation.terms) if before_shipping else [],
        "actions": [{**asdict(each), "name": each.action, "reasons": list(each.reasons)} for each in actions],
    }


def _summary(row: Row) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in ("id", "number", "state", "version", "updated_at")}
    return {**own, "buyer": party(row, "buyer"), "supplier": party(row, "supplier")}


def _offer(row: Row) -> dict[str, Any]:
    lines = goods.load_lines(row.lines)
    return {**row._asdict(), "made_by": party(row, "made_by"), "lines": lines, "total": goods.total(lines)}


def _exception(row: Row, history: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not any(row.state == step.exception_state for step in STEPS):
        return None
    raised = next(each for each in reversed(history) if each["action"] == "exception")
    return {
        **{name: raised[name] for name in ("step", "reason", "note")},
        "evidence": (raised["form"] or {}).get("evidence", []),  # none where a carrier tells
        "raised_at": raised["at"],
        "abort_proposed_by": row.abort_proposed_by,
    }
