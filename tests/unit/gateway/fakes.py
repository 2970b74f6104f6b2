"""The other services as the gateway sees them, and a way to ask the gateway without a socket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from limits import RateLimitItem
from werkzeug.test import Client, TestResponse

from services.gateway.application.identity import Keys
from services.gateway.application.limiting import Limits
from services.gateway.application.pages import PAGES
from services.gateway.application.routes import routes
from services.gateway.application.streams import Streams
from services.gateway.service import GatewayService
from shared.contracts.accounts import SIGNING_KEYS
from shared.contracts.operations import Operation
from shared.contracts.presence import NOTE_SEEN
from shared.kit.actor import Actor
from shared.kit.errors import TradeError
from shared.platform import context
from shared.platform.settings import settings
from shared.platform.web.application import Application
from shared.platform.web.entrypoint import BoundRule

BUYER = "01890a5d-ac96-774b-bcce-b302099a8057"
ORDER = "01890a5d-ac96-774b-bcce-b302099a8058"
PARTY = {"id": BUYER, "name": "Ada"}


@dataclass
class Asked:
    """One call as it reached the bus."""

    operation: Operation
    data: Mapping[str, Any]
    actor: Actor | None
    command_id: str
    context: context.Context


@dataclass
class Services:
    """Answers each operation with a value, the result of a function of its data, or by raising an error."""

    answers: dict[Operation, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    down: dict[str, TradeError] = field(default_factory=dict)

    def call(self, operation: Operation, data: Mapping[str, Any], *, actor: Actor | None = None, command_id: str = "") -> Any:
        self.asked.append(Asked(operation, json.loads(json.dumps(data)), actor, command_id, context.current()))
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer(data) if callable(answer) else answer

    def ping(self, service: str, timeout: float) -> None:
        if service in self.down:
            raise self.down[service]

    def calls_of(self, operation: Operation) -> list[Asked]:
        return [each for each in self.asked if each.operation is operation]


class Signer:
    """A signing key of accounts."""

    def __init__(self, kid: str = "one") -> None:
        self.private, self.kid = Ed25519PrivateKey.generate(), kid

    @property
    def public(self) -> dict[str, Any]:
        return {**OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid, "alg": "EdDSA", "use": "sig"}

    def token(self, **claims: Any) -> str:
        """A good token of the buyer; a claim given as None is left out."""
        now = int(time.time())
        good = {
            "sub": BUYER,
            "aud": "tradelane",
            "iss": "tradelane/accounts",
            "iat": now,
            "exp": now + 60,
            "roles": ["buyer"],
            "name": "Ada",
            "verified": False,
            "sid": BUYER,
        }
        return jwt.encode({name: value for name, value in {**good, **claims}.items() if value is not None}, self.private, "EdDSA", {"kid": self.kid})


class Gateway:
    """The gateway with fake services behind it. Asks as the signed-in buyer unless told otherwise."""

    def __init__(
        self, production: bool = False, stopping: Callable[[], bool] = lambda: False, origins: tuple[str, ...] = (), **limits: RateLimitItem | None
    ) -> None:
        self.signer, self.services = Signer(), Services()
        self.services.answers[SIGNING_KEYS] = {"keys": [self.signer.public]}
        self.services.answers[NOTE_SEEN] = {}
        service = GatewayService()
        service.rpc, service.identity, service.limits = self.services, Keys(), Limits(replace(settings(), **limits))
        service.streams = Streams()
        rules = [BoundRule(each, service.answer) for each in (*routes(production), *PAGES)]
        self.client = Client(Application(service.name, rules, stopping, origins))

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = "", address: str = "127.0.0.1", **headers: str) -> TestResponse:
        """Headers by their names with `_` for `-`. `body` is sent as JSON, bytes as they are."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.signer.token()}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.open(path, method=method, data=data, headers=sent, environ_base={"REMOTE_ADDR": address})


def order(**changes: Any) -> dict[str, Any]:
    """An order as the orders service answers it."""
    made = {
        "id": ORDER,
        "number": "TO-1",
        "state": "awaiting_payment",
        "label": "Waiting payment",
        "awaiting": [],
        "version": 7,
        "buyer": PARTY,
        "supplier": {"id": ORDER, "name": "Bo"},
        "total": {"amount": "12.34", "currency": "USD"},
        "payable": {"amount": "12.34", "currency": "USD"},
        "placed_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "terms": {"incoterm": "FOB", "named_place": "Shanghai", "channel": "sea", "ship_to": {"name": "Ada", "street": "1", "city": "Oslo", "country": "NO"}},
        "lines": [],
        "steps": [{"name": "payment", "label": "Payment", "status": "current", "actor": "buyer"}],
        "history": [],
        "deadlines": [],
        "drafts": {},
        "customs_gaps": [],
        "actions": [{"name": "pay", "label": "Payment", "form": "payment", "step": "payment", "draft": True}],
    }
    return {**made, **changes}
