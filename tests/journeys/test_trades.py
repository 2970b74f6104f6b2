"""Every shipped trade from its file to its end, on real servers and embedded; and trades that cannot get there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.builders.system import System
from tests.journeys.market import eventually
from tradelane.client import Client, Refused
from tradelane.demo.trade import Json
from tradelane.demo.trade_file import DEFAULT, load, shipped
from tradelane.demo.walk import Walk, WalkError


@pytest.fixture(scope="module", params=["system", "embedded"])
def running(request: pytest.FixtureRequest) -> System:
    found: System = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def operator(running: System) -> Client:
    return running.operator()


class Heard(list[tuple[str, str]]):
    """A listener that keeps who did what."""

    def begins(self, who: str, what: str) -> None: ...

    def done(self, who: str, what: str, outcome: str, seconds: float) -> None:
        assert outcome
        assert seconds >= 0
        self.append((who, what))


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_trade_is_completed(running: System, operator: Client, name: str) -> None:
    trade, heard = load(name), Heard()
    walk = Walk(trade, running.url, operator, heard)
    order = walk.run()

    assert order["state"] == "completed"
    assert [(step["name"], step["status"]) for step in order["steps"]] == [(step, "done") for step in trade.steps]
    assert [(entry["to_state"], entry["reason"]) for entry in order["history"] if entry["label"] in ("Exception", "Transport Fail")] == [
        (f"{step}_exception", content["exception"]["reason"]) for step, content in trade.steps.items() if "exception" in content
    ]
    assert [entry["version"] for entry in order["history"]] == list(range(1, len(order["history"]) + 1))
    assert len([what for _, what in heard if what.endswith(": Save")]) == len([step for step in trade.steps.values() if "form" in step])
    assert order["drafts"] == {}
    assert not any("password" in (entry["form"] or {}) for entry in order["history"])
    check_stock(walk, order)
    check_money(walk, order)
    documents = dict(walk.documents(order))
    assert all(content.startswith(b"%PDF-") for content in documents.values())
    assert ({"commercial_invoice", "packing_list"} <= documents.keys()) == ("export_customs" in trade.steps)


def check_stock(walk: Walk, order: Json) -> None:
    """What was sold leaves the shelf, and nothing stays reserved."""
    stock = {product["sku"]: product["stock"] for product in walk.trade.products}
    for line in order["lines"]:
        sold = sum(each["quantity"] for each in order["lines"] if each["sku"] == line["sku"])
        path, left = f"/v1/products/{line['product_id']}", stock[line["sku"]] - sold
        eventually(lambda path=path: {name: walk.clients["supplier"].get(path)[name] for name in ("on_hand", "reserved")}, {"on_hand": left, "reserved": 0})


def check_money(walk: Walk, order: Json) -> None:
    """All of it is paid: settled with the supplier, or held for as long as the buyer is protected."""
    path, total = f"/v1/orders/{order['id']}/payments", order["total"]
    escrow = order["terms"]["settlement"] == "escrow"
    held = total if escrow else total | {"amount": str(Decimal(total["amount"]) * 0)}
    expected = {"state": "held" if escrow else "settled", "due": total, "paid": total, "held": held}
    eventually(lambda: {name: walk.clients["buyer"].get(path)[name] for name in expected}, expected)


def test_goods_that_are_not_there_end_the_trade_at_once(running: System, operator: Client) -> None:
    trade = load(DEFAULT)
    first, *others = trade.products
    order = Walk(replace(trade, products=[first | {"stock": 239}, *others]), running.url, operator).run()
    assert (order["state"], order["history"][-1]["reason"]) == ("rejected", "out_of_stock")


def test_a_channel_that_cannot_carry_the_goods_ends_the_trade_at_once(running: System, operator: Client) -> None:
    trade = load("teaware-parcel")
    order = Walk(replace(trade, terms=trade.terms | {"channel": "postal_packet"}), running.url, operator).run()
    assert (order["state"], order["history"][-1]["reason"]) == ("rejected", "too_heavy")


def test_a_form_that_disagrees_with_the_order_is_refused_with_its_field(running: System, operator: Client) -> None:
    trade = load(DEFAULT)
    form = trade.steps["payment"]["form"] | {"amount": "157839.99"}
    with pytest.raises(Refused) as refused:
        Walk(replace(trade, steps=trade.steps | {"payment": {"form": form}}), running.url, operator).run()
    assert refused.value.status == 422
    assert refused.value.problem["errors"] == {"amount": ["The order's total is 157840.00 USD."]}


def test_an_escrow_payment_without_funds_comes_back(running: System, operator: Client) -> None:
    trade = replace(load("teaware-parcel"), deposit=None)
    with pytest.raises(WalkError, match=r"Payment came back: .*insufficient_funds"):
        Walk(trade, running.url, operator).run()


def test_after_all_these_trades_everything_adds_up(running: System) -> None:
    audit = running.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr
