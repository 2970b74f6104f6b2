"""HTTP/1.1 messages: a request while it is being received, and an answer as bytes. Checked is here what llhttp lets pass."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Response

from shared.platform.web.request import Request

_HOST = re.compile(r"[A-Za-z0-9._%:\[\]-]*")


class Refused(Exception):
    """A request that never becomes one: the status, and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Incoming:
    """What is received of a request so far. `last`: nothing that follows it on its connection can be trusted."""

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.size = self.received = 0  # of the head: as parsed, and as it came
        self.complete = self.last = self.expects = False  # the head
        self.length = 0
        self.body: list[bytes] = []
        self.body_size = 0  # framing included
        self.environ: dict[str, Any] = {}

    def finish(self, method: bytes, version: str, keep_alive: bool, upgrade: bool) -> None:
        """The head is whole. Refused where it does not say clearly what follows it."""
        environ = self.environ
        environ["REQUEST_METHOD"], environ["SERVER_PROTOCOL"] = method.decode(), f"HTTP/{version}"
        hosts = codings = 0
        for name, value in self.headers:
            key = _key(name)
            text = value.decode("latin-1").strip(" \t")
            if key in environ:
                text = f"{environ[key]},{text}"
            if key:
                environ[key] = text
            hosts += key == "HTTP_HOST"
            codings += key == "HTTP_TRANSFER_ENCODING"
        if version not in ("1.0", "1.1"):
            raise Refused(400 if version == "0.9" else 505, "HTTP/1.0 or 1.1 only.")
        if hosts != 1 and (hosts or version != "1.0"):
            raise Refused(400, "Exactly one Host header is needed.")
        if hosts and not _HOST.fullmatch(environ["HTTP_HOST"]):
            raise Refused(400, "The Host header names no host.")
        if not self.target.startswith(b"/"):  # absolute or an authority, as a proxy is asked
            raise Refused(400, "The request's target must be a path.")
        if codings and (codings != 1 or environ["HTTP_TRANSFER_ENCODING"].lower() != "chunked" or version == "1.0"):
            raise Refused(400, "Transfer-Encoding may only be chunked, and not beside Content-Length.")
        self.length = int(environ.get("CONTENT_LENGTH", 0))
        if upgrade and (self.length or codings):
            raise Refused(400, "No other protocol is spoken here.")
        self.expects = version == "1.1" and environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        self.last = bool(codings) or upgrade or not keep_alive
        self.complete = True

    @property
    def path(self) -> bytes:
        """The target's, unquoted; an encoded slash stays encoded: it separates nothing."""
        path = self.target.partition(b"?")[0]
        return unquote_to_bytes(path.replace(b"%2f", b"%2F").replace(b"%2F", b"%252F")) if b"%" in path else path

    def request(self, server: tuple[str, str], client: str) -> Request:
        environ = self.environ
        environ["PATH_INFO"] = self.path.decode("latin-1")
        environ["QUERY_STRING"] = self.target.partition(b"?")[2].decode("latin-1")
        environ["SERVER_NAME"], environ["SERVER_PORT"] = server
        environ["REMOTE_ADDR"], environ["SCRIPT_NAME"], environ["wsgi.url_scheme"] = client, "", "http"
        request = Request(environ)
        request.content = b"".join(self.body)
        return request


@lru_cache(256)
def _key(name: bytes) -> str:
    """A header's name as WSGI has it; empty for one with an underscore, which there would be the same as one with a hyphen."""
    if b"_" in name:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def answer_bytes(request: Request, response: Response, last: bool) -> bytes:
    """The whole answer. `last`: the connection is closed after it."""
    body = response.get_data()
    head = head_bytes(request, response, last, len(body))
    return head if request.method == "HEAD" else head + body


def head_bytes(request: Request, response: Response, last: bool, length: int | None = None) -> bytes:
    """All that comes before the body; without its length, that ends with the connection."""
    lines = [f"HTTP/1.1 {response.status}", f"Date: {_date(int(time.time()))}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name.lower() not in ("content-length", "connection")]
    if length is not None and response.status_code >= 200 and response.status_code not in (204, 304):
        lines.append(f"Content-Length: {length}")
    if last:
        lines.append("Connection: close")
    elif request.environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        lines.append("Connection: keep-alive")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


@lru_cache(1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
