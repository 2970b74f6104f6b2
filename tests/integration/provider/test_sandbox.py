"""The sandbox through its adapter: money comes and goes as asked, once a key, whatever goes wrong on the way."""

from __future__ import annotations

import random
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from services.payments.application.providers.port import Declined, Method, ProviderRefused, ProviderUnavailable
from services.payments.application.providers.sandbox import Sandbox
from shared.kit.money import Money
from tests.builders.provider import CARD, IBAN, WALLET, ProviderProcess, running_provider
from tests.integration.provider.waiting import eventually
from tradelane.provider.magic import BEHAVIOURS, NUMBERS, Number

AMOUNT = Money(12_345, "EUR")


def bound(sandbox: Sandbox, process: ProviderProcess, kind: str = "card", number: str = CARD) -> str:
    return sandbox.method(process.token(kind, number)).reference


def authorized(sandbox: Sandbox, process: ProviderProcess, number: str = CARD, amount: Money = AMOUNT) -> str:
    return sandbox.authorize(str(uuid4()), bound(sandbox, process, number=number), amount, "an order").reference


def captured(sandbox: Sandbox, process: ProviderProcess, number: str = CARD) -> str:
    return sandbox.capture(str(uuid4()), authorized(sandbox, process, number)).reference


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("card", "4242 4242 4242 4242", ("card", "Visa •••• 4242", "4242", "2098-12")),
        ("wallet", WALLET, ("wallet", "Wallet", "", None)),
        ("bank_debit", IBAN, ("bank_debit", "Bank account •••• 3000", "3000", None)),
    ],
)
def test_a_token_becomes_one_method_however_often_it_is_bound(
    sandbox: Sandbox, process: ProviderProcess, kind: str, number: str, expected: tuple[str, str, str, str | None]
) -> None:
    token = process.token(kind, number)
    method = sandbox.method(token)
    assert method == sandbox.method(token)
    assert method == Method(method.reference, *expected)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number.kind} {number.behaviour}")
def test_each_number_does_what_its_table_says(sandbox: Sandbox, process: ProviderProcess, number: Number) -> None:
    behaviour = BEHAVIOURS[number.behaviour]
    made = sandbox.authorize(str(uuid4()), bound(sandbox, process, number.kind, number.number), AMOUNT, "")
    assert (made.state == "pending") == (behaviour.pending > 0)
    payment = eventually(lambda: sandbox.payment(made.reference), lambda payment: payment.state != "pending")
    assert payment.reason == behaviour.reason
    if behaviour.reason:
        assert payment.state == "declined"
        return
    assert payment.state == ("captured" if number.kind == "bank_debit" else "authorized")
    if behaviour.lapses:
        with pytest.raises(Declined) as refused:
            sandbox.capture(str(uuid4()), payment.reference)
        assert refused.value.reason == "authorization_expired"
        assert sandbox.payment(payment.reference).state == "cancelled"
        return
    assert sandbox.capture(str(uuid4()), payment.reference).state == "captured"
    refund = sandbox.refund(str(uuid4()), payment.reference, Money(345, "EUR"))
    assert (refund.state == "pending") == (behaviour.refund > 0)
    refund = eventually(lambda: sandbox.refund_of(refund.reference), lambda refund: refund.state != "pending")
    assert (refund.state, refund.reason) == (("failed", "account_closed") if behaviour.refund_fails else ("made", None))
    assert sandbox.payment(payment.reference).refunded == Money(0 if behaviour.refund_fails else 345, "EUR")


