"""Access tokens are checked here, and nothing but a good one of accounts passes."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest

from services.gateway.application import identity
from services.gateway.application.identity import KEY_LIFETIME, LIFETIME, PATIENCE, Keys
from shared.contracts.accounts import ME, SIGNING_KEYS
from shared.contracts.api_keys import CHECK_API_KEY
from shared.kit.errors import TradeError, Unauthenticated, Unavailable
from tests.unit.gateway.fakes import BUYER, Gateway, Services, Signer

AWAY = Unavailable("service_unavailable", "accounts is away")
DEFECT = TradeError("internal_error", "accounts has a defect")


class Clock:
    """Stands in for the module's `time`."""

    def __init__(self) -> None:
        self.passed = 0.0

    def time(self) -> float:
        return time.time() + self.passed

    def monotonic(self) -> float:
        return 1000 + self.passed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(identity, "time", clock)
    return clock


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def services(signer: Signer) -> Services:
    return Services({SIGNING_KEYS: {"keys": [signer.public]}})


def test_a_good_token_tells_who_is_calling(services: Services, signer: Signer) -> None:
    actor = Keys().actor(signer.token(roles=["buyer", "operator"]), services)
    assert (actor.id, actor.roles, actor.name, actor.reauthenticated) == (BUYER, {"buyer", "operator"}, "Ada", False)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody"},
        {"aud": None},
        {"iss": "somebody"},
        {"iss": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"roles": None},
        {"iat": int(time.time()) + 3600},
    ],
)
def test_a_token_with_wrong_or_missing_claims_is_refused(services: Services, signer: Signer, claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        Keys().actor(signer.token(**claims), services)
    assert refused.value.code == "token_invalid"


def test_a_token_is_over_when_it_is_over_even_if_it_was_good_before(services: Services, signer: Signer, clock: Clock) -> None:
    keys, token = Keys(), signer.token(exp=int(time.time()) + 10)
    keys.actor(token, services)
    clock.passed = 16  # its ten seconds, the leeway, and one
    with pytest.raises(Unauthenticated) as refused:
        keys.actor(token, services)
    assert refused.value.code == "token_expired"
    with pytest.raises(Unauthenticated) as fresh:
        Keys().actor(signer.token(exp=int(time.time()) - 10), services)
    assert fresh.value.code == "token_expired"


def test_a_changed_token_is_refused(services: Services, signer: Signer) -> None:
    head, body, signature = signer.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "roles": ["operator"]}).encode()).rstrip(b"=").decode()
    for token in (f"{head}.{forged}.{signature}", f"{head}.{body}.", "rubbish", "a.b.c", ""):
        with pytest.raises(Unauthenticated):
            Keys().actor(token, services)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_other_algorithm_passes(services: Services, signer: Signer, algorithm: str) -> None:
    claims = jwt.decode(signer.token(), options={"verify_signature": False})
    token = jwt.encode(claims, None if algorithm == "none" else signer.public["x"].ljust(32, "x"), algorithm, {"kid": signer.kid})
    with pytest.raises(Unauthenticated):
        Keys().actor(token, services)


