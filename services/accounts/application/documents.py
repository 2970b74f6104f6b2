"""Documents: their bytes are kept first, then the row that says so, so that a crash leaves at most bytes that no row knows; a sweep removes them.

A document is where its SHA-256 and its id say. The same bytes of the same owner are one document; uploaded again, they are put back if they are gone.
"""

from __future__ import annotations

import binascii
import logging
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, NoReturn

import puremagic
from sqlalchemy import ColumnElement, Row, func, select

from services.accounts.application.storage import PART, Storage
from services.accounts.models import document_orders, documents
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from shared.kit.ids import born_at, new_id
from shared.platform.calls import Call
from shared.platform.cpu import offload
from shared.platform.database import Transaction
from shared.platform.settings import settings

log = logging.getLogger(__name__)

MyOrders = Callable[[Sequence[str]], Sequence[str]]
"""Those of the orders that the caller may see, as the orders service says."""

ORPHANED = timedelta(hours=1)
"""How old bytes without a row are when nobody can be about to write it any more."""

_PATH = re.compile(rf"[0-9a-f]{{2}}/[0-9a-f]{{64}}-(?P<id>[0-9a-f-]{{36}})(?P<part>{re.escape(PART)})?")
_SUFFIX = re.compile(r"(?<=.)\.(pdf|jpe?g|png|tiff?|webp)\Z", re.IGNORECASE)
_AT_ONCE = 500


def receive(call: Call, storage: Storage, own: Callable[[str], tuple[Row[Any] | None, int]], mine: MyOrders) -> tuple[Mapping[str, Any]]:
    """What is to be the document's row; its bytes are kept. `own` finds the caller's document by its SHA-256, and how many bytes all of theirs have.

    NotFound for an order that is not the caller's, TooLarge `document_too_large`, Invalid `document_unfit`, Conflict `document_quota_reached`.
    """
    actor, data = call.require_actor(), call.data
    if "order_id" in data and not mine([data["order_id"]]):
        raise NotFound("not_found", "There is no such order.")
    content, digest = offload(_read, data["content"], data["media_type"], settings().document_limit)
    facts = {"id": new_id(), "owner_id": actor.id, "sha256": digest, "media_type": data["media_type"], "size": len(content), "name": data["name"]}
    row, used = own(digest)
    if row:
        facts = row._asdict()
    elif used + len(content) > settings().document_quota:
        raise Conflict("document_quota_reached", f"Your documents may have {settings().document_quota} bytes in all, and have {used}.", used=used)
    if not storage.exists(_path(facts)):
        storage.write(_path(facts), content)
    return (facts,)


def record(tx: Transaction, call: Call, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The caller's document of these bytes, from now on also for the order that the call names."""
    tx.insert_once(documents, {"created_at": tx.now, **facts})
    row = find_own(tx, facts["owner_id"], facts["sha256"])
    assert row
    if "order_id" in call.data:
        tx.insert_once(document_orders, {"document_id": row.id, "order_id": call.data["order_id"]})
    return shape(tx, [row])[0]


def find_own(tx: Transaction, owner_id: str, digest: str) -> Row[Any] | None:
    """The owner's document of bytes with this SHA-256."""
    return tx.execute(select(documents).where(documents.c.owner_id == owner_id, documents.c.sha256 == digest)).one_or_none()


def holdings(tx: Transaction, owner_id: str, digest: str) -> tuple[Row[Any] | None, int]:
    """The same, and how many bytes all of the owner's documents have."""
    used = select(func.coalesce(func.sum(documents.c.size), 0)).where(documents.c.owner_id == owner_id)
    return find_own(tx, owner_id, digest), tx.execute(used).scalar_one()


def find(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """The document, whoever asks; NotFound where there is none."""
    row = tx.execute(select(documents).where(documents.c.id == call.data["id"])).one_or_none()
    return shape(tx, [row])[0] if row else _no_such_document()


def shape(tx: Transaction, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Rows of `documents` as the contract's facts, with all their orders."""
    found = tx.execute(select(document_orders).where(document_orders.c.document_id.in_([row.id for row in rows]))).all()
    return [{**row._mapping, "order_ids": sorted(each.order_id for each in found if each.document_id == row.id)} for row in rows]


def seen_by(actor: Actor, document: Mapping[str, Any], mine: MyOrders) -> Mapping[str, Any]:
    """The document as the actor may see it: its owner, an operator, or who is a party to an order that it is for. NotFound for all others."""
    if actor.is_operator or actor.id == document["owner_id"]:
        return document
    shared = mine(document["order_ids"]) if document["order_ids"] else ()
    return {**document, "order_ids": sorted(shared)} if shared else _no_such_document()


def content_of(document: Mapping[str, Any], storage: Storage) -> Mapping[str, Any]:
    """A `DocumentContent`. Unavailable where the bytes are not those that were uploaded: a storage that was mended may have them again."""
    content = storage.read(_path(document))
    if offload(_digest, content) != document["sha256"]:
        log.error("document %s is damaged: its bytes have another SHA-256", document["id"])
        raise Unavailable("documents_unavailable", "This document is damaged, and has to be put back; an operator knows.")
    return {"name": _SUFFIX.sub("", document["name"]), "media_type": document["media_type"], "content": offload(b64encode, content).decode()}


def sweep(storage: Storage, known: Callable[[Sequence[str]], set[str]]) -> None:
    """Remove bytes that no row will ever know. `known` tells which ids have one."""
    old = (utc_now() - ORPHANED).timestamp()
    found = [each for path in storage.paths() if (each := _PATH.fullmatch(path)) and born_at(each["id"]).timestamp() < old]
    for start in range(0, len(found), _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        ids = known([each["id"] for each in some])
        for each in some:
            if each["part"] or each["id"] not in ids:
                log.info("%s is of no document and is removed", each[0])
                storage.remove(each[0])


def known_ids(tx: Transaction, ids: Sequence[str], *which: ColumnElement[bool]) -> set[str]:
    """Those that are documents, or such documents."""
    return set(tx.execute(select(documents.c.id).where(documents.c.id.in_(ids), *which)).scalars())


def _path(facts: Mapping[str, Any]) -> str:
    digest = facts["sha256"]
    return f"{digest[:2]}/{digest}-{facts['id']}"


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _read(encoded: str, media_type: str, most: int) -> tuple[bytes, str]:
    """The bytes and their SHA-256, where they are not too many, and what they are said to be."""
    try:
        content = b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise _unfit("Is not base 64.") from error
    if len(content) > most:
        raise TooLarge("document_too_large", f"A document may have at most {most} bytes.", limit=most)
    try:
        found = puremagic.from_string(content, mime=True)
    except (puremagic.PureError, ValueError):
        found = None
    if found != media_type:
        raise _unfit(f"Is not {media_type}, by its first bytes." if content else "Is empty.")
    return content, _digest(content)


def _unfit(sentence: str) -> Invalid:
    return Invalid("document_unfit", "This document cannot be taken.", {"content": [sentence]})


def _no_such_document() -> NoReturn:
    raise NotFound("document_not_found", "There is no such document.")
