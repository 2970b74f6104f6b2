"""The commands of orders: place, act, keep a draft. Each function is one transaction; what is allowed is the domain's to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.orders.application import answers, forms, goods, moves
from services.orders.application.goods import Products
from services.orders.application.paying import Paying
from services.orders.application.records import Author, author, check_version, find_order
from services.orders.domain import lifecycle
from services.orders.domain.steps import STEPS
from services.orders.domain.terms import Terms
from services.orders.models import drafts
from shared.kit.errors import Invalid
from shared.platform.calls import Call
from shared.platform.database import Transaction

_FORMS = {step.name: step.action for step in STEPS if step.form}
"""Step → the action that submits its form."""


def place_order(tx: Transaction, call: Call, products: Products, paying: Paying) -> dict[str, Any]:
    """A buyer orders from a listing at its prices."""
    actor, data = call.require_actor("buyer"), call.data
    lines = goods.checked(data["lines"], products, actor.id, list_prices=True)
    terms = Terms.agreed(data["terms"])
    parties = goods.parties(actor, products[data["lines"][0]["product_id"]])
    order = moves.place(tx, Author(actor.id, "buyer"), parties, terms, lines, exchange=paying.exchanges.get(goods.total(lines)))
    paying.prepare(tx, order)
    return answers.order(tx, order, actor)


def place_purchase(tx: Transaction, call: Call, products: Products, paying: Paying) -> dict[str, Any]:
    """A buyer orders a basket: one order for each supplier, all of them or none."""
    actor, data = call.require_actor("buyer"), call.data
    terms, channels = Terms.agreed(data["terms"]), data.get("channels", {})
    baskets = goods.by_supplier(data["lines"], products, actor.id)
    if strange := sorted(channels.keys() - baskets.keys()):
        raise Invalid("invalid_fields", "Some fields are missing or wrong.", {f"channels.{each}": ["No line is of this supplier."] for each in strange})
    purchase = moves.open_purchase(tx, actor)
    placed = [
        moves.place(
            tx,
            Author(actor.id, "buyer"),
            goods.parties(actor, products[lines[0]["product_id"]]),
            replace(terms, channel=channels.get(supplier, terms.channel)),
            lines,
            purchase=purchase,
            exchange=paying.exchanges.get(goods.total(lines)),
        )
        for supplier, lines in baskets.items()
    ]
    for order in placed:
        paying.prepare(tx, order)
    return answers.purchase(purchase, placed)


def act_on_order(tx: Transaction, call: Call) -> dict[str, Any]:
    """Do one of the actions that the order allows now, with its form.

    In this order: NotFound; PreconditionFailed where `if_match` is not the order's version; Conflict and Forbidden as `lifecycle.decide` says; Invalid by field.
    """
    actor, data = call.require_actor(), call.data
    order = find_order(tx, data["id"], actor, lock=True, history=True)
    check_version(order.row, data)
    transition = lifecycle.decide(order.situation, data["action"], actor, tx.now)
    form = forms.submitted(transition, data["form"], forms.facts_of(order, tx.now.date()))
    return answers.order(tx, moves.apply(tx, order, transition, author(actor, order.row), form=form), actor)


def save_draft(tx: Transaction, call: Call) -> dict[str, Any]:
    """Keep the form of the step at hand as far as it is filled in, for the step's actor; the answer says what submitting it would meet."""
    actor, data = call.require_actor(), call.data
    order = find_order(tx, data["id"], actor, lock=True, history=True)
    check_version(order.row, data)
    if data["step"] not in _FORMS:
        raise Invalid("invalid_fields", "There is no such form.", {"step": [f"Must be one of: {', '.join(_FORMS)}."]})
    # The password is asked for when the form is submitted, not while it is being written.
    transition = lifecycle.decide(order.situation, _FORMS[data["step"]], replace(actor, reauthenticated=True), tx.now)
    form = forms.draft(transition, data["form"])
    saved = {"form": form, "saved_at": tx.now}
    keep = tx.upsert(drafts).values(order_id=order.row.id, step=data["step"], **saved)
    tx.execute(keep.on_conflict_do_update(index_elements=["order_id", "step"], set_=saved))
    facts = forms.facts_of(order, tx.now.date())
    return {"step": data["step"], "problems": forms.problems_of(transition, data["form"], facts), **saved}