@pytest.mark.parametrize(
    "head",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": "../../one"},
        {"kid": "one' OR '1'='1"},
        {"kid": ["one"]},
        {"kid": {"one": 1}},
        {"kid": "one", "crit": ["exp"]},
        {"kid": "one", "crit": []},
        {"kid": "one", "b64": False, "crit": ["b64"]},
        {"kid": "one", "alg": "EdDSA "},
        {"kid": "one", "alg": "none"},
        {"kid": "one", "alg": "HS256"},
        {"kid": "one", "alg": ["EdDSA"]},
        {"kid": "one", "alg": None},
    ],
    ids=json.dumps,
)
def test_no_trick_in_the_header_passes_though_the_signature_is_good(services: Services, signer: Signer, head: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        Keys().actor(signed(signer, head), services)
    assert refused.value.code == "token_invalid"
    assert len(services.asked) <= 1


def test_a_key_that_the_token_brings_or_points_at_is_no_key(services: Services, signer: Signer) -> None:
    thief = Signer("one")
    for brought in ({"jwk": thief.public}, {"jku": "https://thief.example/keys"}, {"x5u": "https://thief.example/cert"}, {"x5c": [thief.public["x"]]}):
        with pytest.raises(Unauthenticated):
            Keys().actor(signed(thief, {"kid": "one", **brought}), services)
        assert Keys().actor(signed(signer, {"kid": "one", **brought}), services).id == BUYER  # and no reason to doubt ours


@pytest.mark.parametrize("claims", [b"[]", b"null", b"not JSON", b'{"sub": 1}', b"\xff", b"{" * 2000])
def test_claims_that_are_none_are_refused_though_the_signature_is_good(services: Services, signer: Signer, claims: bytes) -> None:
    with pytest.raises(Unauthenticated):
        Keys().actor(signed(signer, {"kid": "one"}, claims), services)


@pytest.mark.parametrize("token", ["a" * 1_000_000, ".".join(["a" * 300_000] * 3), "." * 10_000, "e30.e30.e30", "é.é.é", "\x00.\x00.\x00"])
def test_a_huge_or_odd_token_is_refused_and_not_kept(services: Services, token: str) -> None:
    keys = Keys()
    with pytest.raises(Unauthenticated):
        keys.actor(token, services)
    assert token not in keys._known


def signed(signer: Signer, head: dict[str, Any], claims: bytes | None = None) -> str:
    """A token with exactly this header (None leaves a name out, `alg` is ours unless given) and a good signature over it."""
    said = {name: value for name, value in {"typ": "JWT", "alg": "EdDSA", **head}.items() if value is not None}
    body = signer.token().split(".")[1] if claims is None else b64(claims)
    signing_input = f"{b64(json.dumps(said).encode())}.{body}"
    return f"{signing_input}.{b64(signer.private.sign(signing_input.encode()))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_keys_are_asked_for_once(services: Services, signer: Signer) -> None:
    keys = Keys()
    for _ in range(3):
        keys.actor(signer.token(), services)
        keys.actor(signer.token(name="Bea"), services)
    assert len(services.asked) == 1


def test_a_new_key_is_asked_for_but_not_at_every_made_up_one(services: Services, signer: Signer, clock: Clock) -> None:
    keys, newer = Keys(), Signer("two")
    keys.actor(signer.token(), services)
    services.answers[SIGNING_KEYS] = {"keys": [signer.public, newer.public]}
    with pytest.raises(Unauthenticated):
        keys.actor(newer.token(), services)
    clock.passed += PATIENCE + 0.1
    assert keys.actor(newer.token(), services).id == BUYER
    for number in range(20):
        with pytest.raises(Unauthenticated):
            keys.actor(Signer(f"made up {number}").token(), services)
    assert len(services.asked) == 2


def test_a_withdrawn_key_is_good_no_longer(services: Services, signer: Signer, clock: Clock) -> None:
    keys, token = Keys(), signer.token(exp=int(time.time() + 2 * LIFETIME))
    keys.actor(token, services)
    services.answers[SIGNING_KEYS] = {"keys": [Signer("two").public]}
    clock.passed += LIFETIME + 1
    with pytest.raises(Unauthenticated):
        keys.actor(token, services)


@pytest.mark.parametrize("trouble", [AWAY, DEFECT])
def test_while_accounts_is_away_known_keys_stay_good_and_without_any_nobody_is_told_to_sign_in(
    services: Services, signer: Signer, clock: Clock, trouble: TradeError
) -> None:
    good = services.answers[SIGNING_KEYS]
    services.answers[SIGNING_KEYS] = trouble
    keys = Keys()
    for _ in range(3):
        with pytest.raises(Unavailable):
            keys.actor(signer.token(), services)
    assert len(services.asked) == 1, "a service that is away must not be asked for each request"
    services.answers[SIGNING_KEYS] = good
    clock.passed += PATIENCE + 0.1
    token = signer.token(exp=int(time.time() + 2 * LIFETIME))
    keys.actor(token, services)
    services.answers[SIGNING_KEYS] = trouble
    clock.passed += LIFETIME + 1
    assert keys.actor(token, services).id == BUYER


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Bearer", "Bearer "])
def test_without_a_bearer_token_nothing_is_answered(gateway: Gateway, header: str | None) -> None:
    answer = gateway.ask("GET", "/v1/me", token=None, **({} if header is None else {"Authorization": header}))
    assert (answer.status_code, answer.json["code"]) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tradelane"'
    assert not gateway.services.asked


def test_a_bad_token_is_answered_as_rfc_6750_has_it(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v1/me", token="rubbish")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tradelane", error="invalid_token"'


def test_the_caller_goes_with_the_call(gateway: Gateway) -> None:
    gateway.services.answers[ME] = {"id": BUYER}
    assert gateway.ask("GET", "/v1/me").status_code == 200
    actor = gateway.services.calls_of(ME)[0].actor
    assert actor is not None
    assert actor.id == BUYER


HOLDER = {"id": BUYER, "roles": ["buyer"], "name": "Ada", "verified": True, "scopes": ["orders:read"]}
REVOKED = Unauthenticated("api_key_invalid", "Revoked.")


def test_an_api_key_tells_whom_it_acts_for_and_accounts_is_asked_again_after_seconds(services: Services, clock: Clock) -> None:
    services.answers[CHECK_API_KEY] = HOLDER
    keys = Keys()
    for _ in range(3):
        actor = keys.actor("tlk_1", services)
    assert (actor.id, actor.roles, actor.verified, actor.scopes, actor.session_id) == (BUYER, {"buyer"}, True, {"orders:read"}, None)
    assert [each.data for each in services.calls_of(CHECK_API_KEY)] == [{"key": "tlk_1"}]
    services.answers[CHECK_API_KEY] = REVOKED
    clock.passed += KEY_LIFETIME + 0.1
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            keys.actor("tlk_1", services)
    assert KEY_LIFETIME <= 5


def test_one_key_is_not_taken_for_another_and_no_failure_is_remembered(services: Services) -> None:
    services.answers[CHECK_API_KEY] = lambda data: HOLDER | {"id": data["key"]}
    keys = Keys()
    assert {keys.actor(f"tlk_{number % 2}", services).id for number in range(4)} == {"tlk_0", "tlk_1"}
    services.answers[CHECK_API_KEY] = AWAY
    with pytest.raises(Unavailable):
        keys.actor("tlk_2", services)
    services.answers[CHECK_API_KEY] = HOLDER
    assert keys.actor("tlk_2", services).id == BUYER


def test_a_bad_api_key_is_answered_as_a_bad_token_is(gateway: Gateway) -> None:
    gateway.services.answers[CHECK_API_KEY] = REVOKED
    answer = gateway.ask("GET", "/v1/me", token="tlk_1")
    assert (answer.status_code, answer.json["code"]) == (401, "api_key_invalid")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tradelane", error="invalid_token"'
    assert not gateway.services.calls_of(ME)


def test_what_a_key_may_do_goes_with_the_call(gateway: Gateway) -> None:
    gateway.services.answers |= {CHECK_API_KEY: HOLDER, ME: {"id": BUYER}}
    assert gateway.ask("GET", "/v1/me", token="tlk_1").status_code == 200
    [asked] = gateway.services.calls_of(ME)
    assert asked.actor is not None
    assert (asked.actor.scopes, asked.actor.session_id) == ({"orders:read"}, None)
