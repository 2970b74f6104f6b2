"""The catalog service on the bus: each call goes to its handler, each event to its reaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.catalog.application import handlers, queries
from services.catalog.application.reactions import REACTIONS, TOGETHER, lock_shelves
from shared.contracts import catalog as contract
from shared.platform.calls import Call
from shared.platform.consumer import consumes
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.wire import Event


class CatalogService:
    name = "catalog"
    store = Store()

    @rpc(contract.ADD_PRODUCT)
    def add_product(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, handlers.add_product)

    @rpc(contract.CHANGE_PRODUCT)
    def change_product(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, handlers.change_product)

    @rpc(contract.SET_STOCK)
    def set_stock(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, handlers.set_stock)

    @rpc(contract.GET_PRODUCT)
    def get_product(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.get_product)

    @rpc(contract.LIST_PRODUCTS)
    def list_products(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.list_products)

    @rpc(contract.PRODUCTS_BY_ID)
    def products_by_id(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.products_by_id)

    @consumes(REACTIONS, together=TOGETHER, lock=lock_shelves)
    def react(self, tx: Transaction, event: Event) -> None:
        REACTIONS[event.type](tx, event)
