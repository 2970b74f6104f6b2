"""A client's way to the system: over any of its gateways, again and again under the same key, until a request is answered."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import requests

from tests.faults.tally import Tally
from tradelane.client import Refused

Json = dict[str, Any]

TIMEOUT = (2.0, 12.0)
"""Seconds to connect, and for the answer: a gateway gives up a call sooner."""
PAUSE = 0.3


class GaveUp(Exception):
    """Nobody answered, or nothing came of it, for so long that going on makes no sense."""


@dataclass
class Account:
    email: str
    password: str = field(repr=False)
    id: str = ""
    token: str = field(default="", repr=False)


class Web:
    """One thread's connections. `patience()` says when to go on trying makes no sense any more."""

    def __init__(self, gateways: list[str], tally: Tally, patience: Callable[[], bool]) -> None:
        self.gateways, self.tally, self.patience = gateways, tally, patience
        self.turn = random.randrange(len(gateways))
        self.http = requests.Session()
        self.http.trust_env = False

    def read(self, account: Account, path: str) -> Json:
        return self._ask(account, "GET", path, None, {}).json()  # type: ignore[no-any-return]

    def fetch(self, account: Account, path: str) -> bytes:
        """What is no JSON."""
        return self._ask(account, "GET", path, None, {}).content

    def command(self, account: Account | None, path: str, body: Json) -> Json:
        """A POST with a key of its own. Refused where the system says no."""
        self.tally.count("attempts")
        sent = time.monotonic()
        answer: Json = self._ask(account, "POST", path, body, {"Idempotency-Key": str(uuid4())}).json()
        self.tally.answered(sent)
        return answer

    def sign_in(self, account: Account) -> None:
        account.token = self.command(None, "/v1/sessions", {"email": account.email, "password": account.password})["access_token"]

    def _ask(self, account: Account | None, method: str, path: str, body: Json | None, headers: dict[str, str]) -> requests.Response:
        while self.patience():
            bearer = {"Authorization": f"Bearer {account.token}"} if account else {}
            try:
                answer = self.http.request(method, self.gateways[self.turn] + path, json=body, headers=headers | bearer, timeout=TIMEOUT)
                content = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
            except (requests.RequestException, ValueError):
                answer, content = None, {}
            if answer is not None and answer.ok:
                return answer
            code = content.get("code")
            if code == "token_expired" and account:
                self.sign_in(account)
                continue
            if answer is not None and answer.status_code not in (429, 500, 502, 503) and code != "still_running":
                raise Refused(f"{method} {path}", answer.status_code, content)
            if answer is not None and answer.status_code == 500:
                self.tally.trouble(f"{method} {path.rpartition('/')[2]} answered with 500")
            self.turn = (self.turn + 1) % len(self.gateways)
            time.sleep(PAUSE * random.uniform(0.5, 1.5))
        raise GaveUp(f"{method} {path}")
