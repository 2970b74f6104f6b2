"""Callbacks: put down with what they tell of, signed, and delivered until they are taken, or late, twice, out of order or never as the mischief has it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sqlite3
import time

import requests

from shared.kit.ids import new_id
from tradelane.provider.mischief import Dice
from tradelane.provider.store import Store

log = logging.getLogger(__name__)

HOLD = 5.0  # seconds that one which is to come after the next is held back at most
TIMEOUT = 5.0
LONGEST_PAUSE = 10.0
IDLE = 60.0
BATCH = 20


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The header `Provider-Signature`: the time, and an HMAC over time and body."""
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def tell(db: sqlite3.Connection, dice: Dice, kind: str, reference: str, state: str, payment: str) -> None:
    """Have the platform called about a payment or a refund (its `reference`) of this payment."""
    if dice.falls("lose"):
        return
    now = time.time()
    body = json.dumps({"id": f"evt_{new_id()}", "type": f"{kind}.{state}", "created": int(now), "reference": reference})
    due = now + dice.seconds("delay_s")
    held = dice.falls("reorder")
    for _ in range(2 if dice.falls("duplicate") else 1):
        db.execute("INSERT INTO deliveries (payment, body, due, held) VALUES (?, ?, ?, ?)", (payment, body, due + HOLD * held, held))


class Courier:
    """Delivers what is due to one address."""

    def __init__(self, store: Store, url: str, secret: str) -> None:
        self._store, self._url, self._secret = store, url, secret
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between the two of us

    def deliver(self) -> float:
        """All that is due, once; the seconds until more is."""
        with self._store.transaction() as db:
            due = db.execute("SELECT * FROM deliveries WHERE due <= ? ORDER BY due, number LIMIT ?", (time.time(), BATCH)).fetchall()
        for delivery in due:
            self._attempt(delivery)
        with self._store.transaction() as db:
            (first,) = db.execute("SELECT min(due) FROM deliveries").fetchone()
        return IDLE if first is None else max(0.0, first - time.time())

    def _attempt(self, delivery: sqlite3.Row) -> None:
        taken = self._post(delivery["body"].encode())
        with self._store.transaction() as db:
            if not taken:
                pause = min(LONGEST_PAUSE, 0.25 * 2 ** delivery["attempts"])
                db.execute("UPDATE deliveries SET due = ?, attempts = attempts + 1 WHERE number = ?", (time.time() + pause, delivery["number"]))
                return
            db.execute("DELETE FROM deliveries WHERE number = ?", (delivery["number"],))
            # Those of the payment that were to come after the next one: this was the next.
            db.execute("UPDATE deliveries SET due = 0, held = 0 WHERE payment = ? AND held AND number < ?", (delivery["payment"], delivery["number"]))

    def _post(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", "Provider-Signature": signature(self._secret, int(time.time()), body)}
        try:
            answer = self._session.post(self._url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            log.info("callback not delivered, to be tried again: %s", error)
            return False
        if not 200 <= answer.status_code < 300:
            log.info("callback answered %d, to be tried again", answer.status_code)
            return False
        return True

    def close(self) -> None:
        self._session.close()
