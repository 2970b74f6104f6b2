"""Payments on the bus."""

from __future__ import annotations

from typing import Any

from eventlet import spawn_after

from services.payments.application import asking, callbacks, exchange, freight, handlers, methods, payouts, providers, queries, refunds
from services.payments.application.payer import Payer
from services.payments.application.reactions import PROVIDER_WANTED, REACTIONS, TOGETHER, lock
from shared.contracts import (
    exchange as exchange_contract,
    freight as freight_contract,
    payment_methods,
    payment_provider as provider_contract,
    payments as contract,
    payouts as payout_contract,
)
from shared.platform.calls import Call
from shared.platform.consumer import consumes
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.settings import settings
from shared.platform.store import Store
from shared.platform.timer import Bell, every
from shared.platform.wire import Event

SOON = 0.05
"""Seconds in which a transaction that is about to commit nearly always has; what it leaves is found anyway."""


class PaymentsService:
    name = "payments"
    store = Store()
    provider = Payer()
    asked_for = Bell()

    @rpc(contract.GET_ORDER_PAYMENTS)
    def get_order_payments(self, call: Call) -> Any:
        return self.store.read(call, queries.get_order_payments)

    @rpc(contract.GET_BALANCES)
    def get_balances(self, call: Call) -> Any:
        return self.store.read(call, queries.get_balances)

    @rpc(contract.DEPOSIT)
    def deposit(self, call: Call) -> Any:
        return self.store.write(call, handlers.deposit)

    @rpc(payout_contract.REQUEST_PAYOUT)
    def request_payout(self, call: Call) -> Any:
        return self.store.write(call, payouts.request)

    @rpc(payout_contract.LIST_PAYOUTS)
    def list_payouts(self, call: Call) -> Any:
        return self.store.read(call, payouts.list_)

    @rpc(payout_contract.GET_PAYOUT)
    def get_payout(self, call: Call) -> Any:
        return self.store.read(call, payouts.get)

    @rpc(payout_contract.CONFIRM_PAYOUT)
    def confirm_payout(self, call: Call) -> Any:
        return self.store.write(call, payouts.confirm)

    @rpc(payout_contract.REJECT_PAYOUT)
    def reject_payout(self, call: Call) -> Any:
        return self.store.write(call, payouts.reject)

    @rpc(freight_contract.BIND_FREIGHT_ACCOUNT)
    def bind_freight_account(self, call: Call) -> Any:
        return self.store.write(call, freight.bind)

    @rpc(freight_contract.GET_FREIGHT_ACCOUNT)
    def get_freight_account(self, call: Call) -> Any:
        return self.store.read(call, freight.get)

    @rpc(freight_contract.TOP_UP_FREIGHT_ACCOUNT)
    def top_up_freight_account(self, call: Call) -> Any:
        account = self.store.write(call, freight.top_up)
        self.asked_for.ring()
        return account

    @rpc(exchange_contract.ADD_EXCHANGE_RATES)
    def add_exchange_rates(self, call: Call) -> Any:
        return self.store.write(call, exchange.add)

    @rpc(exchange_contract.LIST_EXCHANGE_RATES)
    def list_exchange_rates(self, call: Call) -> Any:
        return self.store.read(call, exchange.list_)

    @rpc(exchange_contract.QUOTE_EXCHANGE)
    def quote_exchange(self, call: Call) -> Any:
        return self.store.read(call, exchange.quote)

    @rpc(provider_contract.GET_PAYMENT_PROVIDER)
    def get_payment_provider(self, call: Call) -> Any:
        call.require_actor()
        return providers.shown(settings())

    @rpc(payment_methods.ADD_PAYMENT_METHOD)
    def add_payment_method(self, call: Call) -> Any:
        return self.store.ask_and_write(call, lambda: (methods.ask(self.provider, call),), methods.add_method)

    @rpc(payment_methods.LIST_PAYMENT_METHODS)
    def list_payment_methods(self, call: Call) -> Any:
        return self.store.read(call, methods.list_methods)

    @rpc(payment_methods.REMOVE_PAYMENT_METHOD)
    def remove_payment_method(self, call: Call) -> Any:
        return self.store.write(call, methods.remove_method)

    @rpc(payment_methods.MAKE_REFUND)
    def make_refund(self, call: Call) -> Any:
        refund = self.store.write(call, refunds.make_refund)
        self.asked_for.ring()
        return refund

    @rpc(payment_methods.GET_REFUND)
    def get_refund(self, call: Call) -> Any:
        return self.store.read(call, queries.get_refund)

    @rpc(payment_methods.PAYMENT_CALLBACK)
    def payment_callback(self, call: Call) -> Any:
        if told := callbacks.read(self.provider, call):
            self.store.write(callbacks.once(call, told), callbacks.wake, told)
            self.asked_for.ring()
        return {}

    @every(seconds=1.0, bell=asked_for)
    def ask_provider(self) -> None:
        if self.provider:
            asking.work_off(self.store.run, self.provider)

    @consumes(REACTIONS, together=TOGETHER, lock=lock)
    def react(self, tx: Transaction, event: Event) -> None:
        REACTIONS[event.type](tx, event)
        if event.type in PROVIDER_WANTED:
            spawn_after(SOON, self.asked_for.ring)
