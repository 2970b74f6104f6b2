"""Tokens that are forged, altered, stolen or come again; and the addresses that a system asks, which no client can name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from shared.contracts.forms import FORMS
from tests.builders.system import System
from tests.hostile.conftest import MARK, SECRETS
from tradelane.client import Client

OPERATOR = {"roles": ["operator"]}


class Real:
    """The true signing key, as whoever has read the database knows it: what is refused below is refused although its signature is right."""

    def __init__(self, data: Path) -> None:
        with sqlite3.connect(f"file:{data / 'accounts.sqlite3'}?mode=ro", uri=True) as database:
            self.kid, pem = database.execute("SELECT kid, private_key FROM signing_keys").fetchone()
        database.close()
        self.private: Any = load_pem_private_key(pem.encode(), None)
        self.public_pem = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public_raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, self.private, "EdDSA", {"kid": self.kid, **header})


@pytest.fixture(scope="module")
def real(victim: System, token: str) -> Real:
    return Real(Path(victim.environment["DATA"]))


@pytest.fixture
def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def by_hand(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(sign(signed))).decode()


def hs256(key: bytes) -> Callable[[bytes], bytes]:
    return lambda signed: hmac.new(key, signed, hashlib.sha256).digest()


OWN = Ed25519PrivateKey.generate()
OWN_JWK = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(OWN.public_key()))
HOUR = 3600


def asked(victim: System, token: str) -> requests.Response:
    return requests.get(f"{victim.url}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_the_true_key_is_the_true_key(victim: System, real: Real, claims: dict[str, Any]) -> None:
    assert asked(victim, real.sign(claims)).status_code == 200


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda real, claims: by_hand({"alg": "none"}, claims | OPERATOR, lambda _: b""), id="alg none"),
        pytest.param(lambda real, claims: by_hand({"alg": "nOnE", "kid": real.kid}, claims | OPERATOR, lambda _: b""), id="alg nOnE"),
        pytest.param(lambda real, claims: by_hand({"kid": real.kid}, claims | OPERATOR, lambda _: b""), id="no alg"),
        pytest.param(lambda real, claims: by_hand({"alg": "HS256", "kid": real.kid}, claims, hs256(real.public_pem)), id="HS256 with the public key"),
        pytest.param(lambda real, claims: by_hand({"alg": "HS256", "kid": real.kid}, claims, hs256(real.public_raw)), id="HS256 with its bytes"),
        pytest.param(lambda real, claims: by_hand({"alg": "HS256", "kid": "/dev/null"}, claims, hs256(b"")), id="a kid that is a file"),
        pytest.param(lambda real, claims: by_hand({"alg": "HS256", "kid": "x' UNION SELECT ''--"}, claims, hs256(b"")), id="a kid that is SQL"),
        pytest.param(lambda real, claims: by_hand({"alg": "EdDSA", "kid": {"a": 1}}, claims, OWN.sign), id="a kid that is no text"),
        pytest.param(lambda real, claims: by_hand({"alg": "EdDSA", "kid": real.kid}, claims | OPERATOR, OWN.sign), id="another's key under the true id"),
        pytest.param(lambda real, claims: by_hand({"alg": "EdDSA", "kid": "mine", "jwk": OWN_JWK}, claims, OWN.sign), id="a key that it brings"),
        pytest.param(lambda real, claims: by_hand({"alg": "EdDSA", "kid": real.kid, "jwk": OWN_JWK}, claims, OWN.sign), id="a key beside the true id"),
        pytest.param(lambda real, claims: by_hand({"alg": "ES256", "kid": real.kid}, claims, lambda _: b"\0" * 64), id="zeros as a signature"),
        pytest.param(lambda real, claims: by_hand({"alg": "EdDSA", "kid": real.kid}, claims, lambda _: b"\0" * 64), id="zeros as an EdDSA signature"),
        pytest.param(lambda real, claims: real.sign(claims, crit=["x"], x=1), id="an extension that must be known"),
        pytest.param(lambda real, claims: real.sign(claims | {"aud": "elsewhere"}), id="for somebody else"),
        pytest.param(lambda real, claims: real.sign(claims | {"iss": "elsewhere"}), id="from somebody else"),
        pytest.param(lambda real, claims: real.sign(claims | {"exp": int(time.time()) - 60}), id="over"),
        pytest.param(lambda real, claims: real.sign(claims | {"iat": int(time.time()) + HOUR}), id="not yet issued"),
        pytest.param(lambda real, claims: real.sign(claims | {"nbf": int(time.time()) + HOUR}), id="not yet good"),
        *(
            pytest.param(lambda real, claims, name=name: real.sign({each: value for each, value in claims.items() if each != name}), id=f"without {name}")
            for name in ("exp", "iat", "aud", "iss", "sub", "roles", "name", "verified", "sid")
        ),
        pytest.param(lambda real, claims: real.sign(claims) + "A", id="one character more"),
        pytest.param(lambda real, claims: real.sign(claims)[:-10], id="some fewer"),
        pytest.param(lambda real, claims: real.sign(claims).replace(".", "..", 1), id="another dot"),
        pytest.param(lambda real, claims: "A" * 7000, id="a long one"),
        pytest.param(lambda real, claims: ".".join(["e30"] * 3), id="an empty one"),
        pytest.param(lambda real, claims: "tlk_" + "A" * 60, id="an API key that is none"),
    ],
)
def test_a_forged_token_is_none(victim: System, real: Real, claims: dict[str, Any], forge: Callable[..., str]) -> None:
    answer = asked(victim, forge(real, claims))
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_that_a_token_names_by_address_is_not_fetched(victim: System, real: Real, claims: dict[str, Any], canary: Canary) -> None:
    for name in ("jku", "x5u"):
        assert asked(victim, by_hand({"alg": "EdDSA", "kid": "mine", name: canary.url}, claims, OWN.sign)).status_code == 401
    assert not canary.was_asked()


def test_a_refresh_token_that_comes_again_ends_the_session_for_both_who_have_it(victim: System, client: Client, password: str) -> None:
    email = client.get("/v1/me")["email"]
    stolen = client.post("/v1/sessions", {"email": email, "password": password})["refresh_token"]
    refresh = f"{victim.url}/v1/sessions/refresh"
    latest = requests.post(refresh, json={"refresh_token": stolen}, timeout=30).json()["refresh_token"]
    for token in (stolen, latest):
        assert requests.post(refresh, json={"refresh_token": token}, timeout=30).json()["code"] == "refresh_token_invalid"


class Canary:
    """A listener that nobody has any reason to ask."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.sock.getsockname()[1]}/canary"

    def was_asked(self) -> bool:
        self.sock.settimeout(0.5)
        try:
            self.sock.accept()
        except TimeoutError:
            return False
        return True


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.sock.close()


