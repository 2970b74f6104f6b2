"""Enquiries, offers and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from services.orders.models import orders
from shared.contracts import orders as contract
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, TradeError, Unauthenticated
from tests.integration.orders.scene import BOWL, BUYER, MUG, OPERATOR, STRANGER, SUPPLIER, Scene, line, names, terms


def test_an_enquiry_is_opened_with_its_lines_and_first_message(scene: Scene) -> None:
    enquiry = scene.open(line(MUG, None), line(BOWL, 20))
    assert (enquiry["state"], enquiry["label"], enquiry["version"], enquiry["order_id"], enquiry["terms"]) == ("open", "Open", 1, None, None)
    assert enquiry["buyer"] == {"id": BUYER.id, "name": BUYER.name}
    assert enquiry["supplier"] == {"id": SUPPLIER.id, "name": SUPPLIER.name}
    assert enquiry["lines"] == [
        {"product_id": MUG["id"], "sku": "MUG", "title": MUG["title"]},
        {"product_id": BOWL["id"], "sku": "BOWL", "title": BOWL["title"], "quantity": 20},
    ]
    assert [(message["sender"]["id"], message["text"]) for message in enquiry["messages"]] == [(BUYER.id, "What is your best price?")]
    assert names(enquiry["actions"]) == ["cancel", "send_message"]
    assert scene.told(enquiry["id"]) == ["orders.enquiry_opened.v1"]


def test_an_offer_a_counter_offer_and_its_acceptance_make_an_order_at_the_latest_terms(scene: Scene) -> None:
    key = scene.open()["id"]
    offered = scene.offer(key, price="2.20", message="For a hundred.")
    assert (offered["state"], names(offered["actions"])) == ("offered", ["cancel", "send_message"])
    assert names(scene.enquiry(key)["actions"]) == ["accept", "offer", "cancel", "send_message"]
    countered = scene.offer(key, BUYER, lines=[line(MUG, 200, "2.05")], terms=terms(incoterm="CIP", named_place="Hamburg"))
    assert [(offer["made_by"]["id"], offer["total"]["amount"]) for offer in countered["offers"]] == [(SUPPLIER.id, "220.00"), (BUYER.id, "410.00")]
    order = scene.accept(key, SUPPLIER)
    assert (order["state"], order["enquiry_id"], order["total"]) == ("placing", key, {"amount": "410.00", "currency": "USD"})
    assert (order["terms"]["incoterm"], order["lines"][0]["quantity"], order["lines"][0]["hs_code"]) == ("CIP", 200, "691110")
    enquiry = scene.enquiry(key)
    assert (enquiry["state"], enquiry["order_id"], names(enquiry["actions"])) == ("accepted", order["id"], ["send_message"])
    assert [(each["action"], each["actor_role"]) for each in enquiry["history"]] == [
        ("open", "buyer"),
        ("offer", "supplier"),
        ("offer", "buyer"),
        ("accept", "supplier"),
    ]
    assert scene.told(key) == ["orders.enquiry_opened.v1", "orders.offer_made.v1", "orders.offer_made.v1", "orders.enquiry_accepted.v1"]
    assert scene.last(key)["order_id"] == order["id"]
    assert order["history"][0]["actor_role"] == "supplier"


def test_the_supplier_may_accept_at_once_what_names_terms_prices_and_quantities(scene: Scene) -> None:
    enquiry = scene.open(line(MUG, 50, "2.10"), terms=terms())
    assert names(scene.enquiry(enquiry["id"], SUPPLIER)["actions"]) == ["offer", "accept", "cancel", "send_message"]
    order = scene.accept(enquiry["id"], SUPPLIER)
    assert (order["total"]["amount"], order["terms"]["preset"]) == ("105.00", "export")


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ([line(MUG, 50, "2.10")], {}),
        ([line(MUG, 50)], {"terms": terms()}),
        ([line(MUG, None, "2.10")], {"terms": terms()}),
        ([line(MUG, 50, "2.10"), line(BOWL, 20)], {"terms": terms()}),
    ],
)
def test_what_lacks_terms_a_price_or_a_quantity_cannot_be_accepted_at_once(scene: Scene, lines: list[Any], more: Any) -> None:
    enquiry = scene.open(*lines, **more)
    with pytest.raises(Conflict) as refused:
        scene.accept(enquiry["id"], SUPPLIER)
    assert refused.value.data == {"state": "open", "allowed": ["offer", "cancel", "send_message"]}


def test_a_second_acceptance_is_told_the_state_and_makes_no_order(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.accept(key)
    with pytest.raises(Conflict) as refused:
        scene.accept(key)
    assert (refused.value.code, refused.value.data["state"], refused.value.data["allowed"]) == ("action_not_allowed", "accepted", ["send_message"])
    assert scene.run(lambda tx: tx.execute(select(func.count()).select_from(orders)).scalar_one()) == 1


def test_of_many_acceptances_at_once_one_makes_the_order(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    start, answers = Barrier(8), []

    def accept() -> None:
        start.wait()
        try:
            answers.append(scene.accept(key)["id"])
        except TradeError as error:
            answers.append(error.code)

    threads = [Thread(target=accept) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("action_not_allowed") == 7
    assert scene.run(lambda tx: tx.execute(select(orders.c.id)).scalars().all()) == [each for each in answers if each != "action_not_allowed"]
    assert scene.told(key).count("orders.enquiry_accepted.v1") == 1


def test_the_database_itself_refuses_a_second_order_of_one_enquiry(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.accept(key)

    def copy(tx: Any) -> None:
        row = tx.execute(select(orders)).one()._asdict()
        tx.execute(orders.insert().values(row | {"id": BUYER.id, "number": "TO-2"}))

    with pytest.raises(IntegrityError, match="enquiry_id"):
        scene.run(copy)


def test_either_party_may_cancel_and_then_nothing_more_happens(scene: Scene) -> None:
    for actor in (BUYER, SUPPLIER):
        key = scene.open()["id"]
        cancelled = scene.do(contract.CANCEL_ENQUIRY, actor, id=key, note="No longer needed.")
        assert (cancelled["state"], cancelled["actions"], cancelled["history"][-1]["note"]) == ("cancelled", [], "No longer needed.")
        with pytest.raises(Conflict):
            scene.offer(key)
        with pytest.raises(Conflict):
            scene.do(contract.SEND_MESSAGE, actor, id=key, text="Hello?")


def test_messages_go_both_ways_and_do_not_touch_the_offer(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.do(contract.SEND_MESSAGE, BUYER, id=key, text="Which glaze?")
    enquiry = scene.do(contract.SEND_MESSAGE, SUPPLIER, id=key, text="Celadon.")
    assert [message["text"] for message in enquiry["messages"]] == ["What is your best price?", "Which glaze?", "Celadon."]
    assert (enquiry["state"], enquiry["version"]) == ("offered", 4)
    assert scene.sweep(timedelta(days=3)) == 1


def test_an_offer_expires_when_its_validity_is_over_and_not_before(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    assert scene.sweep(timedelta(days=2, hours=23)) == 0
    assert scene.sweep(timedelta(hours=1)) == 1
    expired = scene.enquiry(key)
    assert (expired["state"], expired["history"][-1]["actor_role"], expired["actions"]) == ("expired", "clock", [])
    assert scene.last(key)["actor_id"] == "clock"


def test_a_counter_offer_has_its_own_validity(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.offer(key, BUYER, valid_until=(utc_now() + timedelta(days=10)).isoformat())
    assert scene.sweep(timedelta(days=9)) == 0
    assert scene.sweep(timedelta(days=1)) == 1


def test_an_offer_past_its_validity_cannot_be_accepted_even_before_the_clock_came_round(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.later = timedelta(days=3)
    with pytest.raises(Conflict) as refused:
        scene.accept(key)
    assert refused.value.data["allowed"] == []


def test_an_accepted_offer_no_longer_expires(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.accept(key)
    assert scene.sweep(timedelta(days=4)) == 0


@pytest.mark.parametrize("distance", [timedelta(0), timedelta(days=-1), timedelta(days=367)])
def test_an_offer_is_valid_into_the_future_and_within_a_year(scene: Scene, distance: timedelta) -> None:
    key = scene.open()["id"]
    with pytest.raises(Invalid) as refused:
        scene.offer(key, valid_until=(utc_now() + distance).isoformat())
    assert list(refused.value.errors) == ["valid_until"]
    assert scene.enquiry(key)["version"] == 1


def test_nobody_answers_their_own_offer(scene: Scene) -> None:
    key = scene.open()["id"]
    with pytest.raises(Forbidden):
        scene.offer(key, BUYER)
    scene.offer(key)
    for work in (scene.accept, scene.offer):
        with pytest.raises(Forbidden) as refused:
            work(key, SUPPLIER)
        assert refused.value.code == "not_your_turn"


def test_others_see_no_enquiry_and_operators_only_look(scene: Scene) -> None:
    key = scene.open()["id"]
    for operation, more in ((contract.GET_ENQUIRY, {}), (contract.ACCEPT_ENQUIRY, {}), (contract.CANCEL_ENQUIRY, {}), (contract.SEND_MESSAGE, {"text": "?"})):
        with pytest.raises(NotFound):
            scene.do(operation, STRANGER, id=key, **more)
    with pytest.raises(NotFound):
        scene.offer(key, STRANGER)
    assert scene.enquiry(key, OPERATOR)["actions"] == []
    with pytest.raises(Forbidden):
        scene.do(contract.CANCEL_ENQUIRY, OPERATOR, id=key)


@pytest.mark.parametrize(("actor", "error"), [(SUPPLIER, Forbidden), (OPERATOR, Forbidden), (None, Unauthenticated)])
def test_only_buyers_open_enquiries(scene: Scene, actor: Any, error: type[TradeError]) -> None:
    with pytest.raises(error):
        scene.do(contract.OPEN_ENQUIRY, actor, lines=[line(MUG)], message="Hello")


def test_a_supplier_who_is_not_verified_sells_nothing_but_may_talk(scene: Scene) -> None:
    unknown, enquiry = replace(SUPPLIER, verified=False), scene.open()
    assert {each["name"] for each in scene.enquiry(enquiry["id"], unknown)["actions"]} == {"cancel", "send_message"}
    offered = scene.offer(scene.offer(enquiry["id"])["id"], BUYER)
    for act in (scene.offer, scene.accept):
        with pytest.raises(Forbidden) as refused:
            act(offered["id"], unknown)
        assert refused.value.code == "verification_required"
    assert scene.do(contract.SEND_MESSAGE, unknown, id=offered["id"], text="Soon.")["state"] == "offered"
    assert scene.accept(offered["id"], SUPPLIER)["state"] == "placing"
