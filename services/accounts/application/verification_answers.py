"""Verifications as the contract answers them, and who may see which: their own, an operator all of them. Lists show numbers masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from services.accounts.application import documents
from services.accounts.domain.verification import OPEN, STATES, allowed_actions
from services.accounts.models import accounts, documents as papers, verification_history, verifications
from shared.contracts.identity_numbers import BY_PLACE, mask
from shared.kit.actor import Actor
from shared.kit.errors import NotFound
from shared.platform import pages
from shared.platform.calls import Call
from shared.platform.database import Transaction


def own(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """An `OwnVerification`."""
    actor = call.require_actor()
    verified_at = tx.execute(select(accounts.c.verified_at).where(accounts.c.id == actor.id)).scalar_one_or_none()
    rows = tx.execute(select(verifications).where(verifications.c.account_id == actor.id).order_by(verifications.c.id.desc())).all()
    shown = [verification(tx, row, actor) for row in rows]
    submit = {"name": "submit", "label": "Submit", "form": "verification", "step": None}
    actions = [] if rows and rows[0].state in OPEN else [submit]
    return {"verified_at": verified_at, "latest": shown[0] if shown else None, "earlier": shown[1:], "actions": actions}


def get(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A `Verification`; NotFound for who is neither its owner nor an operator."""
    actor = call.require_actor()
    row = tx.execute(select(verifications).where(verifications.c.id == call.data["id"])).one_or_none()
    if row is None or not (actor.is_operator or actor.id == row.account_id):
        raise NotFound("verification_not_found", "There is no such verification.")
    return verification(tx, row, actor)


def page(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A `VerificationPage` for operators, newest first."""
    call.require_actor("operator")
    of_state = [verifications.c.state == call.data["state"]] if "state" in call.data else []
    rows, following = pages.page(tx, verifications, of_state, call.data)
    return {"items": [_summary(row, masked=True) for row in rows], "next": following}


def verification(tx: Transaction, row: Row[Any], actor: Actor) -> dict[str, Any]:
    """A `Verification`, numbers in full: for its owner or an operator."""
    history = tx.execute(select(verification_history).where(verification_history.c.verification_id == row.id).order_by(verification_history.c.id))
    shown = documents.shape(tx, tx.execute(select(papers).where(papers.c.id.in_(row.documents))).all())
    return {
        **_summary(row, masked=False),
        "date_of_birth": row.date_of_birth,
        "registered_on": row.registered_on,
        "address": row.address,
        "documents": sorted(shown, key=lambda each: row.documents.index(each["id"])),
        "history": [{**each._mapping, "by": "owner" if each.actor_id == row.account_id else "operator"} for each in history],
        "actions": [{"name": each.action, "label": each.label, "form": each.form, "step": None} for each in allowed_actions(row.state, row.account_id, actor)],
    }


def _summary(row: Row[Any], *, masked: bool) -> dict[str, Any]:
    return {
        **{name: row._mapping[name] for name in ("id", "account_id", "state", "version", "kind", "legal_name", "submitted_at")},
        "label": STATES[row.state],
        "country": row.address["country"],
        "numbers": [
            {
                "type": each["type"],
                "country": each.get("country"),
                "label": BY_PLACE[each["type"], each.get("country", "")].label,
                "value": mask(each["value"]) if masked else each["value"],
            }
            for each in row.numbers
        ],
    }
