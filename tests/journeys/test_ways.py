"""The ways an order can go: all eight routes to the end, the exceptions and what comes of them, and what clients do that are impatient or many."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from tests.builders.system import System
from tests.journeys.market import Deal, Market, another, current, eventually
from tests.journeys.problems import refused
from tradelane.client import Client, Refused
from tradelane.demo.trade import Json

# State → which of the terms asks for it, and the action that leaves it.
ROUTE = {
    "awaiting_payment": (None, "pay"),
    "buyer_paid": ("direct", "confirm_payment"),
    "payment_ready": ("platform", "declare_export"),
    "ready_to_ship": (None, "ship"),
    "need_insurance": ("supplier", "insure"),
    "in_transit": (None, "report_arrival"),
    "arrived_in_customs": ("platform", "clear_import"),
    "receiving": (None, "receive"),
}
PARCEL = {"settlement": "escrow", "customs": "carrier", "insurance": "none"}
ACTIONS = (
    *(action for _, action in ROUTE.values()),
    "exception",
    "resolve",
    "propose_abort",
    "abort",
    "cancel",
    "propose_channel",
    "decline_channel",
    "agree_channel",
    "confirm_refund",
    "confirm",
)


@pytest.fixture(scope="module")
def carrier(system: System) -> Client:
    return system.session("carrier")


@pytest.fixture
def fresh(market: Market) -> Market:
    """Two parties who have traded nothing yet."""
    return Market(market.system, market.operator)


def money(account: Json) -> dict[str, Any]:
    """What is known of an order's money, its amounts as numbers."""
    return {"state": account["state"]} | {name: Decimal(account[name]["amount"]) for name in ("paid", "held", "refund_due")}


@pytest.mark.parametrize(("settlement", "customs", "insurance"), list(product(("direct", "escrow"), ("platform", "carrier"), ("supplier", "none"))))
def test_every_combination_of_terms_is_a_route_to_the_end(market: Market, settlement: str, customs: str, insurance: str) -> None:
    stock, deal = market.stock(), market.place(settlement=settlement, customs=customs, insurance=insurance)
    total = deal.deposit() if settlement == "escrow" else deal.seen()["total"]
    route = [state for state, (needs, _) in ROUTE.items() if needs in (None, settlement, customs, insurance)]
    states = [deal.seen()["state"]]
    while states[-1] != "completed":
        states.append(deal.take()["state"])
    assert states == [*route, "completed"]
    assert [step["status"] for step in deal.seen()["steps"]] == ["done"] * len(route)
    assert [action for role, action, _ in deal.told() if role in ("buyer", "supplier")] == ["place", *(ROUTE[state][1] for state in route)]
    paid = Decimal(total["amount"])
    held = paid if settlement == "escrow" else 0
    eventually(lambda: money(deal.payments()), {"state": "held" if held else "settled", "paid": paid, "held": held, "refund_due": 0})
    sold = {line["sku"]: line["quantity"] for line in deal.seen()["lines"]}
    eventually(market.stock, {sku: {"on_hand": each["on_hand"] - sold[sku], "reserved": each["reserved"]} for sku, each in stock.items()})


def test_each_answer_offers_exactly_what_may_be_done(market: Market) -> None:
    """What is offered is refused for its form at most; what is not offered is refused for the turn or the party, and changes nothing."""
    deal = market.place()
    for state in ROUTE:
        check_offers(deal.to(state))
        if state == "in_transit":
            fail(deal, "delayed")
            check_offers(deal)
            deal.do("operator", "resolve")
    check_offers(deal.to("completed"))


def check_offers(deal: Deal) -> None:
    before = deal.seen()
    offered = {who: set(deal.actions(who)) for who in ("buyer", "supplier", "operator")}
    for who, action in product(offered, ACTIONS):
        answer = deal.market.clients[who].session.post(f"{deal.market.url}{deal.path}/actions/{action}", json={"no_such_field": 1})
        if action in offered[who]:
            assert answer.status_code == 422, answer.text
        elif any(action in others for others in offered.values()):
            refused(answer, 403, "not_your_step")
        else:
            assert refused(answer, 409, "action_not_allowed")["allowed"] == sorted(offered[who])
    assert deal.seen() == before


def fail(deal: Deal, reason: str) -> Json:
    """Put the step at hand into its exception state."""
    return deal.do(current(deal.seen())["actor"], "exception", {"reason": reason, "note": "It cannot go on.", "evidence": ["Notice 1"]})


