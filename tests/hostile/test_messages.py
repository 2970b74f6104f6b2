"""Requests that two readers might read in two ways, addresses and hosts with tricks, bodies made to keep a reader busy, words that want to get into headers,
logs and pages."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.builders.system import System
from tests.hostile.attacker import HOST, Attacker, answers

POST = b"POST /v1/sessions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 6\r\n" + CHUNKED + b"0\r\n\r\nX",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX",
        POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        POST + b"Content-Length: 0, 44\r\n\r\n",
        POST + b"Content-Length: 0x0\r\n\r\n",
        POST + b"Content-Length : 44\r\n\r\n",
        POST + b" Content-Length: 44\r\n\r\n",
        POST + b"Content-Length\t: 44\r\n\r\n",
        POST + b"X: a\rContent-Length: 44\r\n\r\n",
        POST + b"X: a\nContent-Length: 44\r\n\r\n",
        POST + b"X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
        POST + b"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\x00\r\n\r\n",
        POST + CHUNKED + b"0;\nX: a\r\n\r\n",
        POST + CHUNKED + b"0 ;a\r\n\r\n\n",
        POST + CHUNKED + b"2\r\n{}\n0\r\n\r\n",
        POST + CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
        POST + CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n",
        POST + CHUNKED + b"2\r\n{}XX0\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: gateway\n\n",
        b"GET /healthz HTTP/1.1 \r\n" + HOST + b"\r\n",
        b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /healthz HTTP/1.1\r\n" + HOST + b"Host: other\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: evil.example/\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: user@gateway\r\n\r\n",
        b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n",
        b"GETT /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
)
def test_nothing_is_read_behind_what_can_be_read_in_two_ways(attacker: Attacker, raw: bytes) -> None:
    (answer,) = answers(attacker.send(raw + SMUGGLED))
    assert answer.status in (400, 505)
    assert answer.headers["connection"] == "close"


def test_nothing_is_read_behind_a_request_that_failed(attacker: Attacker) -> None:
    good = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    told = answers(attacker.send(good + good + b"BAD\r\n\r\n" + SMUGGLED))
    assert [answer.status for answer in told] == [200, 200, 400]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/v1/../metrics", 404),
        (b"/v1/%2e%2e/metrics", 404),
        (b"//metrics", 404),
        (b"/%2fmetrics", 404),
        (b"/v1%2Fme", 404),
        (b"/metrics/", 404),
        (b"/metrics%00", 404),
        (b"/metrics;x", 404),
        (b"/metrics%20", 404),
        (b"/METRICS", 404),
        (b"/docs/..%2f..%2fpages.py", 404),
        (b"/docs/%2e%2e%5cpages.py", 404),
        (b"/%ff%fe", 404),
        (b"/%u002e", 404),
        (b"/v1/tracking/%00", 400),
        (b"/v1/tracking/%0d%0aX-Evil:%201", 200),
        (b"/v1/tracking/" + b"1" * 8000, 200),
        (b"/v1/products?cursor=%00", 401),
    ],
)
def test_an_address_is_what_it_says(attacker: Attacker, target: bytes, status: int) -> None:
    answer = attacker.ask(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert (answer.status == status) or (status == 200 and answer.status in (404, 422)), answer.body
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(("method", "status"), [("TRACE", 405), ("OPTIONS", 405), ("PROPFIND", 405), ("DELETE", 405), ("PURGE", 405), ("HEAD", 200)])
def test_a_method_that_is_none_does_nothing(victim: System, method: str, status: int) -> None:
    answer = requests.request(method, f"{victim.url}/healthz", headers={"X-Secret": "echo-me"}, timeout=30)
    assert answer.status_code == status
    assert "echo-me" not in answer.text


def test_no_answer_believes_the_host_that_a_client_names(victim: System) -> None:
    for path in ("/docs", "/openapi.json", "/v1/me", "/nowhere"):
        headers = {
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "host=evil.example",
            "X-Original-URL": "/metrics",
            "X-Rewrite-URL": "/metrics",
        }
        answer = requests.get(f"{victim.url}{path}", headers=headers, timeout=30, allow_redirects=False)
        assert "evil.example" not in answer.text + str(answer.headers)
        assert "tradelane_http" not in answer.text


def test_the_methods_name_in_another_header_is_only_a_header(victim: System, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    assert requests.get(f"{victim.url}/v1/me", headers=headers, timeout=30).status_code == 200
    assert requests.get(f"{victim.url}/v1/me?_method=DELETE", headers=headers, timeout=30).status_code == 422


JSON = {"Content-Type": "application/json"}
NAMES = b"{" + b",".join(b'"a%d":1' % number for number in range(90_000)) + b',"a89999":1}'
LINES = b'{"lines": [' + b",".join([b"{}"] * 300_000) + b"]}"
BOMB = gzip.compress(b"\0" * 50_000_000)
NESTED = b'{"lines": ' + b"[" * 500_000


def processor_time(victim: System) -> float:
    """Seconds that the system's process has worked so far: however busy the machine is, no more than it did."""
    assert victim.process
    user, system = Path(f"/proc/{victim.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(NAMES, "json_malformed", id="names, one of them twice"),
        pytest.param(LINES, "invalid_fields", id="a list without end"),
        pytest.param(b'{"lines": [' + b",".join([b"1"] * 500_000) + b"]}", "invalid_fields", id="numbers without end"),
        pytest.param(b'{"lines": [' + b",".join([b"[]"] * 300_000) + b"]}", "invalid_fields", id="lists without end"),
        pytest.param(NESTED, "json_malformed", id="depth without end"),
        pytest.param(b'{"a":' * 200_000, "json_malformed", id="objects in objects"),
        pytest.param(b'{"message": ' + b"9" * 1_000_000 + b"}", "json_malformed", id="a number without end"),
        pytest.param(b'{"message": ' + b"9" * 4_000 + b"}", "invalid_fields", id="a long number"),
        pytest.param(b'{"message": 1e999999999}', "json_malformed", id="a huge number"),
        pytest.param(b'{"message": -0.' + b"1" * 1_000_000 + b"}", "invalid_fields", id="decimals without end"),
        pytest.param(b'{"message": "' + b"a" * 1_000_000 + b'"}', "invalid_fields", id="a text without end"),
        pytest.param(b'{"message": "' + b"\\u0041" * 170_000 + b'"}', "invalid_fields", id="escapes without end"),
        pytest.param(b'{"message": "\\ud800"}', "text_malformed", id="half a character"),
        pytest.param(b'{"\\udfff": 1}', "text_malformed", id="half a character as a name"),
        pytest.param(b'{"message": "\xed\xa0\x80"}', "json_malformed", id="half a character in UTF-8"),
        pytest.param(b'{"message": "\xc0\xaf"}', "json_malformed", id="overlong"),
        pytest.param(b'{"message": "\xff"}', "json_malformed", id="no UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", "json_malformed", id="a byte order mark"),
        pytest.param(json.dumps({"message": "x"}).encode("utf-16"), "json_malformed", id="UTF-16"),
        pytest.param(json.dumps({"message": "x"}).encode("utf-32-le"), "json_malformed", id="UTF-32"),
        pytest.param(b'{"message": "+ADw-script+AD4-"}', "invalid_fields", id="UTF-7"),
        pytest.param(b"{'message': 1}", "json_malformed", id="no JSON"),
        pytest.param(b'{"message": 1,}', "json_malformed", id="a comma too many"),
        pytest.param(b'{"message": 0x10}', "json_malformed", id="hexadecimal"),
        pytest.param(b'{"__proto__": {"roles": ["operator"]}, "constructor": 1}', "invalid_fields", id="names of programming languages"),
    ],
)
def test_a_body_made_to_keep_its_reader_busy_or_confused(victim: System, token: str, body: bytes, code: str) -> None:
    before = processor_time(victim)
    answer = requests.post(f"{victim.url}/v1/enquiries", body, headers=JSON | {"Authorization": f"Bearer {token}"}, timeout=20)
    assert answer.json()["code"] == code, answer.text[:300]
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 20_000
    assert processor_time(victim) - before < 3


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "x-gzip", "gzip, gzip"])
def test_a_packed_body_is_not_unpacked(victim: System, token: str, encoding: str) -> None:
    headers = JSON | {"Authorization": f"Bearer {token}", "Content-Encoding": encoding}
    assert requests.post(f"{victim.url}/v1/enquiries", BOMB, headers=headers, timeout=20).status_code == 415


