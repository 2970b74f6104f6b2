"""Payments as its tests drive it: orders' events in, operations called, what it told and what the ledger says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from services.payments.application import asking, exchange, freight, handlers, methods, payouts, queries, refunds
from services.payments.application.asking import Run
from services.payments.application.audit import sums
from services.payments.application.providers.port import Provider
from services.payments.application.reactions import REACTIONS, lock
from services.payments.domain.exchange import Rate, convert
from services.payments.domain.provider_payment import METHOD_KINDS
from shared.contracts import exchange as exchange_contract, freight as freight_contract, payment_methods, payments as contract, payouts as payout_contract
from shared.contracts.dumping import dump
from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.audit import Sum
from shared.platform.commands import once
from shared.platform.context import Context
from shared.platform.database import Transaction, run
from shared.platform.records import outbox
from shared.platform.wire import Event
from tests.builders.database import TestDatabase, call
from tests.integration.payments.model import ModelProvider

OPERATOR = Actor(new_id(), frozenset({"operator"}))
IBAN = "DE89370400440532013000"


def owner(party: str) -> Actor:
    """A verified supplier whose password was asked again."""
    return Actor(party, frozenset({"supplier"}), "Huang Ceramics", reauthenticated=True, verified=True)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def wire(money: Money | None) -> dict[str, str] | None:
    return money and {"amount": str(money.amount), "currency": money.currency}  # type: ignore[return-value]


@dataclass
class Trade:
    """One order, as orders tells of it; with `rate` it is paid in the currency `pay_in`, at so much of it for one of the order's own."""

    settlement: str
    total: Money
    pay_in: str | None = None
    rate: Decimal = Decimal(1)
    buyer: str = field(default_factory=new_id)
    supplier: str = field(default_factory=new_id)
    order_id: str = field(default_factory=new_id)

    @property
    def due(self) -> Money:
        return convert(self.total, self.rate, self.pay_in) if self.pay_in else self.total

    def event(self, name: str, **data: Any) -> Event:
        """`orders.<name>.v1` with what every transition tells, and `data`."""
        raw = {
            "order_id": self.order_id,
            "number": "TO-00000-00000",
            "buyer": {"id": self.buyer, "name": "Buyer"},
            "supplier": {"id": self.supplier, "name": "Supplier"},
            "step": None,
            "action": name,
            "from_state": None,
            "to_state": "somewhere",
            "actor_id": self.buyer,
            "actor_role": "buyer",
            "version": 1,
            "at": "2026-01-01T00:00:00Z",
        }
        return Event(new_id(), f"orders.{name}.v1", "orders", self.order_id, 1, utc_now(), Context(), raw | data)

    def placed(self) -> Event:
        address = {"name": "Buyer", "street": "1 Quay", "city": "Rotterdam", "country": "NL"}
        terms = {"settlement": self.settlement, "customs": "carrier", "insurance": "none", "incoterm": "DAP"}
        terms |= {"named_place": "Rotterdam", "channel": "parcel", "ship_to": address}
        exchange = {"rate_id": new_id(), "rate": str(self.rate), "total": wire(self.due)} if self.pay_in else None
        return self.event("order_placed", terms=terms, lines=[], total=wire(self.total), exchange=exchange)

    def payment_submitted(self, method: str | None = None, amount: str | None = None, currency: str | None = None, bound: str | None = None) -> Event:
        """`bound` is the id of a payment method."""
        form = {"method": method or ("balance" if self.settlement == "escrow" else "bank_transfer")} | ({"payment_method_id": bound} if bound else {})
        form |= {"amount": amount or str(self.due.amount), "currency": currency or self.due.currency}
        return self.event("payment_submitted", form=form | {"payer_name": "Buyer", "reference": "R-1", "paid_on": "2026-01-02"})

    def payment_confirmed(self, received: Money | None = None) -> Event:
        return self.event("payment_confirmed", form={"received_on": "2026-01-03", "received_amount": wire(received or self.due)})

    def cancelled(self, refund: Money | None = None) -> Event:
        return self.event("order_cancelled", settlement=self.settlement, refund=wire(refund), reason=None)

    def rejected(self) -> Event:
        return self.event("order_rejected")

    def refund_received(self) -> Event:
        return self.event("refund_received")

    def protection_ended(self) -> Event:
        return self.event("protection_ended")


