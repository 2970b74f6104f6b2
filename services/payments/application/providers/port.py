"""What payments asks of a payment provider, whoever that is: bind a method, authorize, capture, cancel, refund, look up.

Every call that changes something carries an idempotency key, so that asking again after a crash or a lost answer has one effect.
A callback only says what to look at; the state is always asked for, so that neither their order nor their number matters.

    Declined             the provider says no, and will say no again           → tell the buyer why
    ProviderUnavailable  no answer, or one that asks for patience              → the same again later, with the same key
    ProviderRefused      it cannot make sense of what we ask: a defect of ours → an operator
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.kit.errors import Invalid, Unavailable
from shared.kit.money import Money

MethodKind = Literal["card", "wallet", "bank_debit"]
PaymentState = Literal["pending", "authorized", "captured", "declined", "cancelled"]
RefundState = Literal["pending", "made", "failed"]

REASONS = {
    "declined": "The payment was declined; the provider does not say why.",
    "insufficient_funds": "There are not enough funds.",
    "method_expired": "The payment method has expired.",
    "method_not_accepted": "The payment method is not known, or is no longer accepted.",
    "authentication_required": "The payment needs the holder's consent, which was not given.",
    "fraud_suspected": "The payment was stopped as suspicious.",
    "limit_exceeded": "The amount is above the method's limit.",
    "currency_not_accepted": "The method does not pay in this currency.",
    "amount_not_accepted": "The provider does not take this amount in this currency.",
    "authorization_expired": "The authorization was not captured in time.",
    "account_closed": "The account behind the method is closed.",
}
"""Why a provider says no: our words for whatever it calls them, each with a sentence for people."""


@dataclass(frozen=True, slots=True)
class Method:
    """A means of payment as the provider knows it: `reference` is what it is asked for by, never a card number.

    `last4` is empty where there is none, as of a wallet; `expires` is `YYYY-MM`.
    """

    reference: str
    kind: MethodKind
    label: str
    last4: str
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment at the provider. `refunded` is what went back of it; `reason` (of REASONS) says why it was declined or cancelled.

    A bank debit has nothing to capture: it goes from pending straight to captured.
    """

    reference: str
    state: PaymentState
    amount: Money
    refunded: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """What goes back of `payment` (its reference), in whole or in part."""

    reference: str
    payment: str
    state: RefundState
    amount: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """The provider's word that something happened to a payment or a refund; `id` is the same when it says so again."""

    id: str
    kind: Literal["payment", "refund"]
    reference: str


class Declined(Invalid):
    """`reason`, which is its code too, is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, REASONS[reason])
        self.reason = reason


class ProviderUnavailable(Unavailable):
    def __init__(self, why: str) -> None:
        super().__init__("provider_unavailable", f"The payment provider does not answer: {why}")


class ProviderRefused(Exception):
    """Our request is wrong, or contradicts what was asked before."""


class Provider(Protocol):
    """Raises what the module tells. `key`: the idempotency key; methods, payments and refunds are named by their references."""

    @property
    def name(self) -> str:
        """As in `POST /v1/payment-callbacks/{name}`."""

    def method(self, token: str) -> Method:
        """The method that the client's token stands for, kept at the provider from now on. Declined where the token is no good."""

    def authorize(self, key: str, method: str, amount: Money, description: str) -> ProviderPayment:
        """Reserve the amount. A payment that is declined at once is answered as such; Declined where not even one was made of it."""

    def capture(self, key: str, payment: str) -> ProviderPayment:
        """Take the authorized amount, all of it. Declined where it can no longer be taken."""

    def cancel(self, key: str, payment: str) -> ProviderPayment:
        """Let go of what was authorized. A payment that it is too late for is answered as it is: what is captured has to be refunded."""

    def refund(self, key: str, payment: str, amount: Money) -> ProviderRefund:
        """Send back some or all of what was captured. Declined where the provider will not; ProviderRefused where it is more than is left."""

    def payment(self, reference: str) -> ProviderPayment:
        """A payment as it is now."""

    def refund_of(self, reference: str) -> ProviderRefund:
        """A refund as it is now."""

    def notification(self, body: str, signatures: Mapping[str, str], now: datetime) -> Notification | None:
        """What a callback tells, None where it is neither of a payment nor of a refund.

        `signatures` are its headers named `…-signature`, in lower case. Unauthenticated where it is not the provider's or too old; Malformed
        where it is, but cannot be read.
        """
