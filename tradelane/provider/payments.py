"""Payments and refunds: authorized, captured, cancelled, sent back. What takes its time is pending until `settle` finds it due."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from marshmallow import fields, validate

from shared.contracts.fields import Currency, Shape, Text
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.ids import new_id
from shared.kit.money import LARGEST_MINOR
from tradelane.provider import methods
from tradelane.provider.magic import BEHAVIOURS, Behaviour
from tradelane.provider.mischief import Dice
from tradelane.provider.webhooks import IDLE, tell


def _minor() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(1, LARGEST_MINOR))


class PaymentRequest(Shape):
    """`amount` in the currency's minor unit."""

    method = Text(60, required=True)
    amount = _minor()
    currency = Currency(required=True)
    description = Text(load_default="")


class RefundRequest(Shape):
    payment = Text(60, required=True)
    amount = _minor()
    currency = Currency(required=True)


class Nothing(Shape):
    """Capture and cancel take no more than the path."""


class Payments:
    """`dice` decide what goes wrong, and what is told of it."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def authorize(self, db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
        """A payment: authorized or declined, or pending until it is; a bank debit is captured by itself."""
        method = methods.find(db, data["method"])
        behaviour = BEHAVIOURS[method["behaviour"]]
        reason = "declined" if self._dice.falls("decline") else behaviour.reason
        becomes = "declined" if reason else "captured" if method["kind"] == "bank_debit" else "authorized"
        payment = data | {"id": f"pay_{new_id()}", "reason": reason} | _decided(becomes, behaviour.pending)
        db.execute(
            "INSERT INTO payments (id, method, description, amount, currency, state, reason, becomes, due)"
            " VALUES (:id, :method, :description, :amount, :currency, :state, :reason, :becomes, :due)",
            payment,
        )
        self._tell(db, "payment", payment["id"], payment["state"], payment["id"])
        return get_payment(db, payment["id"])

    def capture(self, db: sqlite3.Connection, data: dict[str, Any], id: str) -> dict[str, Any]:
        """All of what is authorized; what no longer is stays as it is, and its `state` says so. Conflict where it is not yet."""
        row = _find(db, "payment", id)
        if row["state"] == "authorized":
            state, reason = ("cancelled", "authorization_expired") if _behaviour(db, row).lapses else ("captured", None)
            self._put(db, id, state, reason)
        elif row["state"] == "pending":
            raise Conflict("not_authorized", "The payment is still pending.")
        return get_payment(db, id)

    def cancel(self, db: sqlite3.Connection, data: dict[str, Any], id: str) -> dict[str, Any]:
        """Let go of what is pending or authorized; anything else stays as it is."""
        if _find(db, "payment", id)["state"] in ("pending", "authorized"):
            self._put(db, id, "cancelled", None)
        return get_payment(db, id)

    def refund(self, db: sqlite3.Connection, data: dict[str, Any]) -> dict[str, Any]:
        """Conflict where nothing is captured, Invalid where it is more than is left, or in another currency."""
        row = _find(db, "payment", data["payment"])
        if row["state"] != "captured":
            raise Conflict("not_captured", f"The payment is {row['state']}.")
        left = row["amount"] - row["refunded"]
        if data["currency"] != row["currency"] or data["amount"] > left:
            raise Invalid("refund_too_large", f"{left} {row['currency']} are left, in minor units.", {"amount": ["More than is left."]})
        behaviour = _behaviour(db, row)
        becomes = "failed" if behaviour.refund_fails else "made"
        refund = data | {"id": f"re_{new_id()}"} | _decided(becomes, behaviour.refund)
        db.execute("INSERT INTO refunds (id, payment, amount, state, becomes, due) VALUES (:id, :payment, :amount, :state, :becomes, :due)", refund)
        db.execute("UPDATE payments SET refunded = refunded + ? WHERE id = ?", (data["amount"], data["payment"]))
        self._tell(db, "refund", refund["id"], refund["state"], data["payment"])
        return get_refund(db, refund["id"])

    def settle(self, db: sqlite3.Connection) -> float:
        """Decide what is due; the seconds until more is."""
        now = time.time()
        for row in db.execute("SELECT * FROM payments WHERE due <= ? ORDER BY due", (now,)).fetchall():
            self._put(db, row["id"], row["becomes"], row["reason"])
        for row in db.execute("SELECT * FROM refunds WHERE due <= ? ORDER BY due", (now,)).fetchall():
            reason = "account_closed" if row["becomes"] == "failed" else None
            db.execute("UPDATE refunds SET state = becomes, reason = ?, becomes = NULL, due = NULL WHERE id = ?", (reason, row["id"]))
            if reason:
                db.execute("UPDATE payments SET refunded = refunded - ? WHERE id = ?", (row["amount"], row["payment"]))
            self._tell(db, "refund", row["id"], row["becomes"], row["payment"])
        (first,) = db.execute("SELECT min(due) FROM (SELECT due FROM payments UNION ALL SELECT due FROM refunds)").fetchone()
        return IDLE if first is None else max(0.0, first - time.time())

    def _put(self, db: sqlite3.Connection, payment: str, state: str, reason: str | None) -> None:
        db.execute("UPDATE payments SET state = ?, reason = ?, becomes = NULL, due = NULL WHERE id = ?", (state, reason, payment))
        self._tell(db, "payment", payment, state, payment)

    def _tell(self, db: sqlite3.Connection, kind: str, reference: str, state: str, payment: str) -> None:
        tell(db, self._dice, kind, reference, state, payment)


def get_payment(db: sqlite3.Connection, id: str) -> dict[str, Any]:
    """The payment as it is now; `reason` tells why it is declined or cancelled."""
    row = _find(db, "payment", id)
    names = ("id", "method", "description", "amount", "currency", "state", "refunded")
    return {name: row[name] for name in names} | {"reason": row["reason"] if row["state"] in ("declined", "cancelled") else None}


def get_refund(db: sqlite3.Connection, id: str) -> dict[str, Any]:
    """The refund as it is now."""
    row = _find(db, "refund", id)
    currency = _find(db, "payment", row["payment"])["currency"]
    return {name: row[name] for name in ("id", "payment", "amount", "state", "reason")} | {"currency": currency}


def ledger(db: sqlite3.Connection) -> dict[str, Any]:
    """What it all comes to, by currency in minor units: authorized now, ever captured, ever sent back (what failed aside)."""
    rows = db.execute(
        "SELECT currency, count(*) AS payments, sum(CASE WHEN state = 'authorized' THEN amount ELSE 0 END) AS authorized,"
        " sum(CASE WHEN state = 'captured' THEN amount ELSE 0 END) AS captured, sum(refunded) AS refunded FROM payments GROUP BY currency ORDER BY currency"
    )
    return {"items": [dict(row) for row in rows]}


def _decided(becomes: str, seconds: float) -> dict[str, Any]:
    if seconds:
        return {"state": "pending", "becomes": becomes, "due": time.time() + seconds}
    return {"state": becomes, "becomes": None, "due": None}


_ROW = {"payment": "SELECT * FROM payments WHERE id = ?", "refund": "SELECT * FROM refunds WHERE id = ?"}


def _find(db: sqlite3.Connection, kind: str, id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(_ROW[kind], (id,)).fetchone()
    if row is None:
        raise NotFound("not_found", f"There is no such {kind}.")
    return row


def _behaviour(db: sqlite3.Connection, payment: sqlite3.Row) -> Behaviour:
    query = "SELECT behaviour FROM methods JOIN tokens ON tokens.id = methods.token WHERE methods.id = ?"
    return BEHAVIOURS[db.execute(query, (payment["method"],)).fetchone()["behaviour"]]
