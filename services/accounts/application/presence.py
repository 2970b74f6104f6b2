"""When accounts were last seen. Told by the gateway, at most once a minute an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select, text

from services.accounts.models import presence
from shared.platform.calls import Call
from shared.platform.columns import Id, UtcDateTime
from shared.platform.database import Transaction

ONLINE = timedelta(minutes=2)

# In one order, so that of two that come at once none waits for what the other has.
_NOTE = text(
    "INSERT INTO presence (account_id, last_seen_at) SELECT id, :now FROM accounts WHERE id IN :ids ORDER BY id"
    " ON CONFLICT (account_id) DO UPDATE SET last_seen_at = excluded.last_seen_at WHERE presence.last_seen_at < excluded.last_seen_at"
).bindparams(bindparam("now", type_=UtcDateTime()), bindparam("ids", type_=Id(), expanding=True))


def note_seen(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """They are here now. An earlier note that comes late changes nothing."""
    tx.execute(_NOTE, {"now": tx.now, "ids": call.data["ids"]})
    return {}


def last_seen(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """`Sightings` of the accounts that were asked for, in their order; for services that ask for somebody who is signed in."""
    call.require_actor()
    rows = tx.execute(select(presence).where(presence.c.account_id.in_(call.data["ids"])))
    seen = {row.account_id: row.last_seen_at for row in rows}
    return {"items": [{"id": id, "last_seen_at": seen.get(id), "online": id in seen and seen[id] > tx.now - ONLINE} for id in call.data["ids"]]}