def test_an_abort_that_both_agree_on_leaves_a_refund_due_until_the_buyer_has_it(market: Market) -> None:
    stock, deal = market.stock(), market.place().to("payment_ready")
    paid = Decimal(deal.seen()["total"]["amount"])
    failed = fail(deal, "export_rejected")
    assert (failed["state"], failed["exception"]["reason"], failed["exception"]["abort_proposed_by"]) == ("export_customs_exception", "export_rejected", None)

    deal.do("supplier", "propose_abort", {"note": "No licence to be had."})
    assert deal.seen()["exception"]["abort_proposed_by"] == market.accounts["supplier"]["id"]
    assert not {"abort", "propose_abort"} & deal.actions("supplier").keys()
    refused(market.supplier.session.post(f"{market.url}{deal.path}/actions/abort", json={}), 403, "not_your_step")
    ended = deal.do("buyer", "abort", {"note": "Agreed."})
    assert (ended["state"], ended["refund"]) == ("cancelled", {"amount": ended["total"], "received_at": None})
    eventually(lambda: money(deal.payments()), {"state": "refund_due", "paid": paid, "held": 0, "refund_due": paid})
    eventually(market.stock, stock)

    assert [set(deal.actions(who)) for who in ("buyer", "supplier", "operator")] == [{"confirm_refund"}, set(), set()]
    assert deal.do("buyer", "confirm_refund")["refund"]["received_at"]
    eventually(lambda: money(deal.payments()), {"state": "refunded", "paid": paid, "held": 0, "refund_due": 0})
    assert deal.actions("buyer") == {}


def test_a_proposal_to_abort_is_forgotten_once_the_exception_is_resolved(market: Market) -> None:
    deal = market.place().to("buyer_paid")
    fail(deal, "payment_not_received")
    deal.do("supplier", "propose_abort")
    deal.do("supplier", "resolve", {"note": "It has come after all."})
    fail(deal, "amount_mismatch")
    assert "abort" not in deal.actions("buyer")
    deal.do("supplier", "resolve")
    assert deal.to("completed").seen()["exception"] is None


def test_an_operators_abort_of_an_escrow_order_pays_the_buyer_back(fresh: Market) -> None:
    stock, deal = fresh.stock(), fresh.place(**PARCEL)
    paid = deal.deposit()
    deal.to("in_transit")
    eventually(lambda: any(each["reserved"] for each in fresh.stock().values()), False)  # catalog has counted them out
    shipped = fresh.stock()
    fail(deal, "lost")
    assert deal.do("operator", "abort", {"note": "The carrier admits it."})["state"] == "cancelled"
    eventually(lambda: deal.seen()["refund"]["received_at"] is not None, True)
    assert deal.payments()["state"] == "refunded"
    assert fresh.balance("buyer") == [paid]
    assert fresh.stock() == shipped != stock  # what was lost on the way is on no shelf


@pytest.mark.parametrize(
    ("channel", "reason", "told"),
    [
        ("teleport", "channel_unknown", "There is no logistics channel teleport."),
        ("air_freight", "mode_mismatch", "CIF is for carriage by sea"),
    ],
)
def test_an_order_whose_channel_cannot_carry_it_is_rejected_with_the_reason(market: Market, channel: str, reason: str, told: str) -> None:
    check_rejection(market, market.request(channel=channel), reason, told)


def test_an_order_of_more_than_there_is_is_rejected_with_the_reason_and_reserves_nothing(fresh: Market) -> None:
    fresh.supplier.put(f"/v1/products/{fresh.products['MOG-PB10']}/stock", {"on_hand": 79})
    check_rejection(fresh, fresh.request(), "out_of_stock", "MOG-PB10: 80 wanted, 79 available")


def check_rejection(market: Market, request: Json, reason: str, told: str) -> None:
    stock = market.stock()
    order = market.buyer.post("/v1/orders", request, wait=30)
    assert (order["state"], order["awaiting"], order["actions"]) == ("rejected", [], [])
    assert (order["history"][-1]["reason"], told in order["history"][-1]["note"]) == (reason, True)
    eventually(market.stock, stock)
    eventually(lambda: market.buyer.get(f"/v1/orders/{order['id']}/payments")["state"], "closed")


def test_a_payment_without_funds_comes_back_and_may_be_made_again(fresh: Market) -> None:
    deal = fresh.place(**PARCEL)
    back = deal.take()
    assert (back["state"], back["awaiting"], back["history"][-1]["action"], back["history"][-1]["reason"]) == (
        "awaiting_payment",
        [],
        "return",
        "insufficient_funds",
    )
    assert "has less" in back["history"][-1]["note"]
    deal.deposit()
    assert deal.take()["state"] == "ready_to_ship"


def test_a_submission_is_accepted_at_once_and_done_in_its_time(market: Market) -> None:
    deal = market.place()
    path, form = f"{market.url}{deal.path}/actions/pay", deal.form("payment")
    answer = market.buyer.session.post(path, json=form)
    assert (answer.status_code, answer.json()["awaiting"], "Preference-Applied" in answer.headers) == (202, ["payments.payment_recorded.v1"], False)
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    eventually(lambda: (deal.seen()["state"], deal.seen()["awaiting"]), ("buyer_paid", []))


def test_with_prefer_wait_the_answer_comes_when_it_is_done(market: Market) -> None:
    deal = market.place()
    answer = market.buyer.session.post(f"{market.url}{deal.path}/actions/pay", json=deal.form("payment"), headers={"Prefer": "respond-async, wait=20"})
    assert (answer.status_code, answer.json()["state"], answer.headers["Preference-Applied"]) == (200, "buyer_paid", "wait=20")
    assert deal.seen("buyer") == answer.json()


