"""What every refusal must be: a problem document (RFC 9457) that says what is wrong and nothing about the inside."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from tradelane.demo.trade import Json

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "allowed", "version", "state", "roles", "limit", "reserved", "correlation_id"}


def refused(answer: requests.Response, status: int, code: str, errors: Mapping[str, str] | None = None) -> Json:
    """The answer's problem document, which is of this status and code and says of these fields, and no others, what is expected to be in a sentence."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    problem: Json = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), answer.text
    assert problem["type"] == f"/problems/{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["correlation_id"] == answer.headers.get("X-Correlation-ID", problem["correlation_id"])
    assert problem.keys() <= MEMBERS
    assert not any(word in answer.text for word in ("Traceback", "Error(", ".py", "sqlalchemy", "marshmallow", "psycopg"))
    told = problem.get("errors", {})
    assert told.keys() == (errors or {}).keys(), told
    for field, part in (errors or {}).items():
        assert any(part in sentence for sentence in told[field]), told
    return problem
