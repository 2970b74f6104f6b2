"""Payments on the bus."""

from __future__ import annotations

from typing import Any

from services.payments.application import handlers, queries
from services.payments.application.reactions import REACTIONS
from shared.contracts import payments as contract
from shared.platform.calls import Call
from shared.platform.consumer import consumes
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.wire import Event


class PaymentsService:
    name = "payments"
    store = Store()

    @rpc(contract.GET_ORDER_PAYMENTS)
    def get_order_payments(self, call: Call) -> Any:
        return self.store.read(call, queries.get_order_payments)

    @rpc(contract.GET_BALANCES)
    def get_balances(self, call: Call) -> Any:
        return self.store.read(call, queries.get_balances)

    @rpc(contract.DEPOSIT)
    def deposit(self, call: Call) -> Any:
        return self.store.write(call, handlers.deposit)

    @consumes(REACTIONS)
    def react(self, tx: Transaction, event: Event) -> None:
        REACTIONS[event.type](tx, event)
