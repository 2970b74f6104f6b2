"""A payment provider in this process: it does what its methods' names say, loses answers as it is told, and knows what really happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.payments.application.providers.port import (
    Declined,
    Method,
    Notification,
    ProviderPayment,
    ProviderRefund,
    ProviderRefused,
    ProviderUnavailable,
)
from shared.kit.money import Money


@dataclass
class ModelProvider:
    """`trouble` is asked before and after each call whether the answer gets lost.

    A method is named `<kind>_<fate>`: ok, declined, not_even (no payment is made of it), slow (pending until it is `decide`d, then as it says),
    lapses (cannot be captured), refund_slow, refund_fails, refund_declined.
    """

    trouble: Callable[[], bool] = lambda: False
    name: str = "sandbox"
    payments: dict[str, ProviderPayment] = field(default_factory=dict)
    refunds: dict[str, ProviderRefund] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)  # of payments
    answers: dict[str, Any] = field(default_factory=dict)  # the first to each key
    asked: list[tuple[str, str]] = field(default_factory=list)

    def method(self, token: str) -> Method:
        if token == "unknown":
            raise Declined("method_not_accepted")
        kind = next(kind for kind in ("card", "wallet", "bank_debit") if token.startswith(kind))
        return Method(token, kind, f"{kind.capitalize()} •••• 4242", "4242", "2098-12" if kind == "card" else None)  # type: ignore[arg-type]

    def authorize(self, key: str, method: str, amount: Money, description: str) -> ProviderPayment:
        def make() -> ProviderPayment:
            if method.endswith("not_even"):
                raise Declined("limit_exceeded")
            reference = f"pay_{len(self.payments) + 1}"
            state = "pending" if "slow" in method.removesuffix("refund_slow") else self._decided(method)
            self.methods[reference] = method
            self.payments[reference] = ProviderPayment(reference, state, amount, Money(0, amount.currency), _why(state))  # type: ignore[arg-type]
            return self.payments[reference]

        return self._answer("authorize", key, make)  # type: ignore[no-any-return]

    def capture(self, key: str, payment: str) -> ProviderPayment:
        def take() -> ProviderPayment:
            if self.payments[payment].state != "authorized" or self.methods[payment].endswith("lapses"):
                if self.payments[payment].state == "authorized":
                    self._is(payment, "cancelled")
                raise Declined("authorization_expired")
            return self._is(payment, "captured")

        return self._answer("capture", key, take)  # type: ignore[no-any-return]

    def cancel(self, key: str, payment: str) -> ProviderPayment:
        def let_go() -> ProviderPayment:
            state = self.payments[payment].state
            return self._is(payment, "cancelled") if state in ("pending", "authorized") else self.payments[payment]

        return self._answer("cancel", key, let_go)  # type: ignore[no-any-return]

    def refund(self, key: str, payment: str, amount: Money) -> ProviderRefund:
        def send() -> ProviderRefund:
            paid, method = self.payments[payment], self.methods[payment]
            if paid.state != "captured" or paid.amount < paid.refunded + amount:
                raise ProviderRefused("more than is left")
            if method.endswith("refund_declined"):
                raise Declined("account_closed")
            reference = f"ref_{len(self.refunds) + 1}"
            state = "pending" if method.endswith("refund_slow") else "failed" if method.endswith("refund_fails") else "made"
            if state != "failed":
                self.payments[payment] = replace(paid, refunded=paid.refunded + amount)
            self.refunds[reference] = ProviderRefund(reference, payment, state, amount)  # type: ignore[arg-type]
            return self.refunds[reference]

        return self._answer("refund", key, send)  # type: ignore[no-any-return]

    def payment(self, reference: str) -> ProviderPayment:
        return self._look("payment", reference, self.payments)  # type: ignore[no-any-return]

    def refund_of(self, reference: str) -> ProviderRefund:
        return self._look("refund_of", reference, self.refunds)  # type: ignore[no-any-return]

    def notification(self, body: str, signatures: Mapping[str, str], now: datetime) -> Notification | None:
        raise NotImplementedError

    def decide(self) -> None:
        """What is pending is decided now."""
        for reference, payment in self.payments.items():
            if payment.state == "pending":
                self._is(reference, self._decided(self.methods[reference]))
        self.refunds = {key: replace(each, state="made") if each.state == "pending" else each for key, each in self.refunds.items()}

    def bounce(self) -> None:
        """What was sent back comes back from the buyers' banks."""
        for key, each in self.refunds.items():
            if each.state == "made":
                self.refunds[key] = replace(each, state="failed")
                self.payments[each.payment] = replace(self.payments[each.payment], refunded=self.payments[each.payment].refunded - each.amount)

    def has(self, currency: str = "USD") -> int:
        """What it really holds for the platform."""
        paid = [each for each in self.payments.values() if each.state == "captured" and each.amount.currency == currency]
        pending = sum(each.amount.minor for each in self.refunds.values() if each.state == "pending" and each.amount.currency == currency)
        return sum((each.amount - each.refunded).minor for each in paid) + pending

    def states(self) -> list[str]:
        return [each.state for each in self.payments.values()]

    def _decided(self, method: str) -> str:
        return "declined" if "declined" in method.removesuffix("refund_declined") else "captured" if method.startswith("bank_debit") else "authorized"

    def _is(self, reference: str, state: str) -> ProviderPayment:
        self.payments[reference] = replace(self.payments[reference], state=state, reason=_why(state))  # type: ignore[arg-type]
        return self.payments[reference]

    def _answer(self, what: str, key: str, act: Callable[[], Any]) -> Any:
        self.asked.append((what, key))
        if self.trouble():
            raise ProviderUnavailable("it never arrived")
        if key not in self.answers:
            try:
                self.answers[key] = act()
            except Declined as error:
                self.answers[key] = error
        if self.trouble():
            raise ProviderUnavailable("the answer got lost")
        if isinstance(self.answers[key], Declined):
            raise self.answers[key]
        return self.answers[key]

    def _look(self, what: str, reference: str, there: Mapping[str, Any]) -> Any:
        self.asked.append((what, reference))
        if self.trouble():
            raise ProviderUnavailable("no answer")
        return there[reference]


def _why(state: str) -> str | None:
    return "insufficient_funds" if state == "declined" else None