def test_money_goes_back_in_parts_until_none_is_left_and_the_ledger_knows(sandbox: Sandbox, process: ProviderProcess) -> None:
    amount = Money(1000, "KWD")
    payment = sandbox.capture("capture-kwd", authorized(sandbox, process, amount=amount))
    assert (payment.state, payment.amount, payment.refunded) == ("captured", amount, Money(0, "KWD"))
    refund = sandbox.refund("refund-kwd-1", payment.reference, Money(400, "KWD"))
    assert (refund.payment, refund.state, refund.amount) == (payment.reference, "made", Money(400, "KWD"))
    with pytest.raises(ProviderRefused, match="600 KWD are left"):
        sandbox.refund("refund-kwd-2", payment.reference, Money(601, "KWD"))
    sandbox.refund("refund-kwd-3", payment.reference, Money(600, "KWD"))
    assert sandbox.payment(payment.reference).refunded == amount
    authorized(sandbox, process, amount=Money(7, "KWD"))
    assert process.ledger()["KWD"] == {"payments": 2, "authorized": 7, "captured": 1000, "refunded": 1000}


def test_a_key_has_one_effect_and_stands_for_one_request(sandbox: Sandbox, process: ProviderProcess) -> None:
    method = bound(sandbox, process)
    with ThreadPoolExecutor(5) as pool:
        first, *others = pool.map(lambda _: sandbox.authorize("once", method, Money(5, "CHF"), ""), range(5))
    assert others == [first] * 4
    captures = [sandbox.capture("once-captured", first.reference) for _ in range(2)]
    refunds = [sandbox.refund("once-refunded", first.reference, Money(2, "CHF")) for _ in range(2)]
    assert captures[0] == captures[1]
    assert refunds[0] == refunds[1]
    for another in (lambda: sandbox.authorize("once", method, Money(6, "CHF"), ""), lambda: sandbox.cancel("once-captured", first.reference)):
        with pytest.raises(ProviderRefused, match="idempotency_key_reused"):
            another()
    assert process.ledger()["CHF"] == {"payments": 1, "authorized": 0, "captured": 5, "refunded": 2}


def test_what_is_cancelled_is_let_go_and_what_is_captured_is_not(sandbox: Sandbox, process: ProviderProcess) -> None:
    payment = authorized(sandbox, process)
    assert sandbox.cancel("let-go", payment).state == "cancelled"
    with pytest.raises(Declined):
        sandbox.capture("too-late", payment)
    with pytest.raises(ProviderRefused, match="not_captured"):
        sandbox.refund("nothing-there", payment, AMOUNT)
    assert sandbox.cancel("kept", captured(sandbox, process)).state == "captured"


def test_what_is_unknown_is_told_apart(sandbox: Sandbox, process: ProviderProcess) -> None:
    for call in (lambda: sandbox.method("tok_none"), lambda: sandbox.authorize("no-method", "pm_none", AMOUNT, "")):
        with pytest.raises(Declined) as refused:
            call()
        assert refused.value.reason == "method_not_accepted"
    for look in (lambda: sandbox.payment("pay_none"), lambda: sandbox.refund_of("re_none"), lambda: sandbox.capture("k", "pay_none")):
        with pytest.raises(ProviderRefused, match="404"):
            look()


def test_only_test_numbers_are_taken_and_none_is_kept_or_repeated(sandbox: Sandbox, tmp_path: Path) -> None:
    with running_provider(tmp_path) as own:
        real = "4111111111111111"
        refused = own.call("POST", "/v1/tokens", {"card": {"number": real, "expires": "2098-12"}}, key=own.public_key)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["card.number"])
        assert real not in refused.text
        expired = own.call("POST", "/v1/tokens", {"card": {"number": CARD, "expires": "2020-01"}}, key=own.public_key)
        assert (expired.status_code, expired.json()["code"]) == (402, "method_expired")
        mine = Sandbox(own.url, own.key, own.webhook_secret)
        for number in NUMBERS:
            mine.method(own.token(number.kind, number.number))
        assert own.stop() == 0
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Visa" in kept
    assert [number for number in (real, *(each.number for each in NUMBERS)) if number.encode() in kept] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "_"),
        ({"card": {"number": CARD, "expires": "2098-12"}, "wallet": {"account": WALLET}}, "_"),
        ({"card": {"number": CARD}}, "card.expires"),
        ({"card": {"number": CARD, "expires": "12/98"}}, "card.expires"),
        ({"bank_debit": {"iban": IBAN, "bic": "X"}}, "bank_debit.bic"),
    ],
)
def test_a_wrong_token_request_is_told_by_field(process: ProviderProcess, body: object, field: str) -> None:
    answer = process.call("POST", "/v1/tokens", body, key=process.public_key)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


