"""The service's own part: it serves all of its contract, and asks the catalog before it begins a transaction."""

from __future__ import annotations

from typing import Any

from services.orders.application import handlers
from services.orders.service import OrdersService
from shared.contracts import documents, orders as contract, presence, purchases, trade_events
from shared.contracts.catalog import PRODUCTS_BY_ID
from shared.contracts.operations import Operation
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.platform.calls import actor_data
from tests.integration.orders.scene import BOWL, BUYER, CATALOG, MUG, line, terms


class Catalog:
    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[Any] = []
        self.error = error

    def call(self, operation: Operation, data: Any, caller: Any) -> Any:
        self.asked.append((operation, data, caller.actor))
        if self.error:
            raise self.error
        return {"items": [each for each in CATALOG if each["id"] in data["ids"]]}


class Store:
    def __init__(self) -> None:
        self.written: list[Any] = []

    def ask_and_write(self, call: Any, ask: Any, handler: Any) -> dict[str, Any]:
        self.written.append((call, handler, *ask()))
        return {}


def place(catalog: Catalog) -> tuple[Any, list[Any]]:
    """The answer on the bus to an order of three lines, two of them of one product, and what was written."""
    ordering: Any = OrdersService()
    ordering.bus, ordering.store = catalog, Store()
    data = {"lines": [line(MUG), line(BOWL, 20), line(MUG)], "terms": terms()}
    return ordering.place_order({"data": data, "actor": actor_data(BUYER), "command_id": new_id()}), ordering.store.written


def test_every_operation_of_the_contract_is_served() -> None:
    told = [each for module in (contract, documents, presence, purchases, trade_events) for each in vars(module).values()]
    operations = {each.name for each in told if isinstance(each, Operation) and each.service == "orders"}
    served = {name for name, method in vars(OrdersService).items() if any(hasattr(each, "operation") for each in getattr(method, "nameko_entrypoints", ()))}
    assert served == operations


def test_the_products_of_all_lines_are_asked_for_once_in_the_callers_name_and_handed_to_the_handler() -> None:
    catalog = Catalog()
    answer, written = place(catalog)
    assert catalog.asked == [(PRODUCTS_BY_ID, {"ids": sorted([MUG["id"], BOWL["id"]])}, BUYER)]
    assert (list(answer), written[0][1]) == (["result"], handlers.place_order)
    assert {key: product["title"] for key, product in written[0][2].items()} == {MUG["id"]: MUG["title"], BOWL["id"]: BOWL["title"]}


def test_where_the_catalog_does_not_answer_nothing_is_written() -> None:
    answer, written = place(Catalog(Unavailable("service_timeout", "The catalog did not answer.")))
    assert (answer["error"]["code"], written) == ("service_timeout", [])
