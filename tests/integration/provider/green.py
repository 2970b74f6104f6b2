"""Payments' process as the adapters find it: green. One greenlet waits for a provider that holds its answer; another goes on, and has it let go.

If the first kept the whole process waiting, the second would not run before its time is over, and it would fail.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402

import requests  # noqa: E402

from services.payments.application.providers.port import Provider  # noqa: E402
from services.payments.application.providers.sandbox import Sandbox  # noqa: E402
from services.payments.application.providers.stripe import Stripe  # noqa: E402
from shared.kit.money import Money  # noqa: E402
from tests.integration.provider.stripe_double import StripeDouble  # noqa: E402


def overtaken(provider: Provider, method: str, held: Callable[[], bool], let_go: Callable[[], None]) -> str:
    """The state of a payment whose answer came when another greenlet saw to it."""
    waiting = eventlet.spawn(provider.authorize, "key", method, Money(5, "EUR"), "")
    while not held():
        eventlet.sleep(0.02)
    assert not waiting.dead
    let_go()
    return waiting.wait().state


def with_sandbox(url: str, key: str, method: str) -> str:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"

    def held() -> bool:
        return bool(session.get(f"{url}/v1/ledger", timeout=30).json()["items"])

    return overtaken(Sandbox(url, key, ""), method, held, lambda: session.put(f"{url}/v1/mischief", json={}, timeout=30).raise_for_status())


def with_stripe() -> str:
    double = StripeDouble()
    provider = Stripe("sk_test_1", "whsec_1", double.url)
    method = provider.method(double.add_method("card", {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2031, "wallet": None})).reference
    asked, gate = len(double.asked), eventlet.green.threading.Event()
    double.held = gate
    return overtaken(provider, method, lambda: len(double.asked) > asked, gate.set)


sys.stdout.write(f"{with_sandbox(*sys.argv[1:4])} {with_stripe()}")
