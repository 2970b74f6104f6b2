"""Tickets: a customer, signed in or not, writes to the operators, and these answer. Each function is one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update

from services.accounts.application import mail
from services.accounts.domain.ticket import CUSTOMER, OPERATOR, STATES, allowed_actions, decide
from services.accounts.models import ticket_messages, tickets
from shared.kit.actor import Actor
from shared.kit.errors import Invalid, NotFound
from shared.kit.ids import new_id, new_number
from shared.platform import pages
from shared.platform.calls import Call
from shared.platform.database import Transaction

UNREAD = {CUSTOMER: tickets.c.customer_unread, OPERATOR: tickets.c.operator_unread}
"""Side → how many of the other's messages it has not read."""
_OTHER = {CUSTOMER: OPERATOR, OPERATOR: CUSTOMER}

_ANSWERED = "{author} has answered your request {number}, {subject}:\n\n{text}\n\n"
_WITH_ACCOUNT = "Read it and answer: GET /v1/tickets/{id}, POST /v1/tickets/{id}/messages.\n"
_WITHOUT_ACCOUNT = "Nobody reads what is sent back to this address. To write again, send us another request that names {number}.\n"


def open_ticket(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A new `Ticket`. Invalid where who has not signed in leaves no e-mail address, or who has leaves one."""
    actor, data = call.actor, call.data
    if (actor is None) != ("email" in data):
        told = "Say where the answer is to go." if actor is None else "The answer goes to your account: leave it out."
        raise Invalid("invalid_fields", "Some fields are missing or wrong.", {"email": [told]})
    values = {
        "id": new_id(),
        "number": new_number("TT"),
        "account_id": actor and actor.id,
        "email": data.get("email"),
        "name": actor.name if actor else data["email"],
        "state": "open",
        **{name: data.get(name) for name in ("category", "subject", "order_number")},
        "customer_unread": 0,
        "operator_unread": 0,
        "opened_at": tx.now,
        "updated_at": tx.now,
    }
    row = tx.execute(insert(tickets).values(values).returning(tickets)).one()
    return _answer(tx, _written(tx, row, CUSTOMER, row.name, data["text"], "open"), CUSTOMER)


def list_tickets(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A `TicketPage` of the caller's own, for operators of all, newest first."""
    actor = call.require_actor()
    wanted = [] if actor.is_operator else [tickets.c.account_id == actor.id]
    if "state" in call.data:
        wanted.append(tickets.c.state == call.data["state"])
    rows, following = pages.page(tx, tickets, wanted, call.data)
    return {"items": [_summary(row, _side(row, actor)) for row in rows], "next": following}


def get_ticket(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A `Ticket`, which its reader's side has read with that; NotFound for who is neither its customer nor an operator."""
    row, side, _ = _find(tx, call)
    if row._mapping[UNREAD[side].name]:
        tx.execute(update(tickets).where(tickets.c.id == row.id).values({UNREAD[side]: 0}))
    return _answer(tx, row, side)


def write(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A message of the customer, or an operator's answer, which is mailed where there is an address. Conflict `action_not_allowed`."""
    row, side, actor = _find(tx, call, lock=True)
    target = decide(row.state, side, "write").target
    row = _written(tx, row, side, actor.name, call.data["text"], target)
    if side == OPERATOR:
        _mail(tx, row, actor, call.data["text"])
    return _answer(tx, row, side)


def act(tx: Transaction, call: Call, action: str) -> Mapping[str, Any]:
    """Close or reopen it. Conflict `action_not_allowed`."""
    row, side, _ = _find(tx, call, lock=True)
    return _answer(tx, _changed(tx, row, state=decide(row.state, side, action).target), side)


def _find(tx: Transaction, call: Call, *, lock: bool = False) -> tuple[Row[Any], str, Actor]:
    actor, wanted = call.require_actor(), select(tickets).where(tickets.c.id == call.data["id"])
    row = tx.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None or not (actor.is_operator or actor.id == row.account_id):
        raise NotFound("ticket_not_found", "There is no such ticket.")
    return row, _side(row, actor), actor


def _side(row: Row[Any], actor: Actor) -> str:
    """An operator who asked for help is a customer of that ticket."""
    return CUSTOMER if actor.id == row.account_id else OPERATOR


def _written(tx: Transaction, row: Row[Any], side: str, author: str, text: str, state: str) -> Row[Any]:
    tx.add(ticket_messages, {"id": new_id(), "ticket_id": row.id, "side": side, "author": author, "text": text, "sent_at": tx.now})
    other = UNREAD[_OTHER[side]].name
    return _changed(tx, row, state=state, **{UNREAD[side].name: 0, other: row._mapping[other] + 1})


def _changed(tx: Transaction, row: Row[Any], **values: Any) -> Row[Any]:
    return tx.execute(update(tickets).where(tickets.c.id == row.id).values(**values, updated_at=tx.now).returning(tickets)).one()


def _mail(tx: Transaction, row: Row[Any], author: Actor, text: str) -> None:
    facts = {"author": author.name, "number": row.number, "subject": row.subject, "id": row.id}
    subject, words = f"{row.number}: {row.subject}", _ANSWERED.format(**facts, text=text)
    if row.account_id:
        mail.tell(tx, row.account_id, subject, words + _WITH_ACCOUNT.format(**facts))
    else:
        mail.send(tx, row.email, subject, words + _WITHOUT_ACCOUNT.format(**facts))


def _answer(tx: Transaction, row: Row[Any], side: str) -> Mapping[str, Any]:
    thread = select(ticket_messages).where(ticket_messages.c.ticket_id == row.id).order_by(ticket_messages.c.sent_at, ticket_messages.c.id)
    return {
        **_summary(row, side),
        "messages": [each._asdict() for each in tx.execute(thread, {})],
        "actions": [{"name": each.action, "label": each.label, "form": each.form, "step": None} for each in allowed_actions(row.state, side)],
    }


def _summary(row: Row[Any], side: str) -> dict[str, Any]:
    return {
        **row._asdict(),
        "label": STATES[row.state],
        "customer": {"id": row.account_id, "name": row.name},
        "unread": row._mapping[UNREAD[side].name],
    }