@dataclass
class Parcel:
    """One order's freight, as logistics tells of it."""

    supplier: str
    order_id: str = field(default_factory=new_id)

    def due(self, *items: tuple[str, Money], charge_id: str | None = None) -> Event:
        return self._event("freight_due", items, charge_id)

    def credited(self, *items: tuple[str, Money], charge_id: str | None = None) -> Event:
        return self._event("freight_credited", items, charge_id)

    def _event(self, name: str, items: tuple[tuple[str, Money], ...], charge_id: str | None) -> Event:
        raw = {"order_id": self.order_id, "charge_id": charge_id or new_id(), "account_id": self.supplier}
        raw |= {"items": [{"kind": kind, "amount": wire(amount)} for kind, amount in items]}
        return Event(new_id(), f"logistics.{name}.v1", "logistics", self.order_id, 1, utc_now(), Context(), raw)


class Scene:
    """`happen` lets payments react to events, one transaction each; the rest asks it and looks into its books."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database

    def happen(self, *events: Event) -> None:
        for event in events:
            self.database.run(lambda tx, event=event: REACTIONS[event.type](tx, event))

    def happen_together(self, *events: Event) -> None:
        """The same for placed orders, in one transaction."""

        def work(tx: Transaction) -> None:
            lock(tx, events)
            for event in events:
                REACTIONS[event.type](tx, event)

        self.database.run(work)

    def deposit(self, party: str, amount: Money, reference: str | None = None, actor: Actor | None = OPERATOR) -> list[Money]:
        data = {"account_id": party, "amount": wire(amount), "reference": reference or new_id()}
        return self.database.run(lambda tx: handlers.deposit(tx, call(contract.DEPOSIT, actor, data)))["items"]  # type: ignore[no-any-return]

    def balances(self, party: str) -> list[Money]:
        actor = Actor(party, frozenset({"buyer"}))
        return self.database.run(lambda tx: queries.get_balances(tx, call(contract.GET_BALANCES, actor, {})))["items"]  # type: ignore[no-any-return]

    def bind_method(self, party: str, reference: str, provider: Provider | None = None) -> str:
        """A payment method of the party, as the provider knows it; its id."""
        provider = provider or ModelProvider()
        asked = call(payment_methods.ADD_PAYMENT_METHOD, Actor(party, frozenset({"buyer"})), {"provider": provider.name, "token": reference})
        return self.database.run(lambda tx: methods.add_method(tx, asked, methods.ask(provider, asked)))["id"]  # type: ignore[no-any-return]

    def pay(self, trade: Trade, reference: str) -> None:
        """The buyer submits the payment by a method of this reference, which is bound for it."""
        kind = next(kind for kind in METHOD_KINDS if reference.startswith(kind))
        self.happen(trade.payment_submitted(kind, bound=self.bind_method(trade.buyer, reference)))

    def run(self, later: timedelta = timedelta(0)) -> Run:
        """Transactions as the service makes them, at a time that is later than the present."""
        return lambda work, *args: run(self.database.engine, lambda tx: work(tx, *args), lambda _tx: later)[0]

    def work_off(self, provider: Provider, later: timedelta = timedelta(0)) -> None:
        """Have the provider asked all that is due by then."""
        asking.work_off(self.run(later), provider)

    def refund(self, trade: Trade, amount: Money, actor: Actor | None = OPERATOR, reason: str = "Two boxes were wet.") -> dict[str, Any]:
        asked = call(payment_methods.MAKE_REFUND, actor, {"id": trade.order_id, "amount": wire(amount), "reason": reason})
        return self.database.run(lambda tx: refunds.make_refund(tx, asked))  # type: ignore[no-any-return]

    def payments(self, order_id: str, actor: Actor | None = OPERATOR) -> dict[str, Any]:
        asked = call(contract.GET_ORDER_PAYMENTS, actor, {"id": order_id})
        return self.database.run(lambda tx: queries.get_order_payments(tx, asked))  # type: ignore[no-any-return]

    def bind(self, supplier: str, currency: str = "USD", roles: tuple[str, ...] = ("supplier",)) -> dict[str, Any]:
        return self.ask(freight_contract.BIND_FREIGHT_ACCOUNT, freight.bind, Actor(supplier, frozenset(roles)), {"currency": currency})

    def top_up(self, supplier: str, amount: Money, method: str | None = None) -> dict[str, Any]:
        """From the balance, or the payment method of this id."""
        asked = {"amount": wire(amount)} | ({"payment_method_id": method} if method else {})
        return self.ask(freight_contract.TOP_UP_FREIGHT_ACCOUNT, freight.top_up, Actor(supplier, frozenset({"supplier"})), asked)

    def freight_account(self, supplier: str) -> dict[str, Any]:
        return self.ask(freight_contract.GET_FREIGHT_ACCOUNT, freight.get, Actor(supplier, frozenset({"supplier"})), {})

    def request_payout(self, party: str, amount: Money, *, command_id: str | None = None, **to: str) -> dict[str, Any]:
        """By a verified owner whose password was asked again; to an IBAN, if nothing else is said."""
        data = {"amount": wire(amount), "account_holder": "Huang Ceramics", **(to or {"iban": IBAN})}
        return self.ask(payout_contract.REQUEST_PAYOUT, payouts.request, owner(party), data, command_id)

    def confirm_payout(self, payout_id: str, paid_on: date | None = None, actor: Actor | None = OPERATOR) -> dict[str, Any]:
        data = {"id": payout_id, "reference": "BANK-7", "paid_on": str(paid_on or utc_now().date())}
        return self.ask(payout_contract.CONFIRM_PAYOUT, payouts.confirm, actor, data)

    def reject_payout(self, payout_id: str, actor: Actor | None = OPERATOR) -> dict[str, Any]:
        return self.ask(payout_contract.REJECT_PAYOUT, payouts.reject, actor, {"id": payout_id, "reason": "The account is closed."})

    def load_rates(self, *rates: tuple[str, str, str], actor: Actor | None = OPERATOR) -> list[Rate]:
        """Rates by pair (`EUR/USD`), value and the day from which they count."""
        rows = [{"base": pair[:3], "quote": pair[4:], "rate": rate, "valid_from": f"{day}T00:00:00Z"} for pair, rate, day in rates]
        return self.ask(exchange_contract.ADD_EXCHANGE_RATES, exchange.add, actor, {"rates": rows})["items"]  # type: ignore[no-any-return]

    def quote(self, amount: Money, currency: str, actor: Actor | None = OPERATOR) -> dict[str, Any]:
        return self.ask(exchange_contract.QUOTE_EXCHANGE, exchange.quote, actor, {"amount": wire(amount), "currency": currency})

    def ask(self, operation: Operation, handler: Any, actor: Actor | None, data: dict[str, Any], command_id: str | None = None) -> dict[str, Any]:
        """The handler's answer, which fits its contract; as a command where that has an id: then the answer as JSON."""
        asked = call(operation, actor, data, command_id)
        answer: dict[str, Any] = self.database.run(lambda tx: once(tx, asked, handler) if command_id else handler(tx, asked))
        assert operation.answer().validate(dump(operation.answer, answer) if command_id is None else answer) == {}
        return answer

    def told(self, subject: str) -> list[tuple[str, dict[str, Any]]]:
        """What was published about the order or account, in order: the event's name and its data."""
        rows = self.database.run(
            lambda tx: tx.execute(select(outbox.c.type, outbox.c.data).where(outbox.c.subject == subject).order_by(outbox.c.version)).all()
        )
        return [(row.type.split(".")[1], row.data) for row in rows]

    def told_names(self, subject: str) -> list[str]:
        return [name for name, _ in self.told(subject)]

    def count(self, table: Any) -> int:
        return self.database.run(lambda tx: tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[no-any-return]

    def audit(self) -> list[Sum]:
        return self.database.run(sums)  # type: ignore[no-any-return]

    def faults(self) -> list[Sum]:
        return [line for line in self.audit() if line.difference]
