"""A caller of the HTTP face: one account's session with a running system. Plain requests; it knows no trade, only how to ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

Json = dict[str, Any]


class Refused(Exception):
    """The system refused a request. `problem` is its problem document (RFC 9457), `status` the HTTP status."""

    def __init__(self, request: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{request} → {status} {problem.get('title', '')}: {problem.get('detail', '')}".rstrip(": "))
        self.request = request
        self.status = status
        self.problem = problem


class _Again(Retry):
    """Sends again what was lost on the way, and what was answered with a Retry-After."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return has_retry_after and status_code in {409, 429, 503}


class Client:
    """Every POST carries an `Idempotency-Key`, so that a request that is sent again still counts once."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self.url = url
        self.timeout = timeout
        self._refresh_token = ""
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=_Again(total=6, backoff_factor=0.2, allowed_methods=None, raise_on_status=False)))

    def register(self, **account: Any) -> Json:
        """Open an account with the fields of the contract's Register, and sign in to it. Answers the account."""
        opened: Json = self.post("/v1/accounts", account)
        self.sign_in(account.get("email") or account["user_name"], account["password"])
        return opened

    def sign_in(self, name: str, password: str) -> None:
        """By e-mail address or user name."""
        self._use(self.post("/v1/sessions", {"email" if "@" in name else "user_name": name, "password": password}))

    def refresh(self) -> None:
        """Go on with new tokens, which say what the account has become by now."""
        self._use(self.post("/v1/sessions/refresh", {"refresh_token": self._refresh_token}))

    def _use(self, tokens: Json) -> None:
        self._refresh_token = tokens["refresh_token"]
        self.session.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def get(self, path: str, **filters: Any) -> Any:
        return self.request("GET", path, params=filters).json()

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self.send("PUT", path, body)

    def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None, wait: int | None = None) -> Any:
        return self.send("POST", path, body, key=key, wait=wait)

    def send(self, method: str, path: str, body: Mapping[str, Any], *, key: str | None = None, wait: int | None = None) -> Any:
        """`key`: the idempotency key of a request made before; `wait`: seconds the answer may be held until the step is done (RFC 7240)."""
        headers = {"Idempotency-Key": key or str(uuid4())} if method == "POST" else {}
        return self.request(method, path, json=body, headers=headers | ({"Prefer": f"wait={wait}"} if wait else {})).json()

    def upload(self, name: str, content: bytes, media_type: str, **query: str) -> Json:
        """Keep a document; what it is."""
        headers = {"Content-Type": media_type, "Idempotency-Key": str(uuid4())}
        kept: Json = self.request("POST", "/v1/documents", params={"name": name, **query}, data=content, headers=headers).json()
        return kept

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Any request; `path` may be an answer's href. Raises Refused for every status of 400 and above."""
        answer = self.session.request(method, urljoin(self.url, path), timeout=self.timeout, **options)
        if not answer.ok:
            raise Refused(f"{method} {path}", answer.status_code, _problem(answer))
        return answer


def _problem(answer: requests.Response) -> Json:
    try:
        document = answer.json()
    except requests.JSONDecodeError:
        document = None
    return document if isinstance(document, dict) else {"title": answer.reason, "detail": answer.text[:300]}
