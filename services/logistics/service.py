"""Logistics on the bus."""

from __future__ import annotations

from typing import Any

from services.logistics.application import handlers, public_tracking, queries, quotes, tariff_versions, tracking, watch
from services.logistics.application.printing import printed
from services.logistics.application.reactions import REACTIONS
from shared.contracts import logistics as contract, tariffs, tracking as tracking_contract
from shared.contracts.quotes import QUOTE
from shared.platform.calls import Call
from shared.platform.consumer import consumes
from shared.platform.cpu import offload
from shared.platform.database import Transaction
from shared.platform.rpc import rpc
from shared.platform.store import Store
from shared.platform.timer import every
from shared.platform.wire import Event


class LogisticsService:
    name = "logistics"
    store = Store()

    @rpc(contract.LIST_CHANNELS)
    def list_channels(self, call: Call) -> Any:
        return queries.list_channels()

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

    @consumes(REACTIONS)
    def react(self, tx: Transaction, event: Event) -> None:
        REACTIONS[event.type](tx, event)

    @every(seconds=10.0)
    def look_after_shipments(self) -> None:
        while self.store.run(watch.look):
            pass

    @every(seconds=10.0)
    def poll_carriers(self) -> None:
        watch.poll(self.store.run)
