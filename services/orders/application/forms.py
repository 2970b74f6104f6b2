"""Submitted forms: their shape by the contract's schema, what disagrees with the order, and what may be kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import Schema

from services.orders.application import goods
from services.orders.application.records import Order
from services.orders.domain import checks
from services.orders.domain.lifecycle import Transition
from services.orders.domain.steps import STEPS
from shared.contracts import loading
from shared.contracts.forms import FORMS
from shared.contracts.operations import Empty
from shared.contracts.validation import arriving, load
from shared.kit.account_numbers import mask_account
from shared.kit.card_numbers import refuse_card_numbers
from shared.kit.errors import Invalid


def schema_of(name: str | None) -> Schema:
    """The form's schema, as it comes here."""
    return arriving(FORMS[name] if name else Empty)


_FORM_OF = {step.action: step.form for step in STEPS}


def facts_of(order: Order, today: date) -> checks.OrderFacts:
    """What the cross-checks go by; the order comes with its history. A form that was submitted twice counts as it was submitted last."""
    last = {entry["step"]: entry for entry in order.history or () if entry["action"] in _FORM_OF and entry["form"]}
    return checks.OrderFacts(
        lines=tuple(checks.Line(**line) for line in goods.load_lines(order.row.lines)),
        total=order.total,
        payable=order.payable,
        terms=order.situation.terms,
        today=today,
        submitted={step: loading.load(schema_of(_FORM_OF[entry["action"]]), entry["form"]) for step, entry in last.items()},
    )


def submitted(transition: Transition, data: Any, facts: checks.OrderFacts) -> dict[str, Any]:
    """The form as Python values, its account masked; Invalid names each field that is wrong by itself or disagrees with the order."""
    form = load(schema_of(transition.form), data)
    if problems := checks.check(transition.form or "", form, facts, transition.reasons):
        raise Invalid("form_disagrees", "The form does not agree with the order.", problems)
    return masked(form)


def problems_of(transition: Transition, data: Any, facts: checks.OrderFacts) -> dict[str, list[str]]:
    """What submitting it would say."""
    try:
        submitted(transition, data, facts)
    except Invalid as error:
        return error.errors
    return {}


def draft(transition: Transition, data: Any) -> dict[str, Any]:
    """A form as far as it is filled in, its account masked; Invalid where it has fields that the form does not, or what cannot be stored."""
    if not isinstance(data, dict):
        raise Invalid("invalid_fields", "A form is an object.", {"form": ["Not an object."]})
    known = schema_of(transition.form).fields
    errors = {field: ["Unknown field."] for field in data if field not in known}
    errors |= {field: ["Contains characters that cannot be stored."] for field, value in data.items() if field not in errors and _is_unstorable(value)}
    if errors:
        raise Invalid("invalid_fields", "Some fields cannot be kept.", errors)
    return masked(data)


def masked(form: Mapping[str, Any]) -> dict[str, Any]:
    """Of an account only the last characters are ever kept, of a card nothing: Invalid `card_number_refused` where one pays by what is bound."""
    if form.get("method") in checks.BOUND:
        refuse_card_numbers({name: value for name, value in form.items() if name != "amount"})
    account = form.get("payer_account")
    return {**form, "payer_account": mask_account(account)} if isinstance(account, str) else dict(form)


def _is_unstorable(value: Any) -> bool:
    """PostgreSQL takes any text but one with a NUL in it. Without recursion: a draft may be nested as deep as it likes."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text if "\x00" in text:
                return True
            case dict() as inner:
                waiting += [*inner, *inner.values()]
            case list() as inner:
                waiting += inner
    return False
