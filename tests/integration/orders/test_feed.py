"""What the parties of trades are told: all of theirs, nothing of others', in an order that no late commit can slip behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from services.orders.application import feed
from services.orders.models import feed as table, purchases
from shared.contracts.dumping import dump
from shared.contracts.trade_events import LIST_EVENTS, MOST, NEWS, TOLD
from shared.kit.actor import Actor
from shared.kit.errors import Invalid, Unauthenticated
from shared.kit.ids import new_id, new_number
from shared.platform.records import outbox
from tests.builders.database import call
from tests.integration.orders.scene import BUYER, ESCROW, OPERATOR, STRANGER, SUPPLIER, Scene, parcel

SERVICE = Actor(new_id(), frozenset({"service"}), "Warehouse system")
PLACED = ["orders.order_placed.v1", "logistics.channel_confirmed.v1", "orders.order_confirmed.v1"]


def events(scene: Scene, actor: Actor, after: int = 0, until: int = 10**9, **more: Any) -> list[Any]:
    """One answer's worth of the actor's events."""
    answer = dump(
        LIST_EVENTS.answer, scene.run(lambda tx: feed.list_events(tx.each_alone(), call(LIST_EVENTS, actor, {"after": after, "until": until, **more})))
    )
    assert LIST_EVENTS.answer().validate(answer) == {}
    items: list[Any] = answer["items"]
    return items


def types(found: list[Any]) -> list[str]:
    return [each["type"] for each in found]


def news(scene: Scene, since: int | None = None, doubt: Any = None) -> Any:
    return dump(NEWS.answer, scene.run(lambda tx: feed.news(tx.each_alone(), call(NEWS, None, {"since": since, "doubt": doubt}))))


def settled(scene: Scene, since: int | None = None, doubt: Any = None) -> Any:
    """What is news once it is sure: transactions of whoever shares the server are waited for as well."""
    deadline = time.monotonic() + 20
    while True:
        found = news(scene, since, doubt)
        if found["doubt"] is None or time.monotonic() > deadline:
            return found
        doubt = found["doubt"]
        time.sleep(0.01)


def newest(scene: Scene) -> int:
    return scene.run(lambda tx: tx.execute(select(func.coalesce(func.max(table.c.position), 0))).scalar_one())


def test_both_parties_are_told_what_happens_here_and_what_others_did_about_it_before_what_became_of_it(scene: Scene) -> None:
    order = scene.confirmed()
    assert types(events(scene, BUYER)) == types(events(scene, SUPPLIER)) == PLACED
    first, heard, _ = events(scene, BUYER)
    published = scene.run(lambda tx: tx.execute(select(outbox).where(outbox.c.type == PLACED[0])).one())
    assert (first["id"], first["data"], first["subject"], first["source"]) == (published.id, published.data, order["id"], "/orders")
    assert (heard["source"], heard["subject"], heard["data"]["channel"]) == ("/logistics", order["id"], "sea_lcl")
    assert [each["specversion"] for each in (first, heard)] == ["1.0", "1.0"]


def test_an_enquirys_parties_are_told_of_it_and_of_the_order_made_of_it(scene: Scene) -> None:
    enquiry = scene.open()
    scene.offer(enquiry["id"])
    scene.accept(enquiry["id"])
    told = ["orders.enquiry_opened.v1", "orders.offer_made.v1", "orders.order_placed.v1", "orders.enquiry_accepted.v1"]
    assert types(events(scene, BUYER)) == types(events(scene, SUPPLIER)) == told


def test_nobody_else_is_told_anything_but_operators_and_services_everything(scene: Scene) -> None:
    scene.confirmed()
    assert events(scene, STRANGER) == []
    assert types(events(scene, OPERATOR)) == types(events(scene, SERVICE)) == PLACED
    with pytest.raises(Unauthenticated):
        scene.run(lambda tx: feed.list_events(tx, call(LIST_EVENTS, None, {"after": 0, "until": 1})))


def test_what_freight_costs_the_supplier_is_not_told_to_the_buyer(scene: Scene) -> None:
    order = scene.confirmed(agreed=parcel(settlement=ESCROW))
    charge = {"order_id": order["id"], "charge_id": new_id(), "account_id": SUPPLIER.id, "items": []}
    for event_type in ("logistics.freight_due.v1", "payments.freight_charged.v1", "payments.freight_refused.v1"):
        scene.hear(order, event_type, **charge)
    assert types(events(scene, BUYER)) == PLACED
    assert len(events(scene, SUPPLIER)) == len(events(scene, OPERATOR)) == len(PLACED) + 3


@pytest.mark.parametrize("event", [each for each in TOLD.values() if {"account_id", "charge_id"} & each.data().fields.keys()], ids=lambda event: event.type)
def test_an_event_that_names_a_freight_account_or_charge_is_the_suppliers_alone(event: Any) -> None:
    assert event.audience == ("supplier",)


def test_what_others_tell_about_an_order_that_is_not_ours_is_told_to_nobody(scene: Scene) -> None:
    scene.hear({"id": new_id(), "total": {"amount": "1.00", "currency": "USD"}}, "payments.account_opened.v1")
    assert events(scene, OPERATOR) == []


def test_a_position_is_gone_on_from_and_types_may_be_chosen(scene: Scene) -> None:
    scene.confirmed()
    whole = events(scene, BUYER)
    assert events(scene, BUYER, after=whole[0]["position"]) == whole[1:]
    assert events(scene, BUYER, until=whole[1]["position"]) == whole[:2]
    assert types(events(scene, BUYER, types=f"{PLACED[2]},{PLACED[0]}")) == [PLACED[0], PLACED[2]]
    with pytest.raises(Exception, match=r"Not told to parties: accounts.account_registered.v1, x\."):
        events(scene, BUYER, types="accounts.account_registered.v1,x")


def test_many_are_told_in_parts_that_follow_on_one_another(scene: Scene) -> None:
    order = scene.confirmed()
    for _ in range(2 * MOST):
        scene.hear(order, "payments.account_opened.v1")
    parts, after = list[Any](), 0
    while part := events(scene, BUYER, after=after):
        assert len(part) <= MOST
        parts, after = [*parts, *part], part[-1]["position"]
    assert len(parts) == len(PLACED) + 2 * MOST
    assert parts == sorted(parts, key=lambda each: each["position"])


def test_a_position_that_was_never_given_is_refused(scene: Scene) -> None:
    scene.confirmed()
    last = events(scene, BUYER)[-1]["position"]
    assert events(scene, BUYER, after=last, until=0) == []
    with pytest.raises(Invalid) as caught:
        events(scene, BUYER, after=last + 1, until=last)
    assert caught.value.code == "position_unknown"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_nobody_is_to_read_past_an_event_that_may_still_commit(scene: Scene, stack: ExitStack) -> None:
    """The trap of positions: one that is given out first and commits last."""
    scene.open()
    known = settled(scene)["position"]
    late = stack.enter_context(scene.database.transaction())
    _tell(late, BUYER, SUPPLIER)
    scene.open()  # behind it, and committed
    seen = news(scene, known)
    assert (seen["position"], seen["accounts"], seen["doubt"]["position"]) == (known, [], newest(scene))
    assert news(scene, known, seen["doubt"]) == seen

    stack.close()  # it commits
    done = settled(scene, known, seen["doubt"])
    assert (done["position"], done["accounts"]) == (newest(scene), sorted([BUYER.id, SUPPLIER.id]))
    told = events(scene, BUYER, known, done["position"])
    assert [each["position"] for each in told] == [known + 1, known + 2]


def test_a_transaction_whose_number_is_beyond_all_that_are_over_is_waited_for_too(scene: Scene, stack: ExitStack) -> None:
    """One with an earlier number may get the later position, and commit first: no number below its own is at work then."""
    known = settled(scene)["position"]
    first, second = stack.enter_context(ExitStack()), stack.enter_context(ExitStack())
    numbered = first.enter_context(scene.database.transaction())
    _begin(numbered)
    late = second.enter_context(scene.database.transaction())
    _tell(late, STRANGER, SUPPLIER)
    _tell(numbered, BUYER, SUPPLIER)
    first.close()
    seen = news(scene, known)
    assert (seen["position"], seen["accounts"]) == (known, [])
    second.close()
    assert settled(scene, known, seen["doubt"])["accounts"] == sorted([BUYER.id, STRANGER.id, SUPPLIER.id])


def test_one_that_is_rolled_back_holds_nobody_up(scene: Scene) -> None:
    known = settled(scene)["position"]
    with scene.database.transaction() as tx, suppress(RuntimeError), tx.nested():
        _tell(tx, BUYER, SUPPLIER)
        raise RuntimeError
    scene.open()
    assert settled(scene, known)["position"] == newest(scene)
    assert len(events(scene, BUYER, known)) == 1


def test_without_news_nothing_is_doubted(scene: Scene) -> None:
    scene.open()
    known = settled(scene)["position"]
    assert news(scene, known) == {"position": known, "accounts": [], "doubt": None}


def _begin(tx: Any) -> None:
    """What a transaction has done before it tells an event."""
    tx.execute(insert(purchases).values(id=new_id(), number=new_number("TP"), buyer_id=BUYER.id, buyer_name=BUYER.name, created_at=tx.now))


def _tell(tx: Any, buyer: Actor, supplier: Actor) -> None:
    """An event of some enquiry."""
    enquiry_id = new_id()
    row = SimpleNamespace(id=enquiry_id, version=1, buyer_id=buyer.id, supplier_id=supplier.id)
    parties = {"buyer": {"id": buyer.id, "name": buyer.name}, "supplier": {"id": supplier.id, "name": supplier.name}}
    facts = {"enquiry_id": enquiry_id, "number": "TE-1", "action": "open", "from_state": None, "to_state": "open", "actor_id": buyer.id, "at": tx.now}
    feed.tell(tx, row, "orders.enquiry_opened.v1", parties | facts)
    tx.flush()