@pytest.mark.parametrize(
    ("body", "headers", "status", "field"),
    [
        ({"amount": 0, "currency": "EUR", "method": "m"}, {"Idempotency-Key": "wrong"}, 422, "amount"),
        ({"amount": 1.5, "currency": "EUR", "method": "m"}, {"Idempotency-Key": "wrong"}, 422, "amount"),
        ({"amount": 1, "currency": "EURO", "method": "m"}, {"Idempotency-Key": "wrong"}, 422, "currency"),
        ({"amount": 1, "currency": "EUR", "method": "m", "description": "\ud800"}, {"Idempotency-Key": "wrong"}, 422, "description"),
        ({"amount": 1, "currency": "EUR", "method": "m"}, {}, 400, None),
        ([], {"Idempotency-Key": "wrong"}, 400, None),
        ({"amount": 1, "currency": "EUR", "method": "m" * 20_000}, {"Idempotency-Key": "wrong"}, 413, None),
    ],
)
def test_a_wrong_payment_is_told_by_field_and_none_is_made(
    sandbox: Sandbox, process: ProviderProcess, body: object, headers: dict[str, str], status: int, field: str | None
) -> None:
    before = process.ledger()
    answer = process.call("POST", "/v1/payments", body, **headers)
    assert (answer.status_code, list(answer.json().get("errors", {}))) == (status, [field] if field else [])
    assert process.ledger() == before


def test_the_public_key_only_makes_tokens(sandbox: Sandbox, process: ProviderProcess) -> None:
    for key in (process.public_key, "another"):
        with pytest.raises(ProviderRefused, match="401"):
            Sandbox(process.url, key, "").payment("pay_any")
    assert process.call("POST", "/v1/tokens", {}, key="another").status_code == 401
    assert process.call("PUT", "/v1/mischief", {}, key=process.public_key).status_code == 401


def test_every_authorization_is_declined_where_that_is_asked_for(sandbox: Sandbox, process: ProviderProcess) -> None:
    method = bound(sandbox, process)
    process.mischief(decline=1)
    payment = sandbox.authorize("bad-luck", method, AMOUNT, "")
    assert (payment.state, payment.reason) == ("declined", "declined")
    process.mischief()
    assert sandbox.authorize("bad-luck", method, AMOUNT, "") == payment


def test_the_same_seed_has_the_same_luck(sandbox: Sandbox, process: ProviderProcess) -> None:
    method = bound(sandbox, process)
    luck = []
    for _ in range(2):
        process.mischief(seed=7, decline=0.5)
        luck.append([sandbox.authorize(str(uuid4()), method, AMOUNT, "").state for _ in range(12)])
    assert luck[0] == luck[1]
    assert set(luck[0]) == {"authorized", "declined"}


@pytest.mark.parametrize(("when", "payments"), [("error_before", 0), ("error_after", 1)])
def test_an_error_leaves_it_open_what_was_done_and_asking_again_settles_it(sandbox: Sandbox, process: ProviderProcess, when: str, payments: int) -> None:
    method, currency = bound(sandbox, process), {"error_before": "SEK", "error_after": "NOK"}[when]
    process.mischief(**{when: 1})
    with pytest.raises(ProviderUnavailable):
        sandbox.authorize(when, method, Money(5, currency), "")
    assert process.ledger().get(currency, {"payments": 0})["payments"] == payments
    process.mischief()
    assert sandbox.authorize(when, method, Money(5, currency), "").state == "authorized"
    assert process.ledger()[currency] == {"payments": 1, "authorized": 5, "captured": 0, "refunded": 0}