@pytest.mark.parametrize(
    "query",
    [
        "limit=99999999999999999999999999",
        "limit=-1",
        "limit=1e9",
        f"limit={'9' * 5000}",
        "cursor=" + "A" * 4000,
        "cursor=%F0%9F%92%A9",
        "cursor=OTk5OTktMDEtMDE=",
        "cursor=' OR 1=1 --",
        "limit[]=1",
        "limit=1%00",
        "&".join(f"a{number}=1" for number in range(900)),
        "state[$ne]=x",
    ],
)
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/products", "/v1/enquiries"])
def test_a_query_with_tricks_is_refused_by_name(victim: System, token: str, path: str, query: str) -> None:
    answer = requests.get(f"{victim.url}{path}?{query}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] in ("invalid_fields", "cursor_invalid", "text_malformed", "query_malformed")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Idempotency-Key": "k" * 201}, 400),
        ({"Idempotency-Key": ""}, 400),
        ({"Idempotency-Key": "a b"}, 400),
        ({"If-Match": '"99999999999999999999"'}, 400),
        ({"If-Match": '"-1"'}, 400),
        ({"Prefer": "wait=99999999999999999999"}, 422),
        ({"Prefer": ", " * 3000 + "wait" + " " * 1000 + "="}, 422),
        ({"traceparent": "00-" + "0" * 8000}, 422),
        ({"X-Correlation-ID": "x" * 4000}, 422),
        ({"Accept": "*/*;q=" + "9" * 4000}, 422),
        ({"Content-Type": "application/json; charset=utf-7"}, 422),
        ({"Content-Type": "application/json; boundary=" + "=" * 7000}, 422),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/xml"}, 415),
        ({"Range": "bytes=0-,0-,0-"}, 422),
        ({"Cookie": "session=" + "x" * 8000}, 422),
    ],
    ids=lambda each: str(each)[:50],
)
def test_a_header_with_tricks(victim: System, token: str, headers: dict[str, str], status: int) -> None:
    answer = requests.patch(
        f"{victim.url}/v1/products/01900000-0000-7000-8000-000000000000",
        b'{"title": 1}',
        headers=JSON | {"Authorization": f"Bearer {token}"} | headers,
        timeout=30,
    )
    assert answer.status_code in ({status, 403} if status == 422 else {status}), answer.text
    assert len(answer.headers["X-Correlation-ID"]) <= 128


