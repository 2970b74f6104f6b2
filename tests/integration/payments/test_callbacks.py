"""The provider's callbacks: they wake what they are about, once each, and nothing depends on them."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from services.payments.application import callbacks
from services.payments.application.providers.sandbox import Sandbox
from shared.contracts.payment_methods import PAYMENT_CALLBACK
from shared.kit.clock import utc_now
from shared.kit.errors import Malformed, NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.platform import commands
from shared.platform.records import commands as kept
from tests.builders.database import call
from tests.integration.payments.model import ModelProvider
from tests.integration.payments.scene import Scene, Trade, usd
from tradelane.provider.webhooks import signature

SECRET = "whsec"
SANDBOX = Sandbox("http://127.0.0.1:1", "key", SECRET)


def tell(
    scene: Scene, reference: str, *, id: str | None = None, kind: str = "payment", sender: str = "sandbox", secret: str = SECRET, body: str | None = None
) -> None:
    """A callback as it comes in by RPC."""
    written = body if body is not None else json.dumps({"id": id or f"evt_{new_id()}", "type": f"{kind}.changed", "reference": reference})
    signed = {"provider-signature": signature(secret, int(utc_now().timestamp()), written.encode())}
    asked = call(PAYMENT_CALLBACK, None, {"sender": sender, "body": written, "signatures": signed})
    if told := callbacks.read(SANDBOX, asked):
        scene.database.run(lambda tx: commands.once(tx, callbacks.once(asked, told), callbacks.wake, told))


def next_at(scene: Scene, trade: Trade, what: str) -> datetime | None:
    """When the order's one payment or refund is looked at next."""
    (row,) = scene.payments(trade.order_id)[what]
    found: datetime | None = row["next_at"]
    return found


@pytest.fixture
def provider() -> ModelProvider:
    return ModelProvider()


@pytest.fixture
def trade(scene: Scene, provider: ModelProvider) -> Trade:
    """An order whose payment is pending at the provider."""
    trade = Trade("escrow", usd(250_00))
    scene.happen(trade.placed())
    scene.pay(trade, "card_slow")
    scene.work_off(provider)
    return trade


def due(scene: Scene, trade: Trade, what: str = "provider_payments") -> bool:
    at = next_at(scene, trade, what)
    return at is not None and at <= utc_now()


def test_what_it_is_about_is_looked_at_at_once(scene: Scene, provider: ModelProvider, trade: Trade) -> None:
    provider.decide()
    tell(scene, "pay_1")
    scene.work_off(provider)
    assert scene.payments(trade.order_id)["state"] == "held"


def test_a_refund_is_woken_too_and_what_is_over_is_looked_at_once_more(scene: Scene, provider: ModelProvider, trade: Trade) -> None:
    provider.decide()
    tell(scene, "pay_1")
    scene.work_off(provider)
    scene.happen(trade.cancelled())
    scene.work_off(provider)
    assert (next_at(scene, trade, "provider_payments"), next_at(scene, trade, "refunds")) == (None, None)
    for kind, reference, what in (("payment", "pay_1", "provider_payments"), ("refund", "ref_1", "refunds")):
        tell(scene, reference, kind=kind)
        assert due(scene, trade, what)
        scene.work_off(provider)
        assert next_at(scene, trade, what) is None
    assert scene.told_names(trade.order_id).count("refund_made") == 1
    assert scene.faults() == []


def test_the_same_notification_wakes_once(scene: Scene, provider: ModelProvider, trade: Trade) -> None:
    provider.decide()
    tell(scene, "pay_1", id="evt_1")
    scene.work_off(provider)
    for _ in range(3):
        tell(scene, "pay_1", id="evt_1")
    assert next_at(scene, trade, "provider_payments") is None
    assert scene.count(kept) == 1


def test_one_about_what_is_not_known_here_does_nothing(scene: Scene, provider: ModelProvider, trade: Trade) -> None:
    before = scene.payments(trade.order_id)["provider_payments"]
    tell(scene, "pay_of_another")
    tell(scene, "pay_1", kind="refund")
    tell(scene, "pay_1", kind="account")
    assert scene.payments(trade.order_id)["provider_payments"] == before


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"secret": "another"}, Unauthenticated),
        ({"sender": "another"}, NotFound),
        ({"body": "{"}, Malformed),
    ],
)
def test_what_is_not_the_providers_is_refused(scene: Scene, trade: Trade, wrong: dict[str, str], error: type[Exception]) -> None:
    before = scene.payments(trade.order_id)["provider_payments"]
    with pytest.raises(error):
        tell(scene, "pay_1", **wrong)
    assert scene.payments(trade.order_id)["provider_payments"] == before
    assert scene.count(kept) == 0


def test_without_a_provider_nobody_calls_back() -> None:
    with pytest.raises(NotFound):
        callbacks.read(None, call(PAYMENT_CALLBACK, None, {"sender": "sandbox", "body": "{}", "signatures": {}}))
