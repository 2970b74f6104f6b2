"""The sandbox's callbacks: signed, repeated until they are taken, and late, twice, out of order or never where that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from services.payments.application.providers.port import Notification
from services.payments.application.providers.sandbox import Sandbox
from shared.kit.clock import utc_now
from shared.kit.errors import Malformed, TradeError, Unauthenticated
from shared.kit.money import Money
from tests.builders.provider import IBAN, ProviderProcess, running_provider
from tests.integration.provider.callbacks import Callbacks
from tests.integration.provider.waiting import eventually
from tradelane.provider.webhooks import signature

AMOUNT = Money(900, "USD")


class Buyer:
    """Pays by one method."""

    def __init__(self, sandbox: Sandbox, process: ProviderProcess, callbacks: Callbacks) -> None:
        self.sandbox, self.process, self.callbacks = sandbox, process, callbacks
        self.method = sandbox.method(process.token()).reference

    def authorize(self) -> str:
        return self.sandbox.authorize(str(uuid4()), self.method, AMOUNT, "").reference

    def capture(self, payment: str) -> None:
        self.sandbox.capture(str(uuid4()), payment)

    def told(self, payment: str, number: int) -> list[str]:
        """What came about the payment, once that many did."""
        return eventually(lambda: self.callbacks.types_of(payment), lambda types: len(types) >= number)


@pytest.fixture
def buyer(sandbox: Sandbox, process: ProviderProcess, callbacks: Callbacks) -> Buyer:
    return Buyer(sandbox, process, callbacks)


def test_each_change_is_told_in_order_and_read_by_the_adapter(buyer: Buyer, sandbox: Sandbox, callbacks: Callbacks) -> None:
    payment = buyer.authorize()
    buyer.capture(payment)
    refund = sandbox.refund(str(uuid4()), payment, AMOUNT).reference
    told = eventually(lambda: callbacks.of(payment, refund), lambda told: len(told) == 3)
    assert [each.event["type"] for each in told] == ["payment.authorized", "payment.captured", "refund.made"]
    read = [sandbox.notification(each.body, each.signatures, utc_now()) for each in told]
    assert read == [Notification(each.event["id"], kind, each.event["reference"]) for each, kind in zip(told, ("payment", "payment", "refund"), strict=True)]
    assert len({each.id for each in read if each}) == 3


def test_what_is_decided_later_is_told_then(buyer: Buyer, sandbox: Sandbox, process: ProviderProcess) -> None:
    method = sandbox.method(process.token("bank_debit", IBAN)).reference
    payment = sandbox.authorize(str(uuid4()), method, AMOUNT, "").reference
    assert buyer.told(payment, 2) == ["payment.pending", "payment.captured"]


def test_a_callback_comes_again_until_it_is_taken(buyer: Buyer, callbacks: Callbacks) -> None:
    callbacks.answers[:] = [500, 302]
    payment = buyer.authorize()
    assert buyer.told(payment, 3) == ["payment.authorized"] * 3
    assert [each.answered for each in callbacks.of(payment)] == [500, 302, 204]
    assert len({each.event["id"] for each in callbacks.of(payment)}) == 1


def test_what_was_not_delivered_when_it_was_killed_is_after_the_restart(tmp_path: Path) -> None:
    callbacks = Callbacks()
    callbacks.answers[:] = [503] * 1000
    with running_provider(tmp_path, "--webhook-url", callbacks.url) as own:
        payment = Buyer(Sandbox(own.url, own.key, own.webhook_secret), own, callbacks).authorize()
        eventually(lambda: callbacks.of(payment), bool)
        own.kill()
        callbacks.answers.clear()
        callbacks.received.clear()
        own.start()
        assert eventually(lambda: callbacks.types_of(payment), bool) == ["payment.authorized"]
    callbacks.close()


def test_duplicates_are_the_same_word_for_word(buyer: Buyer, process: ProviderProcess, callbacks: Callbacks) -> None:
    process.mischief(duplicate=1)
    payment = buyer.authorize()
    assert buyer.told(payment, 2) == ["payment.authorized"] * 2
    assert len({each.body for each in callbacks.of(payment)}) == 1


def test_what_is_lost_never_comes_and_the_state_is_there_to_be_asked_for(buyer: Buyer, sandbox: Sandbox, process: ProviderProcess) -> None:
    process.mischief(lose=1)
    lost = buyer.authorize()
    process.mischief()
    buyer.capture(lost)
    assert buyer.told(lost, 1) == ["payment.captured"]
    assert sandbox.payment(lost).state == "captured"


def test_one_that_is_reordered_comes_after_the_next_of_its_payment(buyer: Buyer, process: ProviderProcess) -> None:
    process.mischief(reorder=1)
    payment = buyer.authorize()
    process.mischief()
    buyer.capture(payment)
    assert buyer.told(payment, 2) == ["payment.captured", "payment.authorized"]


def test_one_that_is_reordered_and_has_no_next_comes_by_itself(buyer: Buyer, process: ProviderProcess) -> None:
    process.mischief(reorder=1)
    assert buyer.told(buyer.authorize(), 1) == ["payment.authorized"]


def test_delayed_ones_overtake_each_other_and_all_come(buyer: Buyer, process: ProviderProcess, callbacks: Callbacks) -> None:
    process.mischief(seed=1, delay_s=1)
    payments = [buyer.authorize() for _ in range(10)]
    told = eventually(lambda: callbacks.of(*payments), lambda told: len(told) == 10)
    order = [each.event["reference"] for each in told]
    assert sorted(order) == sorted(payments)
    assert order != payments


BODY = json.dumps({"id": "evt_1", "type": "payment.captured", "created": 1, "reference": "pay_1"})
SECRET = "the secret"


def signed(body: str, age: float = 0, secret: str = SECRET) -> dict[str, str]:
    return {"provider-signature": signature(secret, int((utc_now() - timedelta(seconds=age)).timestamp()), body.encode())}


@pytest.mark.parametrize(
    ("body", "sign", "error"),
    [
        pytest.param(BODY.replace("pay_1", "pay_2"), lambda: signed(BODY), Unauthenticated, id="another body"),
        pytest.param(BODY, lambda: signed(BODY, secret="a guess"), Unauthenticated, id="another secret"),
        pytest.param(BODY, lambda: signed(BODY, age=3600), Unauthenticated, id="recorded"),
        pytest.param(BODY, lambda: signed(BODY, age=-3600), Unauthenticated, id="from the future"),
        pytest.param(BODY, lambda: {"provider-signature": signed(BODY)["provider-signature"].replace("t=1", "t=2")}, Unauthenticated, id="another time"),
        pytest.param(BODY, lambda: {"provider-signature": "t=x,v1=y"}, Unauthenticated, id="nonsense"),
        pytest.param(BODY, dict, Unauthenticated, id="none"),
        pytest.param("{", lambda: signed("{"), Malformed, id="no JSON"),
        pytest.param("[]", lambda: signed("[]"), Malformed, id="no object"),
        pytest.param('{"id": "e", "type": "payment.captured"}', lambda: signed('{"id": "e", "type": "payment.captured"}'), Malformed, id="no reference"),
    ],
)
def test_a_callback_that_is_not_the_providers_or_makes_no_sense_is_refused(body: str, sign: Callable[[], dict[str, str]], error: type[TradeError]) -> None:
    with pytest.raises(error):
        Sandbox("http://127.0.0.1:1", "k", SECRET).notification(body, sign(), utc_now())


def test_a_callback_about_something_else_tells_nothing() -> None:
    body = BODY.replace("payment.captured", "payout.paid")
    assert Sandbox("http://127.0.0.1:1", "k", SECRET).notification(body, signed(body), utc_now()) is None
