"""The sandbox over HTTP: who may ask, once a key, what went wrong in words. What is done is in `methods` and `payments`."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from shared.contracts.validation import instance, load
from shared.kit.errors import Conflict, Malformed, TradeError, Unauthenticated
from tradelane.provider.mischief import Dice, Mischief, MischiefShape
from tradelane.provider.refusal import Refusal
from tradelane.provider.store import Store

log = logging.getLogger(__name__)

LARGEST_BODY = 16_384
_STATUS = {"malformed": 400, "unauthenticated": 401, "not_found": 404, "conflict": 409, "invalid": 422}

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """`public` is for clients, who may only make tokens with it; `secret` is the platform's."""

    public: str
    secret: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`act` gets the transaction and what its shape loads from the body, or the path's values where it has none.

    `public`: the public key will do; `open`: none is asked for. `once`: it takes an idempotency key. `troubled`: mischief may befall it.
    """

    act: Callable[..., Answer]
    shape: type[Schema] | None = None
    status: int = 200
    public: bool = False
    open: bool = False
    once: bool = False
    troubled: bool = False


class Application:
    """A WSGI application. `changed` is called when there may be something to settle or to deliver."""

    def __init__(self, endpoints: dict[tuple[str, str], Endpoint], store: Store, dice: Dice, keys: Keys, changed: Callable[[], None]) -> None:
        self._map = Map([Rule(path, methods=(method,), endpoint=endpoint) for (method, path), endpoint in endpoints.items()])
        self._store, self._dice, self._keys, self._changed = store, dice, keys, changed

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.max_content_length = LARGEST_BODY
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            endpoint, values = self._map.bind_to_environ(request.environ).match()
            return _json(*self._answer(request, endpoint, values))
        except HTTPException as error:
            return _json(error.code or 500, _error(str(error.name).lower().replace(" ", "_"), error.description or ""))
        except Refusal as refusal:
            return _json(402, _error(refusal.reason, "The provider says no."))
        except TradeError as error:
            return _json(_STATUS[error.kind], _error(error.code, error.message) | {"errors": error.errors})
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return _json(500, _error("internal_error", "Try again."))

    def _answer(self, request: Request, endpoint: Endpoint, values: Mapping[str, Any]) -> tuple[int, Answer]:
        if not endpoint.open:
            self._check_key(request, endpoint)
        if endpoint.troubled and self._dice.falls("error_before"):
            return 500, _error("mischief", "Nothing was done.")
        data = (load(instance(endpoint.shape), _body(request)),) if endpoint.shape else ()
        key = _idempotency_key(request) if endpoint.once else None
        with self._store.transaction() as db:
            before = db.total_changes
            answer = self._once(db, key, request, lambda: endpoint.act(db, *data, **values))
            changed = db.total_changes > before
        if changed:
            self._changed()
        if endpoint.troubled:
            self._dice.hold()
            if self._dice.falls("error_after"):
                return 500, _error("mischief", "It was done.")
        return endpoint.status, answer

    def _check_key(self, request: Request, endpoint: Endpoint) -> None:
        given = (request.authorization.token if request.authorization else None) or ""
        allowed = [self._keys.secret, *([self._keys.public] if endpoint.public else [])]
        if not any(hmac.compare_digest(given.encode(), key.encode()) for key in allowed):
            raise Unauthenticated("key_invalid", "Authorization: Bearer with the right key is missing.")

    def _once(self, db: sqlite3.Connection, key: str | None, request: Request, act: Callable[[], Answer]) -> Answer:
        """The first answer to the key again, or else what `act` answers."""
        if key is None:
            return act()
        asked = hashlib.sha256(b"\n".join((request.method.encode(), request.path.encode(), request.get_data()))).hexdigest()
        known = db.execute("SELECT * FROM answers WHERE key = ?", (key,)).fetchone()
        if known is None:
            answer = act()
            db.execute("INSERT INTO answers VALUES (?, ?, ?)", (key, asked, json.dumps(answer)))
            return answer
        if known["request"] != asked:
            raise Conflict("idempotency_key_reused", "This Idempotency-Key stands for another request.")
        first: Answer = json.loads(known["body"])
        return first


def mischief_endpoints(dice: Dice) -> dict[tuple[str, str], Endpoint]:
    """What goes wrong, read and set; it outlives a restart."""

    def put(db: sqlite3.Connection, data: dict[str, Any]) -> Answer:
        dice.take(Mischief(**data))
        answer = dice.mischief.dump()
        db.execute("INSERT INTO mischief VALUES (1, ?) ON CONFLICT DO UPDATE SET body = excluded.body", (json.dumps(answer),))
        return answer

    return {
        ("GET", "/v1/mischief"): Endpoint(lambda _db: dice.mischief.dump()),
        ("PUT", "/v1/mischief"): Endpoint(put, MischiefShape),
    }


def _body(request: Request) -> Any:
    raw = request.get_data()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Malformed("invalid_json", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Malformed("invalid_json", "The body is not a JSON object.")
    return body


def _idempotency_key(request: Request) -> str:
    key: str = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= 200:
        raise Malformed("idempotency_key_missing", "Give an Idempotency-Key of 1 to 200 characters.")
    return key


def _error(code: str, message: str) -> Answer:
    return {"code": code, "message": message}


def _json(status: int, answer: Answer) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
