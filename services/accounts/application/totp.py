"""The second factor: codes by the clock (RFC 6238) and recovery codes, none of them good twice.

The secret stands in the database as it is, beside the keys that tokens are signed with: who can read those needs no second factor.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import pyotp
import segno
from sqlalchemy import delete, func, insert, select, update

from services.accounts.application.sessions import own_by_session
from services.accounts.models import recovery_codes, totps
from shared.kit.errors import Conflict, Invalid
from shared.platform.calls import Call
from shared.platform.database import Transaction

ISSUER = "Tradelane"
CODES = 10
WINDOW = 1
"""How many codes before and after the present one are taken, too: clocks differ, and people take time to type."""


def get(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Whether the caller has a second factor, and how many recovery codes are left."""
    account_id = call.require_actor().id
    enabled_at = tx.execute(select(totps.c.confirmed_at).where(totps.c.account_id == account_id)).scalar_one_or_none()
    left = tx.execute(select(func.count()).where(recovery_codes.c.account_id == account_id)).scalar_one()
    return {"enabled_at": enabled_at, "recovery_codes_left": left}


def enrol(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """A secret for the caller's app, in place of one that has not been confirmed. Conflict `totp_on` where one has."""
    account, secret = own_by_session(tx, call), pyotp.random_base32()
    fresh = {"secret": secret, "created_at": tx.now}
    mine = tx.upsert(totps).values(account_id=account.id, last_step=0, **fresh)
    if not tx.execute(mine.on_conflict_do_update(index_elements=["account_id"], set_=fresh, where=totps.c.confirmed_at.is_(None))).rowcount:
        raise Conflict("totp_on", "There is a second factor already; disable it first.")
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.email or account.name, issuer_name=ISSUER)
    return {"secret": secret, "uri": uri, "qr": segno.make(uri, micro=False).svg_inline(scale=4)}


def confirm(tx: Transaction, call: Call) -> Mapping[str, Any]:
    """Signing in takes a code from now on. Its recovery codes; Invalid `totp_incorrect`, Conflict `totp_not_enrolled`."""
    account_id = own_by_session(tx, call).id
    secret = tx.execute(select(totps.c.secret).where(totps.c.account_id == account_id, totps.c.confirmed_at.is_(None))).scalar_one_or_none()
    if secret is None:
        raise Conflict("totp_not_enrolled", "There is no secret to be confirmed: ask for one with POST /v1/me/totp.")
    step = _step(secret, _plain(call.data["code"]), tx.now)
    if step is None:
        raise Invalid("totp_incorrect", "The code is not right.", {"code": ["Is not what the app shows now."]})
    waiting = (totps.c.account_id == account_id) & (totps.c.secret == secret) & totps.c.confirmed_at.is_(None)
    if not tx.execute(update(totps).where(waiting).values(confirmed_at=tx.now, last_step=step)).rowcount:
        raise Conflict("totp_not_enrolled", "It was confirmed, or enrolled anew, at the same time.")
    codes = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(CODES)]  # 80 bits: too many to be found from a fast hash
    tx.execute(insert(recovery_codes), [{"account_id": account_id, "code_hash": _digest(code)} for code in codes])
    return {"recovery_codes": ["-".join(re.findall("....", code)) for code in codes]}


def is_on(tx: Transaction, account_id: str) -> bool:
    """Whether the account's sign-in takes a code."""
    return tx.execute(select(totps.c.confirmed_at).where(totps.c.account_id == account_id)).scalar_one_or_none() is not None


def accept(tx: Transaction, account_id: str, code: str) -> bool:
    """Whether the code, or recovery code, is right and was not used before; it is used up. Of two that come at once with one code one is right."""
    code = _plain(code)
    secret = tx.execute(select(totps.c.secret).where(totps.c.account_id == account_id, totps.c.confirmed_at.is_not(None))).scalar_one_or_none()
    if secret is not None and (step := _step(secret, code, tx.now)):
        unused = update(totps).where(totps.c.account_id == account_id, totps.c.last_step < step).values(last_step=step)
        return tx.execute(unused).rowcount > 0
    mine = (recovery_codes.c.account_id == account_id) & (recovery_codes.c.code_hash == _digest(code))
    return tx.execute(delete(recovery_codes).where(mine)).rowcount > 0


def disable(tx: Transaction, account_id: str) -> bool:
    """Signing in takes the password alone; whether that is new."""
    tx.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    return tx.execute(delete(totps).where(totps.c.account_id == account_id)).rowcount > 0


def _step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code it is, of those that are taken now."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except pyotp.OTPVerificationError:
        return None


def _plain(code: str) -> str:
    """As people group it, in any case."""
    return re.sub(r"[\s-]", "", code).lower()


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
