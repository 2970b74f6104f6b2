"""Enquiries and orders as the contract's answers, with what the asking account may do now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, select

from services.orders.application import goods
from services.orders.application.records import Enquiry, Order, history_of, party
from services.orders.domain import enquiry as negotiations, lifecycle
from services.orders.domain.checks import Line, customs_gaps
from services.orders.domain.steps import CANCELLED, STEPS
from services.orders.models import drafts, enquiry_history, enquiry_offers, messages, order_history
from shared.contracts.orders import AskedLine
from shared.kit.actor import Actor
from shared.platform.database import Transaction


def enquiry_summary(row: Row[Any]) -> dict[str, Any]:
    """An `EnquirySummary`."""
    return {**_summary(row), "label": negotiations.STATES[row.state], "order_id": row.order_id, "created_at": row.created_at}


def enquiry(tx: Transaction, found: Enquiry, actor: Actor) -> dict[str, Any]:
    """An `Enquiry` as this actor sees it."""
    row = found.row
    of_it = {table: table.c.enquiry_id == row.id for table in (enquiry_offers, messages)}
    offers = tx.execute(select(enquiry_offers).where(of_it[enquiry_offers]).order_by(enquiry_offers.c.ordinal))
    thread = tx.execute(select(messages).where(of_it[messages]).order_by(messages.c.sent_at, messages.c.id))
    return {
        **enquiry_summary(row),
        "lines": AskedLine(many=True).load(row.lines),
        "terms": row.terms,
        "offers": [_offer(each) for each in offers],
        "messages": [{**each._asdict(), "sender": party(each, "sender")} for each in thread],
        "history": [each._asdict() for each in history_of(tx, enquiry_history, row.id)],
        "actions": [
            {"name": each.action, "label": each.label, "form": each.form, "step": None}
            for each in negotiations.allowed_actions(found.negotiation, actor, tx.now)
        ],
    }


def order_summary(found: Order) -> dict[str, Any]:
    """An `OrderSummary`."""
    row = found.row
    label = lifecycle.LABELS[row.state]
    return {**_summary(row), "label": label, "enquiry_id": row.enquiry_id, "awaiting": row.awaiting, "total": found.total, "placed_at": row.created_at}


def order(tx: Transaction, found: Order, actor: Actor) -> dict[str, Any]:
    """An `Order` as this actor sees it: drafts are shown only to whom they belong, the actor of the step at hand."""
    row, situation = found.row, found.situation
    history = history_of(tx, order_history, row.id)
    actions = lifecycle.allowed_actions(situation, actor, tx.now)
    lines = goods.load_lines(row.lines)
    left = next((each.from_state for each in reversed(history) if each.to_state == CANCELLED != each.from_state), None)
    steps = lifecycle.steps_of(situation, left)
    before_shipping = any(each.name == "shipping" and each.status != "done" for each in steps)
    mine = [each.step for each in actions if each.draft]
    saved = tx.execute(_drafts(row.id, mine)).all() if mine else []
    return {
        **order_summary(found),
        "terms": row.terms,
        "lines": lines,
        "steps": steps,
        "history": [each._asdict() for each in history],
        "deadlines": [{"kind": kind, "at": at} for kind, at in sorted(found.deadlines.items(), key=lambda each: each[1])],
        "drafts": {each.step: each.form for each in saved},
        "exception": _exception(row, history),
        "refund": found.refund and {"amount": found.refund, "received_at": row.refund_received_at},
        "customs_gaps": customs_gaps([Line(**line) for line in lines], situation.terms) if before_shipping else [],
        "actions": [{**asdict(each), "name": each.action, "reasons": list(each.reasons)} for each in actions],
    }


def _summary(row: Row[Any]) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in ("id", "number", "state", "version", "updated_at")}
    return {**own, "buyer": party(row, "buyer"), "supplier": party(row, "supplier")}


def _offer(row: Row[Any]) -> dict[str, Any]:
    lines = goods.load_lines(row.lines)
    return {**row._asdict(), "made_by": party(row, "made_by"), "lines": lines, "total": goods.total(lines)}


def _drafts(order_id: str, steps: list[str | None]) -> Select[Any]:
    return select(drafts).where(drafts.c.order_id == order_id, drafts.c.step.in_(steps))


def _exception(row: Row[Any], history: list[Row[Any]]) -> dict[str, Any] | None:
    if not any(row.state == step.exception_state for step in STEPS):
        return None
    raised = next(each for each in reversed(history) if each.action == "exception")
    return {
        "step": raised.step,
        "reason": raised.reason,
        "note": raised.note,
        "evidence": raised.form.get("evidence", []),
        "raised_at": raised.at,
        "abort_proposed_by": row.abort_proposed_by,
    }
