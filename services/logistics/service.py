"""Logistics on the bus."""

from __future__ import annotations

from typing import Any

from services.logistics.application import (
    booking,
    handlers,
    label_batches,
    label_orders,
    label_printing,
    online_shipping,
    public_tracking,
    queries,
    quotes,
    tariff_versions,
    tracking,
    warehouses,
    watch,
)
from services.logistics.application.printing import printed
from services.logistics.application.reactions import REACTIONS, TOGETHER
from shared.contracts import labels, logistics as contract, logistics_orders, tariffs, tracking as tracking_contract
from shared.contracts.orders import GET_ORDER
from shared.contracts.quotes import QUOTE
from shared.platform.calls import Call
from shared.platform.client import RpcClient
from shared.platform.consumer import consumes
from shared.platform.cpu import offload
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.timer import Bell, every
from shared.platform.wire import Event


class LogisticsService:
    name = "logistics"
    store = Store()
    labels_wanted = Bell()
    bus = RpcClient()

    @rpc(contract.LIST_CHANNELS)
    def list_channels(self, call: Call) -> Any:
        return queries.list_channels(call)

    @rpc(contract.GET_SHIPMENT)
    def get_shipment(self, call: Call) -> Any:
        return self.store.read(call, queries.get_shipment)

    @rpc(contract.GET_DOCUMENT)
    def get_document(self, call: Call) -> Any:
        return offload(printed, call.data["name"], self.store.read(call, queries.get_document))

    @rpc(contract.REPORT_TRACKING)
    def report_tracking(self, call: Call) -> Any:
        return self.store.write(call, handlers.report_tracking)

    @rpc(tracking_contract.RECEIVE_CALLBACK)
    def receive_carrier_callback(self, call: Call) -> Any:
        return self.store.write(call, tracking.receive_callback)

    @rpc(tracking_contract.TRACK)
    def track(self, call: Call) -> Any:
        return self.store.read(call, public_tracking.track)

    @rpc(QUOTE)
    def quote(self, call: Call) -> Any:
        return self.store.read(call, quotes.quote)

    @rpc(tariffs.LIST_TARIFFS)
    def list_tariffs(self, call: Call) -> Any:
        return self.store.read(call, tariff_versions.list_tariffs)

    @rpc(tariffs.GET_TARIFF)
    def get_tariff(self, call: Call) -> Any:
        return self.store.read(call, tariff_versions.get_tariff)

    @rpc(tariffs.PUT_TARIFF)
    def put_tariff(self, call: Call) -> Any:
        return self.store.write(call, tariff_versions.put_tariff)

    @rpc(logistics_orders.CREATE_LOGISTICS_ORDER)
    def create_logistics_order(self, call: Call) -> Any:
        return self.store.ask_and_write(call, lambda: (self.bus.call(GET_ORDER, {"id": call.data["id"]}, call),), booking.create)

    @rpc(logistics_orders.GET_LOGISTICS_ORDER)
    def get_logistics_order(self, call: Call) -> Any:
        return self.store.read(call, online_shipping.get)

    @rpc(logistics_orders.GET_ORDERS_LOGISTICS_ORDER)
    def get_orders_logistics_order(self, call: Call) -> Any:
        return self.store.read(call, online_shipping.get_of_order)

    @rpc(logistics_orders.VOID_LOGISTICS_ORDER)
    def void_logistics_order(self, call: Call) -> Any:
        return self.store.write(call, online_shipping.void)

    @rpc(logistics_orders.TELL_DOMESTIC_WAYBILL)
    def tell_domestic_waybill(self, call: Call) -> Any:
        return self.store.write(call, online_shipping.tell_domestic_waybill)

    @rpc(logistics_orders.SCAN_PARCEL)
    def scan_parcel(self, call: Call) -> Any:
        return self.store.write(call, warehouses.scan)

    @rpc(logistics_orders.WEIGH_PARCEL)
    def weigh_parcel(self, call: Call) -> Any:
        return self.store.write(call, warehouses.weigh)

    @rpc(logistics_orders.HAND_OVER_PARCEL)
    def hand_over_parcel(self, call: Call) -> Any:
        return self.store.write(call, warehouses.hand_over)

    @rpc(logistics_orders.REPORT_UNDELIVERABLE)
    def report_undeliverable(self, call: Call) -> Any:
        return self.store.write(call, warehouses.report_undeliverable)

    @rpc(logistics_orders.CONFIRM_RETURN)
    def confirm_return(self, call: Call) -> Any:
        return self.store.write(call, warehouses.confirm_return)

    @rpc(labels.GET_LABEL)
    def get_label(self, call: Call) -> Any:
        return offload(label_printing.printed, self.store.read(call, label_orders.get_labels))

    @rpc(labels.MAKE_LABEL_BATCH)
    def make_label_batch(self, call: Call) -> Any:
        answer = self.store.write(call, label_batches.make)
        self.labels_wanted.ring()
        return answer

    @rpc(labels.GET_LABEL_BATCH)
    def get_label_batch(self, call: Call) -> Any:
        return self.store.read(call, label_batches.get)

    @rpc(labels.GET_LABEL_BATCH_DOCUMENT)
    def get_label_batch_document(self, call: Call) -> Any:
        return offload(label_batches.joined, self.store.read(call, label_batches.get_parts))

    @every(seconds=2.0, bell=labels_wanted)
    def print_labels(self) -> None:
        while work := self.store.run(label_batches.claim):
            self.store.run(label_batches.keep, work, offload(label_batches.print_work, work))

    @consumes(REACTIONS, together=TOGETHER)
    def react(self, tx: Transaction, event: Event) -> None:
        REACTIONS[event.type](tx, event)

    @every(seconds=10.0)
    def look_after_shipments(self) -> None:
        while self.store.run(watch.look):
            pass

    @every(seconds=10.0)
    def poll_carriers(self) -> None:
        watch.poll(self.store.run)
