"""The commands of enquiries: ask, offer, accept, cancel, write. Each function is one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from services.orders.application import answers, goods, moves
from services.orders.application.goods import Products
from services.orders.application.records import Enquiry, author, check_version, find_enquiry
from services.orders.domain import enquiry as negotiations
from services.orders.domain.terms import Terms
from services.orders.models import enquiry_offers, messages
from shared.contracts.orders import AskedLine
from shared.kit.actor import Actor
from shared.kit.errors import Invalid
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

LONGEST_VALIDITY = timedelta(days=366)


def open_enquiry(tx: Transaction, call: Call, products: Products) -> dict[str, Any]:
    """A buyer asks about products of one supplier. What names all of terms, quantities and prices may be accepted as it is."""
    actor, data = call.require_actor("buyer"), call.data
    order_lines = goods.checked(data["lines"], products, actor.id)
    terms = Terms.agreed(data["terms"]) if "terms" in data else None
    asked = [{**line, **{name: products[line["product_id"]][name] for name in ("sku", "title")}} for line in data["lines"]]
    opened = moves.open_enquiry(
        tx,
        goods.parties(actor, products[asked[0]["product_id"]]),
        lines=AskedLine(many=True).dump(asked),
        terms=terms,
        order_lines=goods.dump_lines(order_lines) if terms and len(order_lines) == len(asked) else None,
    )
    _write(tx, opened, actor, data["message"])
    return answers.enquiry(tx, opened, actor)


def make_offer(tx: Transaction, call: Call, products: Products) -> dict[str, Any]:
    """Complete terms by the party whose turn it is; they take the place of the offer before."""
    actor, data = call.require_actor(), call.data
    enquiry, row = _decide(tx, call, actor, "offer")
    lines = goods.checked(data["lines"], products, enquiry.row.buyer_id, enquiry.row.supplier_id)
    terms = Terms.agreed(data["terms"])
    _check_validity(data["valid_until"], tx.now)
    values = {
        "id": new_id(),
        "enquiry_id": enquiry.row.id,
        "ordinal": enquiry.offer.ordinal + 1 if enquiry.offer else 1,
        "made_by_id": actor.id,
        "made_by_name": actor.name,
        "lines": goods.dump_lines(lines),
        "terms": terms.as_data(),
        "valid_until": data["valid_until"],
        "made_at": tx.now,
    }
    offer = tx.execute(insert(enquiry_offers).values(values).returning(enquiry_offers)).one()
    if "message" in data:
        _write(tx, enquiry, actor, data["message"])
    moved = moves.move(tx, replace(enquiry, offer=offer), row, author(actor, enquiry.row))
    return answers.enquiry(tx, moved, actor)


def accept_enquiry(tx: Transaction, call: Call) -> dict[str, Any]:
    """The latest offer, or the enquiry itself where it is complete, becomes the one order. Answers the order."""
    actor = call.require_actor()
    enquiry, row = _decide(tx, call, actor, "accept")
    agreed = enquiry.offer or enquiry.row
    lines = goods.load_lines(enquiry.offer.lines if enquiry.offer else enquiry.row.order_lines)
    parties = {name: getattr(enquiry.row, name) for name in ("buyer_id", "buyer_name", "supplier_id", "supplier_name")}
    order = moves.place(tx, author(actor, enquiry.row), parties, Terms(**agreed.terms), lines, enquiry_id=enquiry.row.id)
    moves.move(tx, enquiry, row, author(actor, enquiry.row), call.data.get("note"), order.row.id)
    return answers.order(tx, order, actor)


def cancel_enquiry(tx: Transaction, call: Call) -> dict[str, Any]:
    """Either party ends it."""
    actor = call.require_actor()
    enquiry, row = _decide(tx, call, actor, "cancel")
    return answers.enquiry(tx, moves.move(tx, enquiry, row, author(actor, enquiry.row), call.data.get("note")), actor)


def send_message(tx: Transaction, call: Call) -> dict[str, Any]:
    """Either party writes to the other."""
    actor = call.require_actor()
    enquiry, row = _decide(tx, call, actor, "send_message")
    _write(tx, enquiry, actor, call.data["text"])
    return answers.enquiry(tx, moves.move(tx, enquiry, row, author(actor, enquiry.row)), actor)


def _decide(tx: Transaction, call: Call, actor: Actor, action: str) -> tuple[Enquiry, negotiations.Row]:
    enquiry = find_enquiry(tx, call.data["id"], actor, lock=True)
    if action in negotiations.BINDING and actor.id == enquiry.row.supplier_id:
        call.require_verified()
    check_version(enquiry.row, call.data)
    return enquiry, negotiations.decide(enquiry.negotiation, action, actor, tx.now)


def _write(tx: Transaction, enquiry: Enquiry, actor: Actor, text: str) -> None:
    values = {"id": new_id(), "enquiry_id": enquiry.row.id, "sender_id": actor.id, "sender_name": actor.name, "text": text, "sent_at": tx.now}
    tx.execute(insert(messages).values(values))


def _check_validity(until: datetime, now: datetime) -> None:
    if not now < until <= now + LONGEST_VALIDITY:
        raise Invalid("validity_invalid", "The offer cannot be valid until then.", {"valid_until": ["Must be in the future, and within a year."]})