def test_no_address_in_a_clients_words_is_ever_asked(victim: System, token: str, canary: Canary) -> None:
    headers = {"Authorization": f"Bearer {token}", "Referer": canary.url, "Origin": canary.url, "X-Forwarded-For": canary.url, "Host": canary.url[7:-7]}
    body = {
        "name": canary.url,
        "company": f'<img src="{canary.url}"/>',
        "email": f"a@[{canary.url[7:-7]}]",
        "password": canary.url,
        "country": "NO",
        "role": "buyer",
    }
    requests.post(f"{victim.url}/v1/accounts", json=body, headers=headers, timeout=30)
    requests.post(f"{victim.url}/v1/enquiries", json={"lines": [], "message": canary.url, "callback_url": canary.url}, headers=headers, timeout=30)
    requests.post(f"{victim.url}/v1/payment-methods", json={"provider": canary.url, "token": canary.url}, headers=headers, timeout=30)
    for path in (f"/v1/tracking/{canary.url[7:-7]}", f"/docs?url={canary.url}", f"/v1/payment-callbacks/{canary.url[7:-7]}"):
        requests.get(f"{victim.url}{path}", headers=headers, timeout=30)
    assert not canary.was_asked()


def test_no_form_takes_an_address_to_ask() -> None:
    assert [name for name, form in FORMS.items() for field in form().fields if "url" in field or "callback" in field] == []


def test_no_secret_is_in_anything_that_the_system_says_or_keeps(victim: System, client: Client, password: str) -> None:
    """Logged at DEBUG; everything that is served without signing in; what its commands print; and what lies in its files."""
    email = client.get("/v1/me")["email"]
    tokens = client.post("/v1/sessions", {"email": email, "password": password})
    wrong = f"{MARK}-wrong"
    requests.post(f"{victim.url}/v1/sessions", json={"email": email, "password": wrong}, timeout=30)
    requests.post(f"{victim.url}/v1/sessions", f'{{"password": "{wrong}"'.encode(), headers={"Content-Type": "application/json"}, timeout=30)
    requests.post(f"{victim.url}/v1/sessions", json={"email": email, "password": {"a": wrong}}, timeout=30)
    requests.post(f"{victim.url}/v1/payment-callbacks/sandbox", "{}", headers={"Provider-Signature": f"t=1,v1={MARK}"}, timeout=30)
    said = {path: requests.get(f"{victim.url}{path}", timeout=30).text for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/nothing")}
    nowhere = {"DATABASE": f"postgresql://me:{MARK}@127.0.0.1:9/x", "BROKER": f"amqp://me:{MARK}@127.0.0.1:9//", "LOG_LEVEL": "DEBUG"}
    with ThreadPoolExecutor() as pool:
        for words, done in {
            words: pool.submit(victim.command, *words.split(), **environment)
            for words, environment in (("reconcile --wait 0 --json", {}), ("outbox status --json", nowhere), ("migrate", nowhere))
        }.items():
            said[words] = done.result().stdout + done.result().stderr
    said["its log"] = victim.log.read_text()
    kept = {file.name: file.read_bytes() for file in Path(victim.environment["DATA"]).rglob("*") if file.is_file()}
    secret = [MARK, wrong, password, *SECRETS.values(), tokens["access_token"], tokens["refresh_token"].partition(".")[2], "BEGIN PRIVATE KEY"]
    assert [(where, each) for where, text in said.items() for each in secret if each in text and each != SECRETS["CARRIER_DHL_URL"]] == []
    assert [(where, each) for where, data in kept.items() for each in secret[:-1] if each.encode() in data and each != SECRETS["CARRIER_DHL_URL"]] == []
    assert len(kept) > 5
    assert all(Path(victim.environment["DATA"]).stat().st_mode & mask == 0 for mask in (0o007, 0o070))


def test_no_password_of_broker_or_database_is_in_what_a_system_on_real_servers_says(system: System, broker_url: str, database_url: str) -> None:
    with ThreadPoolExecutor() as pool:
        commands = [pool.submit(system.command, *words.split()) for words in ("topology check --json", "outbox status --json")]
    said = [
        system.log.read_text(),
        requests.get(f"{system.url}/metrics", timeout=30).text,
        *(text for each in commands for text in (each.result().stdout, each.result().stderr)),
    ]
    for address in (broker_url, database_url):
        secret = urlsplit(address).password
        assert secret
        assert not [text for text in said if secret in text]