def test_wrong_mischief_is_told_by_field(process: ProviderProcess) -> None:
    answer = process.call("PUT", "/v1/mischief", {"decline": 2, "loose": 1})
    assert (answer.status_code, sorted(answer.json()["errors"])) == (422, ["decline", "loose"])


def test_killed_after_it_did_something_and_before_it_said_so_it_has_done_it_once(tmp_path: Path) -> None:
    with running_provider(tmp_path) as own:
        sandbox = Sandbox(own.url, own.key, own.webhook_secret)
        method = bound(sandbox, own)
        own.mischief(slow_s=600)
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(sandbox.authorize, "cut-off", method, AMOUNT, "")
            eventually(own.ledger, lambda ledger: "EUR" in ledger)
            own.kill()
            assert isinstance(call.exception(), ProviderUnavailable)
        with pytest.raises(ProviderUnavailable):
            sandbox.authorize("cut-off", method, AMOUNT, "")
        own.start()
        assert own.call("GET", "/v1/mischief").json()["slow_s"] == 600  # it outlives the kill, too
        own.mischief()
        payment = sandbox.authorize("cut-off", method, AMOUNT, "")
        assert sandbox.capture("then-captured", payment.reference).state == "captured"
        assert own.ledger() == {"EUR": {"payments": 1, "authorized": 0, "captured": AMOUNT.minor, "refunded": 0}}


def test_killed_among_many_calls_each_of_them_has_one_effect(tmp_path: Path) -> None:
    with running_provider(tmp_path) as own:
        sandbox = Sandbox(own.url, own.key, own.webhook_secret)
        method = bound(sandbox, own)
        answered = threading.Semaphore(0)

        def pay(key: str) -> str | None:
            try:
                payment = sandbox.authorize(key, method, AMOUNT, "").reference
                sandbox.capture(f"{key}-captured", payment)
            except ProviderUnavailable:
                return None
            answered.release()
            return payment

        keys = [f"payment-{number}" for number in range(60)]
        with ThreadPoolExecutor(4) as pool:
            before = pool.map(pay, keys)
            for _ in range(random.Random(3).randrange(5, 20)):
                assert answered.acquire(timeout=30)
            own.kill()
            first = dict(zip(keys, before, strict=True))
        assert None in first.values()
        own.start()
        again = {key: pay(key) for key in keys}
        assert {key: payment for key, payment in first.items() if payment} == {key: again[key] for key, payment in first.items() if payment}
        assert own.ledger() == {"EUR": {"payments": 60, "authorized": 0, "captured": 60 * AMOUNT.minor, "refunded": 0}}


def test_what_was_pending_when_it_was_killed_is_decided_after_the_restart(tmp_path: Path) -> None:
    with running_provider(tmp_path) as own:
        sandbox = Sandbox(own.url, own.key, own.webhook_secret)
        payment = sandbox.authorize("pending", bound(sandbox, own, "bank_debit", IBAN), AMOUNT, "")
        assert payment.state == "pending"
        own.kill()
        own.start()
        assert eventually(lambda: sandbox.payment(payment.reference), lambda now: now.state != "pending").state == "captured"


class _Garbage(socketserver.BaseRequestHandler):
    answer = b""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(self.answer)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", id="half of it"),
        pytest.param(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", id="a proxy's error"),
        pytest.param(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}", id="patience, please"),
    ],
)
def test_an_answer_that_is_none_asks_for_patience(answer: bytes) -> None:
    handler = type("Handler", (_Garbage,), {"answer": answer})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(ProviderUnavailable):
            Sandbox(f"http://127.0.0.1:{server.server_address[1]}", "k", "s").payment("pay_x")
        thread.join()


def test_it_stops_in_order_while_connections_idle(tmp_path: Path) -> None:
    with running_provider(tmp_path) as own:
        sessions = [requests.Session() for _ in range(5)]
        for session in sessions:
            assert session.get(f"{own.url}/healthz", timeout=30).ok
        assert own.stop() == 0
        for session in sessions:
            session.close()
