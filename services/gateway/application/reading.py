"""What a request asks for: its data, command id, precondition and preferences. Strict about form; what the data mean is for their service to say."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import UnsupportedMediaType

from services.gateway.application.route import DELETE, GET, Route
from shared.contracts.documents import MEDIA_TYPES
from shared.contracts.operations import LONGEST_USER_AGENT
from shared.kit.actor import Actor
from shared.kit.card_numbers import refuse_card_numbers
from shared.kit.errors import Invalid, Malformed, TooLarge
from shared.kit.ids import derived_id, new_id
from shared.platform.web import Request

DEEPEST = 16
"""How deep JSON may be nested; the deepest form has five levels."""
MOST_NAMES = 100
"""How many names an object may have; the largest have some twenty, and a product 50 properties."""
LARGEST_OF_NOBODY = 1 << 16
"""Bytes of a body from somebody who is not signed in, so that reading it costs little; the largest request has a few hundred."""
LONGEST_WAIT = 30

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'"(\d{1,18})"', re.ASCII)
_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;|,|$)', re.ASCII | re.IGNORECASE)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def read_data(route: Route, request: Request) -> dict[str, Any]:
    """The operation's data. Malformed, Invalid, or a 415 where they cannot be read; values are not looked at."""
    values: dict[str, Any] = {name: str(value) for name, value in request.path_values.items()}
    if route.takes_if_match:
        values |= _if_match(request)
    elif "If-Match" in request.headers and route.method != "GET":
        raise Malformed("if_match_not_taken", "This operation takes no If-Match.")
    if route.takes_address:
        values |= {"remote_address": request.remote_addr, "user_agent": request.headers.get("User-Agent", "")[:LONGEST_USER_AGENT] or None}
    given = _query(request) if route.method in (GET, DELETE) or route.takes_document else _callback(request) if route.is_callback else _body(route, request)
    if elsewhere := [name for name in given if name in route.elsewhere]:
        raise Invalid("invalid_fields", "Some fields are missing or wrong.", {name: ["Unknown field."] for name in elsewhere})
    data = {**given, **values}
    _check(data, DEEPEST)
    if route.refuses_card_numbers:
        refuse_card_numbers(data)
    return data | _document(request) if route.takes_document else data


def command_id(request: Request, actor: Actor | None) -> str:
    """The same for the same Idempotency-Key of the same caller (an account, or the address of somebody not signed in); without a key a new one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return new_id()
    if not _KEY.fullmatch(key):
        raise Malformed("idempotency_key_malformed", "An Idempotency-Key has 1 to 200 visible ASCII characters.")
    return derived_id(actor.id if actor else request.remote_addr or "", key)


def wait_seconds(request: Request) -> int | None:
    """How long the caller would have the answer held (`Prefer: wait`, RFC 7240 § 4.3), as far as we do. Preferences that cannot be read are ignored."""
    preferred = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(preferred[1]), LONGEST_WAIT) if preferred else None


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object; Malformed for anything else, for names that come twice, and for NaN and numbers beyond what JSON's readers agree on."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse, parse_float=_float)
    except (ValueError, RecursionError) as error:
        raise _malformed("The body is not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise _malformed("The body must be a JSON object.")
    return value


def _query(request: Request) -> dict[str, Any]:
    if twice := sorted(name for name, values in request.args.lists() if len(values) > 1):
        raise Malformed("query_malformed", f"{', '.join(twice)} may be given once only.")
    return dict(request.args)


def _body(route: Route, request: Request) -> dict[str, Any]:
    if not request.content and route.body_as:  # an action without a form needs none
        return {route.body_as: {}}
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("The body must be application/json, not compressed.")
    if route.public and len(request.content) > LARGEST_OF_NOBODY:
        raise TooLarge("body_too_large", f"The body of this request may have at most {LARGEST_OF_NOBODY} bytes.", limit=LARGEST_OF_NOBODY)
    given = parse(request.content)
    return {route.body_as: given} if route.body_as else given


def _callback(request: Request) -> dict[str, Any]:
    try:
        body = request.content.decode()
    except UnicodeDecodeError as error:
        raise Malformed("body_malformed", "The body is not text in UTF-8.") from error
    return {"body": body, "signatures": {name.lower(): value for name, value in request.headers.items() if name.lower().endswith("-signature")}}


def _document(request: Request) -> dict[str, str]:
    if request.mimetype not in MEDIA_TYPES or request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType(f"A document is one of {', '.join(MEDIA_TYPES)}, not compressed.")
    return {"media_type": request.mimetype, "content": b64encode(request.content).decode()}


def _if_match(request: Request) -> Mapping[str, int]:
    given = request.headers.get("If-Match", "*")
    if given == "*":  # whatever version there is
        return {}
    version = _VERSION.fullmatch(given)
    if version is None:
        raise Malformed("if_match_malformed", 'If-Match takes the ETag of an answer, e.g. "7".')
    return {"if_match": int(version[1])}


def _check(value: Any, levels: int) -> None:
    """Malformed where JSON is nested too deep, or has text that neither UTF-8 nor PostgreSQL can keep (lone surrogates, U+0000)."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise Malformed("text_malformed", "Text may contain neither U+0000 nor lone surrogates.")
    elif isinstance(value, (dict, list)):
        if levels == 0:
            raise Malformed("json_too_deep", f"JSON may be nested {DEEPEST} levels deep.")
        for each in (*value, *value.values()) if isinstance(value, dict) else value:
            _check(each, levels - 1)


def _malformed(sentence: str) -> Malformed:
    return Malformed("json_malformed", sentence)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise _malformed(f"An object may have at most {MOST_NAMES} names.")
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _malformed(f"{next(name for name in names if names.count(name) > 1)!r} comes twice in one object.")
    return value


def _refuse(constant: str) -> Any:
    raise _malformed(f"{constant} is not JSON.")


def _float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits[:30])
