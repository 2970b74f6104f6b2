"""All mischief at once, and a payer who only repeats its calls with their keys: in the end both sides' books say the same."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from services.payments.application.providers.port import ProviderPayment, ProviderUnavailable
from services.payments.application.providers.sandbox import Sandbox
from shared.kit.clock import utc_now
from shared.kit.money import Money
from tests.builders.provider import CARD, IBAN, running_provider
from tests.integration.provider.callbacks import Callbacks
from tests.integration.provider.waiting import PATIENCE, eventually

EVERYTHING = {"decline": 0.2, "delay_s": 0.5, "duplicate": 0.3, "reorder": 0.3, "lose": 0.1, "error_before": 0.2, "error_after": 0.2}
PAYMENTS = 120

Answer = TypeVar("Answer")


def again(ask: Callable[[], Answer]) -> Answer:
    """The answer, however often it has to be asked for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except ProviderUnavailable:
            assert time.monotonic() < deadline


class Payer:
    """Its books: what was authorized, captured and sent back, as it was answered."""

    def __init__(self, sandbox: Sandbox, methods: list[str]) -> None:
        self.sandbox, self.methods = sandbox, methods

    def pay(self, number: int) -> Counter[str]:
        """One payment to its end: taken, sent back in part, let go or left authorized."""
        sandbox, key, amount = self.sandbox, f"payment-{number}", Money(1000 + number, "EUR")
        made = again(lambda: sandbox.authorize(key, self.methods[number % 2], amount, ""))
        payment = eventually(lambda: again(lambda: sandbox.payment(made.reference)), lambda payment: payment.state != "pending")
        if payment.state == "authorized" and number % 3:
            act = sandbox.cancel if number % 5 == 0 else sandbox.capture
            payment = again(lambda: act(f"{key}-then", payment.reference))
        if payment.state == "captured" and number % 7 == 0:
            for part in range(2):
                again(lambda part=part: sandbox.refund(f"{key}-refund-{part}", payment.reference, Money(100, "EUR")))
            payment = again(lambda: sandbox.payment(payment.reference))
        return self._booked(payment)

    def _booked(self, payment: ProviderPayment) -> Counter[str]:
        books = Counter({"payments": 1, "refunded": payment.refunded.minor})
        if payment.state in ("authorized", "captured"):
            books[payment.state] = payment.amount.minor
        return books


def test_under_all_mischief_at_once_both_books_say_the_same(tmp_path: Path) -> None:
    callbacks = Callbacks()
    with running_provider(tmp_path, "--webhook-url", callbacks.url) as own:
        sandbox = Sandbox(own.url, own.key, own.webhook_secret)
        payer = Payer(sandbox, [sandbox.method(own.token(*given)).reference for given in (("card", CARD), ("bank_debit", IBAN))])
        own.mischief(seed=11, **EVERYTHING)
        with ThreadPoolExecutor(8) as pool:
            booked = pool.submit(lambda: sum(pool.map(payer.pay, range(PAYMENTS)), Counter[str]()))
            eventually(lambda: len(callbacks.received) > PAYMENTS / 4, bool)
            own.kill()
            own.start()
            books = booked.result()
        own.mischief()
        assert own.ledger() == {"EUR": {name: books[name] for name in ("payments", "authorized", "captured", "refunded")}}
        assert min(books.values()) > 0
        told = Counter(each.event["id"] for each in list(callbacks.received))
        assert max(told.values()) > 1
        for each in list(callbacks.received):
            notification = sandbox.notification(each.body, each.signatures, utc_now())
            assert notification
            assert sandbox.payment(notification.reference) if notification.kind == "payment" else sandbox.refund_of(notification.reference)
    callbacks.close()
