"""Verifications: an account submits who it is, an operator decides, and the account is verified, or not any more, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update

from services.accounts.application import documents, mail, verification_answers as answers
from services.accounts.application.queries import locked
from services.accounts.domain.verification import OPEN, STATES, Claim, check_identity, decide
from services.accounts.models import accounts, documents as papers, verification_history, verifications
from shared.contracts.identity_numbers import BY_PLACE, KINDS
from shared.contracts.verification import IdentityAddress, IdentityNumber
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Invalid, NotFound, PreconditionFailed
from shared.kit.ids import new_id
from shared.platform.calls import Call
from shared.platform.database import Transaction

_AGAIN = "You may submit again: POST /v1/me/verification.\n"
MAILS = {
    "approved": (
        "Your account is verified",
        "We have looked at your papers: your account on Tradelane is verified.\nIt may sell and be paid out once its access token is refreshed.\n",
    ),
    "refused": ("Your verification is refused", "We have looked at your papers, and could not verify your account on Tradelane:\n\n    {reason}\n\n" + _AGAIN),
    "withdrawn": (
        "Your account is verified no longer",
        "Your account on Tradelane is verified no longer:\n\n    {reason}\n\nUntil it is again, nobody finds or orders its products; orders under way go on.\n"
        + _AGAIN,
    ),
}
"""State → what its owner is written."""


def submit(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The caller's new verification. Conflict `verification_open` where there is one already; Invalid where its facts or papers do not do."""
    actor, data = call.require_actor(), call.data
    locked(tx, actor.id)  # verifications of one account take turns
    latest = tx.execute(select(verifications.c.state).where(verifications.c.account_id == actor.id, verifications.c.state.in_(OPEN))).scalar_one_or_none()
    if latest is not None:
        raise Conflict("verification_open", f"There is a verification already: {STATES[latest].lower()}.", state=latest)
    check_identity(data["kind"], data.get("date_of_birth"), data.get("registered_on"), _claims(data["numbers"]), tx.now.date())
    _check_papers(tx, actor, data["documents"])
    values = {
        "id": new_id(),
        "account_id": actor.id,
        "state": "submitted",
        "version": 0,
        **{name: data.get(name) for name in ("kind", "legal_name", "date_of_birth", "registered_on")},
        "address": IdentityAddress().dump(data["address"]),
        "numbers": IdentityNumber(many=True).dump(data["numbers"]),
        "documents": data["documents"],
        "submitted_at": tx.now,
    }
    row = tx.execute(insert(verifications).values(values).returning(verifications)).one()
    return answers.verification(tx, _moved(tx, row, actor, "submit", "submitted"), actor)


def act(tx: Transaction, call: Call, action: str) -> Mapping[str, Any]:
    """An operator's decision. Of two at once the second is refused, since it finds the state that the first has left."""
    actor = call.require_actor("operator")
    found = tx.execute(select(verifications.c.account_id).where(verifications.c.id == call.data["id"])).scalar_one_or_none()
    if found is None:
        raise NotFound("verification_not_found", "There is no such verification.")
    locked(tx, found)
    row = tx.execute(select(verifications).where(verifications.c.id == call.data["id"])).one()
    if call.data.get("if_match", row.version) != row.version:
        raise PreconditionFailed("version_changed", f"It is at version {row.version} by now; read it again.", version=row.version)
    move = decide(row.state, row.account_id, action, actor)
    row = _moved(tx, row, actor, action, move.target, call.data.get("reason") or call.data.get("note"))
    if move.verified is not None:
        verified = {"verified_at": tx.now if move.verified else None, "version": accounts.c.version + 1}
        tx.execute(update(accounts).where(accounts.c.id == row.account_id).values(verified))
    _write_to_owner(tx, row, call.data.get("reason"))
    tx.emit(move.event, row.account_id, {"account_id": row.account_id, "verification_id": row.id})
    return answers.verification(tx, row, actor)


def _write_to_owner(tx: Transaction, row: Row[Any], reason: str | None) -> None:
    subject, text = MAILS[row.state]
    mail.tell(tx, row.account_id, subject, text.format(reason=reason))


def _moved(tx: Transaction, row: Row[Any], actor: Actor, action: str, state: str, reason: str | None = None) -> Row[Any]:
    moved = update(verifications).where(verifications.c.id == row.id).values(state=state, version=row.version + 1).returning(verifications)
    step = {"id": new_id(), "verification_id": row.id, "at": tx.now, "action": action, "state": state, "actor_id": actor.id, "reason": reason}
    tx.add(verification_history, step)
    return tx.execute(moved).one()


def _claims(numbers: list[Mapping[str, Any]]) -> list[Claim]:
    claims = []
    for place, each in enumerate(numbers):
        name = each["type"], each.get("country", "")
        claims.append(Claim(f"numbers.{place}", name, KINDS[each["type"]][1], BY_PLACE[name].birth_date(each["value"])))
    return claims


def _check_papers(tx: Transaction, actor: Actor, ids: list[str]) -> None:
    own = documents.known_ids(tx, ids, papers.c.owner_id == actor.id)
    if missing := {f"documents.{place}": ["Is no document of yours."] for place, each in enumerate(ids) if each not in own}:
        raise Invalid("documents_missing", "Upload these documents first.", missing)
