"""Payouts: requested by the owner of a balance, paid at the bank by operators, who confirm that, or reject it. Each way the funds move once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from services.payments.application import books
from services.payments.domain.ledger import MOVEMENTS
from services.payments.domain.payout import PAID, REJECTED, REQUESTED, check_decision, check_paid_on
from services.payments.models import payouts
from shared.kit.account_numbers import mask_account
from shared.kit.actor import Actor
from shared.kit.errors import NotFound
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.calls import Call
from shared.platform.database import Transaction
from shared.platform.pages import page


def request(tx: Transaction, call: Call) -> dict[str, Any]:
    """Set the amount aside from the caller's balance; Conflict `insufficient_funds` where it does not reach."""
    owner, amount = call.require_verified(), call.data["amount"]
    owner.require_password()
    books.check_funds(tx, owner.id, amount)
    row = {
        "id": new_id(),
        "account_id": owner.id,
        "account_name": owner.name,
        "amount": amount.minor,
        "currency": amount.currency,
        **{name: call.data.get(name) for name in ("account_holder", "iban", "account_number", "bic")},
        "state": REQUESTED,
        "requested_at": tx.now,
    }
    tx.add(payouts, row)
    _move(tx, "payout_requested", row, owner.id)
    tx.emit("payments.payout_requested.v1", owner.id, _notice(row))
    return _find(tx, row["id"], owner)


def get(tx: Transaction, call: Call) -> dict[str, Any]:
    """The owner's, or an operator's view of it; NotFound for everybody else."""
    return _find(tx, call.data["id"], call.require_actor())


def list_(tx: Transaction, call: Call) -> dict[str, Any]:
    """A page of the caller's own, of everybody's for operators."""
    actor, wanted = call.require_actor(), call.data
    conditions = [] if actor.is_operator else [payouts.c.account_id == actor.id]
    if "state" in wanted:
        conditions.append(payouts.c.state == wanted["state"])
    rows, following = page(tx, payouts, conditions, wanted)
    return {"items": [_shape(row, actor) for row in rows], "next": following}


def confirm(tx: Transaction, call: Call) -> dict[str, Any]:
    """The bank has paid it: it has left the platform. Errors as for `_decided`, Invalid where the day cannot be right."""
    operator, row = _decided(tx, call)
    paid = {"reference": call.data["reference"], "paid_on": call.data["paid_on"]}
    check_paid_on(paid["paid_on"], row.requested_at.date(), tx.now.date())
    return _decide(tx, row, operator, "payout_paid", {"state": PAID, **paid}, paid)


def reject(tx: Transaction, call: Call) -> dict[str, Any]:
    """It is not paid: the funds are on the balance again."""
    operator, row = _decided(tx, call)
    why = {"reason": call.data["reason"]}
    return _decide(tx, row, operator, "payout_rejected", {"state": REJECTED, **why}, why)


def _decided(tx: Transaction, call: Call) -> tuple[Actor, Row[Any]]:
    """Who decides on which payout, which stays locked; NotFound, and the errors of `check_decision`."""
    operator = call.require_actor("operator")
    row = tx.execute(select(payouts).where(payouts.c.id == call.data["id"]).with_for_update()).one_or_none()
    if row is None:
        raise _no_such_payout()
    check_decision(row.state, row.account_id, operator.id)
    return operator, row


def _decide(tx: Transaction, row: Row[Any], operator: Actor, movement: str, changes: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    tx.execute(update(payouts).where(payouts.c.id == row.id).values(**changes, decided_by=operator.id, decided_at=tx.now))
    _move(tx, movement, row._mapping, operator.id)
    tx.emit(f"payments.{movement}.v1", row.account_id, _notice(row._mapping) | told)
    return _find(tx, row.id, operator)


def _move(tx: Transaction, movement: str, row: Any, actor_id: str) -> None:
    owners = {"party": row["account_id"], "payout": row["id"]}
    books.record(tx, MOVEMENTS[movement].transfer(owners, Money(row["amount"], row["currency"])), actor_id, cause=row["id"])


def _notice(row: Any) -> dict[str, Any]:
    return {"account_id": row["account_id"], "payout_id": row["id"], "amount": Money(row["amount"], row["currency"])}


def _find(tx: Transaction, payout_id: str, actor: Actor) -> dict[str, Any]:
    row = tx.execute(select(payouts).where(payouts.c.id == payout_id)).one_or_none()
    if row is None or not (actor.is_operator or row.account_id == actor.id):
        raise _no_such_payout()
    return _shape(row, actor)


def _shape(row: Row[Any], actor: Actor) -> dict[str, Any]:
    numbers = {name: number for name in ("iban", "account_number") if (number := row._mapping[name])}
    shown = numbers if actor.is_operator else {name: mask_account(number) for name, number in numbers.items()}
    return {**row._mapping, **shown, "amount": Money(row.amount, row.currency)}


def _no_such_payout() -> NotFound:
    return NotFound("payout_not_found", "There is no such payout.")