def test_while_a_submission_is_under_way_nothing_else_is_offered_or_done(market: Market) -> None:
    deal = market.place()
    path = f"{market.url}{deal.path}/actions"
    submitted = market.buyer.session.post(f"{path}/pay", json=deal.form("payment")).json()
    assert submitted["actions"] == []
    again = market.buyer.session.post(f"{path}/pay", json=deal.form("payment"))
    assert again.status_code == 409, again.text  # under way still, or done already
    eventually(lambda: deal.seen()["state"], "buyer_paid")
    assert [action for _, action, _ in deal.told()].count("pay") == 1


def twice(send: Callable[[], Json]) -> tuple[Json, Json]:
    """Two clients at once, each with its own connection."""
    with ThreadPoolExecutor(2) as clients:
        first, second = clients.submit(send), clients.submit(send)
        return first.result(), second.result()


def test_the_same_key_gives_the_same_answer_and_has_one_effect(market: Market) -> None:
    offered = market.offer()
    accept = f"/v1/enquiries/{offered['id']}/actions/accept"
    for key, path, body in (
        (str(uuid4()), "/v1/orders", market.request()),
        (str(uuid4()), accept, {"note": "Agreed."}),
    ):
        before = len(market.buyer.get("/v1/orders", limit=100)["items"])
        first, second = twice(lambda key=key, path=path, body=body: another(market.buyer).post(path, body, key=key))
        third = market.buyer.post(path, body, key=key)
        assert first == second == third
        assert len(market.buyer.get("/v1/orders", limit=100)["items"]) == before + 1
    deal = Deal(market, third["id"])
    eventually(lambda: deal.seen()["state"], "awaiting_payment")
    form, key = deal.form("payment"), str(uuid4())
    first, second = twice(lambda: another(market.buyer).post(f"{deal.path}/actions/pay", form, key=key))
    assert first == second
    eventually(lambda: deal.seen()["state"], "buyer_paid")
    assert market.buyer.post(f"{deal.path}/actions/pay", form, key=key) == first
    assert [action for _, action, _ in deal.told()].count("pay") == 1
    assert [each["kind"] for each in deal.payments()["transfers"]] == ["invoiced", "payment_reported"]


def test_two_clients_who_accept_at_once_make_one_order(market: Market) -> None:
    path = f"/v1/enquiries/{market.offer()['id']}"

    def accept() -> Json:
        try:
            made: Json = another(market.buyer).post(f"{path}/actions/accept", {})
        except Refused as refusal:
            return dict(refusal.problem)
        return made

    answers = twice(accept)
    made = [answer["id"] for answer in answers if "id" in answer]
    assert [answer["code"] for answer in answers if "code" in answer] == ["action_not_allowed"]
    enquiry = market.buyer.get(path)
    assert (made, enquiry["state"]) == ([enquiry["order_id"]], "accepted")
    assert [each["id"] for each in market.buyer.get("/v1/orders", limit=100)["items"] if each["enquiry_id"] == enquiry["id"]] == made


def test_a_carriers_tracking_completes_the_transport(market: Market, carrier: Client) -> None:
    deal = market.place(**PARCEL)
    deal.deposit()
    waybill = deal.to("in_transit").form("shipping")["shipping_notice"]["waybill_number"]
    sighting = {"waybill_number": waybill.lower(), "occurred_at": market.now().isoformat()}
    for number, status in enumerate(("picked_up", "in_transit", "in_transit", "out_for_delivery")):
        carrier.post("/v1/tracking-events", sighting | {"event_id": str(number), "status": status})
    time.sleep(0.5)
    assert deal.seen()["state"] == "in_transit"
    for _ in range(2):  # carriers repeat themselves
        shipment = carrier.post("/v1/tracking-events", sighting | {"event_id": "9", "status": "delivered", "location": "Hamburg"})
    assert (shipment["tracking_status"], len(shipment["tracking"]), shipment["documents"]) == ("delivered", 5, [])
    eventually(lambda: deal.seen()["state"], "receiving")
    assert deal.told()[-1] == ("carrier", "report_arrival", "receiving")
    carrier.post("/v1/tracking-events", sighting | {"event_id": "10", "status": "in_transit"})
    assert market.buyer.get(f"{deal.path}/shipment")["tracking_status"] == "delivered"
    assert deal.to("completed").seen()["state"] == "completed"


def test_a_carrier_finds_nothing_under_a_waybill_that_is_not_there(carrier: Client) -> None:
    sighting = {"waybill_number": "NEVER-1", "event_id": "1", "status": "delivered", "occurred_at": "2026-01-01T00:00:00Z"}
    refused(carrier.session.post(f"{carrier.url}/v1/tracking-events", json=sighting), 404, "shipment_not_found")


def test_in_the_end_everything_adds_up(system: System) -> None:
    audit = system.command("reconcile", "--wait", "60")
    assert audit.returncode == 0, audit.stdout + audit.stderr