def test_no_word_of_a_client_becomes_a_header_or_a_line_of_the_log(victim: System, attacker: Attacker) -> None:
    forged = b"evil%0d%0aSet-Cookie:%20a=b%0a2026-01-01%2000:00:00,000%20INFO%20forged"
    for head, status in ((b"X-Correlation-ID: a\xc2\x85b\x9b31m", 404), (b"traceparent: 00-\x1b", 400), (b"User-Agent: \x1b[2J", 400)):
        answer = attacker.ask(b"GET /v1/nothing/" + forged + b"%1b[2J HTTP/1.1\r\n" + HOST + head + b"\r\nConnection: close\r\n\r\n")
        assert answer.status == status
        assert "set-cookie" not in answer.headers
        assert not {"\x1b", "\x9b", "\x85"} & {*str(answer.headers)}
    log = victim.log.read_text()
    assert "evil" in log
    assert not [line for line in log.splitlines() if line.startswith("2026-01-01 00:00:00,000")]
    assert "\x1b" not in log


def test_no_word_of_a_client_becomes_markup(victim: System, token: str) -> None:
    script = "<script>alert(1)</script>"
    told: list[Any] = [
        requests.get(f"{victim.url}/{script}", timeout=30),
        requests.get(f"{victim.url}/v1/orders?{script}=1", headers={"Authorization": f"Bearer {token}"}, timeout=30),
        requests.get(f"{victim.url}/v1/tracking/{script}", headers={"Accept": "text/html"}, timeout=30),
        requests.post(f"{victim.url}/v1/sessions", f'{{"{script}": 1}}'.encode(), headers=JSON, timeout=30),
        requests.get(f"{victim.url}/problems/{script}", headers={"Accept": "text/html"}, timeout=30),
        requests.get(f"{victim.url}/problems/token_invalid?{script}", headers={"Accept": "text/html"}, timeout=30),
        requests.get(f"{victim.url}/docs?url=https://evil.example/x.json&configUrl=https://evil.example/y.json", timeout=30),
    ]
    for answer in told:
        assert script not in answer.text or answer.headers["Content-Type"].startswith("application/")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "evil.example" not in answer.text
        assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"].partition("style-src")[0]
