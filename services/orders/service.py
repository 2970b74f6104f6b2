"""The orders service on the bus: each call goes to its handler, each event to its reaction, and the clock to the deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.orders.application import clock, deadlines, enquiries, feed, goods, handlers, paying, queries
from services.orders.application.reactions import REACTIONS, lock
from shared.contracts import documents, orders as contract, presence, purchases, trade_events
from shared.contracts.catalog import PRODUCTS_BY_ID
from shared.contracts.presence import Sighting
from shared.platform.calls import Call
from shared.platform.client import RpcClient
from shared.platform.consumer import consumes
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.timer import every
from shared.platform.wire import Event


class OrdersService:
    name = "orders"
    store = Store(clock=clock.ahead, census={"orders": queries.orders_by_state})
    bus = RpcClient()

    @rpc(contract.OPEN_ENQUIRY)
    def open_enquiry(self, call: Call) -> Mapping[str, Any]:
        return self.store.ask_and_write(call, lambda: (self._products(call),), enquiries.open_enquiry)

    @rpc(contract.MAKE_OFFER)
    def make_offer(self, call: Call) -> Mapping[str, Any]:
        return self.store.ask_and_write(call, lambda: (self._products(call),), enquiries.make_offer)

    @rpc(contract.ACCEPT_ENQUIRY)
    def accept_enquiry(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, enquiries.accept_enquiry)

    @rpc(contract.CANCEL_ENQUIRY)
    def cancel_enquiry(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, enquiries.cancel_enquiry)

    @rpc(contract.SEND_MESSAGE)
    def send_message(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, enquiries.send_message)

    @rpc(contract.GET_ENQUIRY)
    def get_enquiry(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.get_enquiry)

    @rpc(contract.LIST_ENQUIRIES)
    def list_enquiries(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.list_enquiries)

    @rpc(contract.PLACE_ORDER)
    def place_order(self, call: Call) -> Mapping[str, Any]:
        return self.store.ask_and_write(call, lambda: self._listed(call), handlers.place_order)

    @rpc(purchases.PLACE_PURCHASE)
    def place_purchase(self, call: Call) -> Mapping[str, Any]:
        return self.store.ask_and_write(call, lambda: self._listed(call), handlers.place_purchase)

    @rpc(purchases.GET_PURCHASE)
    def get_purchase(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.get_purchase)

    @rpc(contract.GET_ORDER)
    def get_order(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.get_order)

    @rpc(contract.LIST_ORDERS)
    def list_orders(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.list_orders)

    @rpc(documents.OWN_ORDERS_AMONG)
    def own_orders_among(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.own_orders_among)

    @rpc(contract.ACT_ON_ORDER)
    def act_on_order(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, handlers.act_on_order)

    @rpc(contract.SAVE_DRAFT)
    def save_draft(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, handlers.save_draft)

    @rpc(presence.GET_ENQUIRY_PRESENCE)
    def get_enquiry_presence(self, call: Call) -> Mapping[str, Any]:
        return self._presence(call, self.store.read(call, queries.enquiry_parties))

    @rpc(presence.GET_ORDER_PRESENCE)
    def get_order_presence(self, call: Call) -> Mapping[str, Any]:
        return self._presence(call, self.store.read(call, queries.order_parties))

    @rpc(trade_events.LIST_EVENTS)
    def list_events(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, feed.list_events)

    @rpc(trade_events.NEWS)
    def news(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, feed.news)

    @rpc(contract.GET_CLOCK)
    def get_clock(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, clock.get_clock)

    @rpc(contract.ADVANCE_CLOCK)
    def advance_clock(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, clock.advance_clock)

    @consumes(REACTIONS, together=REACTIONS, lock=lock)
    def react(self, tx: Transaction, event: Event) -> None:
        REACTIONS[event.type](tx, event)

    @every(seconds=1.0)
    def sweep_deadlines(self) -> None:
        while self.store.run(deadlines.sweep):
            pass

    def _presence(self, call: Call, parties: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
        """The parties, with what accounts know of them."""
        seen = self.bus.call(presence.LAST_SEEN, {"ids": [party["id"] for party in parties.values()]}, call)["items"]
        return {role: Sighting().load(sighting) | party for (role, party), sighting in zip(parties.items(), seen, strict=True)}

    def _listed(self, call: Call) -> tuple[goods.Products, paying.Paying]:
        """The products of the call's lines, and how they are to be paid."""
        products = self._products(call)
        return products, paying.asked(call.data, products, lambda operation, data: self.bus.call(operation, data, call))

    def _products(self, call: Call) -> goods.Products:
        """The products of the call's lines."""
        ids = sorted({line["product_id"] for line in call.data["lines"]})
        return goods.read_products(self.bus.call(PRODUCTS_BY_ID, {"ids": ids}, call))
