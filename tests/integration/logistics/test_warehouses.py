"""Parcels in the warehouse: scanned in, weighed, paid for as they are, handed over; and those that cannot be delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tests.integration.logistics.parcels import CARTON, WAREHOUSE, Parcel, add_tariff, handed_over, parcel, rows, sent_from_jingdezhen
from tests.integration.logistics.scene import CARRIER, OPERATOR, Scene


@pytest.fixture
def trade(scene: Scene) -> Parcel:
    add_tariff(scene)
    return parcel(scene, booked=True)


def sent(scene: Scene, domestic_waybill: str) -> Parcel:
    """One that its supplier sends to the transit warehouse."""
    made = parcel(scene)
    made.book(**sent_from_jingdezhen(domestic_waybill=domestic_waybill))
    scene.happen(made.charged())
    return made


# Into the warehouse and out of it.


def test_a_parcel_goes_through_the_warehouse(scene: Scene, trade: Parcel) -> None:
    scanned = trade.scan()
    assert (scanned["state"], [each["name"] for each in scanned["actions"]]) == ("in_warehouse", ["weigh"])
    assert scanned["scanned_at"] is not None
    weighed = trade.weigh()
    assert (weighed["state"], weighed["freight"]["amount"], weighed["paid"]["amount"]) == ("in_warehouse", "38.50", "41.50")
    assert weighed["measured"] == [{name: value for name, value in CARTON.items() if name != "kind"}]
    assert [each["name"] for each in weighed["actions"]] == ["weigh"]
    scene.happen(trade.shipped())
    assert [each["name"] for each in trade.booked(WAREHOUSE)["actions"]] == ["weigh", "hand_over"]
    over = trade.hand_over()
    assert (over["state"], [each["name"] for each in over["actions"]]) == ("handed_over", ["report_undeliverable"])
    assert trade.booked()["actions"] == [], "its supplier can do no more"
    assert over["handed_over_at"] is not None
    assert len(trade.money()) == 1, "as heavy as it was booked: nothing is to be corrected"


@pytest.mark.parametrize("written", ["0000000011", "00 0000-0011"])
def test_a_parcel_is_scanned_by_its_waybill_however_it_is_written(trade: Parcel, written: str) -> None:
    assert trade.scan(written)["state"] == "in_warehouse"


def test_a_parcel_is_scanned_by_the_domestic_number_of_its_outer_layer(scene: Scene, trade: Parcel) -> None:
    other = sent(scene, "SF 1234-5678")
    assert other.scan("sf12345678")["order_id"] == other.order_id
    assert other.scan("SF 1234 5678")["state"] == "in_warehouse", "scanned again, it is there still"
    assert trade.booked()["state"] == "ready"


def test_parcels_in_one_outer_layer_are_scanned_one_by_one(scene: Scene, trade: Parcel) -> None:
    one, other = sent(scene, "SF 9"), sent(scene, "SF 9")
    with pytest.raises(Invalid) as error:
        one.scan("SF 9")
    assert error.value.code == "waybill_ambiguous"
    assert error.value.errors == {"waybill_number": ["Scan each parcel's own waybill: 0000000022, 0000000033."]}
    assert one.scan("0000000022")["order_id"] == one.order_id
    assert other.scan("SF 9")["order_id"] == other.order_id, "the one that is left is meant"


def test_a_parcel_without_its_waybill_is_not_scanned(scene: Scene, trade: Parcel) -> None:
    waiting = [parcel(scene), parcel(scene)]
    for each in waiting:
        each.book(**sent_from_jingdezhen(domestic_waybill="SF 9"))
    with pytest.raises(NotFound):
        trade.scan("SF 9")
    scene.happen(waiting[0].charged())
    assert trade.scan("SF 9")["order_id"] == waiting[0].order_id


def test_scanning_and_handing_over_again_change_nothing(trade: Parcel) -> None:
    first = trade.scan()
    assert trade.scan() == first
    over = handed_over(trade).hand_over()
    assert trade.hand_over() == over


@pytest.mark.parametrize("done", ["shipped", "weighed"])
def test_what_is_not_weighed_or_not_shipped_by_its_supplier_is_not_handed_over(scene: Scene, trade: Parcel, done: str) -> None:
    """Else it would be under way for an order that may still be cancelled."""
    trade.scan()
    if done == "shipped":
        scene.happen(trade.shipped())
    else:
        trade.weigh()
    with pytest.raises(Conflict, match="it is possible only once it is weighed and its order's shipping notice is in") as error:
        trade.hand_over()
    assert (error.value.code, error.value.data) == ("action_not_allowed", {"state": "in_warehouse", "allowed": ["weigh"]})


def test_what_is_not_in_the_warehouse_is_neither_weighed_nor_handed_over(trade: Parcel) -> None:
    for act in (trade.weigh, trade.hand_over, trade.returned, trade.undeliverable):
        with pytest.raises(Conflict, match="it is waybill issued"):
            act()
    trade.void()
    with pytest.raises(Conflict, match="it is voided"):
        trade.scan("0000000011")


def test_a_number_that_nothing_has_is_not_found(trade: Parcel) -> None:
    for ask in (lambda: trade.scan("0000000022"), lambda: trade.scan("CP123456785CN")):
        with pytest.raises(NotFound, match="There is no such logistics order"):
            ask()


def test_only_warehouse_staff_and_operators_do_this(scene: Scene, trade: Parcel) -> None:
    acts: tuple[Callable[..., Any], ...] = (trade.scan, trade.weigh, trade.hand_over)
    for act in acts:
        for actor in (trade.supplier, trade.buyer, CARRIER):
            with pytest.raises(Forbidden, match="Only for accounts with the role warehouse or operator"):
                act(actor=actor)
        with pytest.raises(Unauthenticated):
            act(actor=None)
    assert trade.booked()["state"] == "ready"
    scene.happen(trade.shipped())
    assert [act(actor=OPERATOR)["state"] for act in acts] == ["in_warehouse", "in_warehouse", "handed_over"]


# Weighed again.


def test_a_heavier_parcel_is_kept_until_the_difference_is_paid(scene: Scene, trade: Parcel) -> None:
    scene.happen(trade.shipped())
    trade.scan()
    answer = trade.weigh(weight_kg="3.2")  # 6.4 kg count as 6.5: 20 and eleven times 1.50, and a tenth
    assert (answer["state"], answer["awaiting"], answer["freight"]["amount"], answer["billable_kg"]) == (
        "on_hold",
        ["payments.freight_charged.v1"],
        "40.15",
        "6.5",
    )
    assert trade.money()[1:] == [("freight_due", trade.supplier.id, {"reweighing": "1.65"})]
    for act in (trade.hand_over, trade.weigh):
        with pytest.raises(Conflict) as error:
            act()
        assert error.value.data["state"] == "on_hold"
    scene.happen(trade.charged(), trade.charged())
    answer = trade.booked()
    assert (answer["state"], answer["paid"]["amount"], answer["awaiting"]) == ("in_warehouse", "43.15", [])
    assert trade.hand_over()["state"] == "handed_over"


def test_a_difference_that_cannot_be_paid_is_told_and_taken_later(scene: Scene, trade: Parcel) -> None:
    trade.scan()
    trade.weigh(weight_kg="3.2")
    scene.happen(trade.refused_freight())
    answer = trade.booked()
    assert (answer["state"], answer["reason"], answer["awaiting"]) == ("on_hold", "insufficient_freight_funds", [])
    assert answer["message"].startswith("Top up the freight account")
    assert [each["name"] for each in answer["actions"]] == ["void"]
    scene.happen(trade.charged())
    answer = trade.booked()
    assert (answer["state"], answer["reason"], answer["paid"]["amount"]) == ("in_warehouse", None, "43.15")


def test_a_lighter_parcel_has_the_difference_given_back(trade: Parcel) -> None:
    trade.scan()
    answer = trade.weigh(weight_kg="2.5")
    assert (answer["state"], answer["freight"]["amount"], answer["paid"]["amount"]) == ("in_warehouse", "35.20", "38.20")
    assert trade.money()[1:] == [("freight_credited", trade.supplier.id, {"reweighing": "3.30"})]
    trade.weigh(weight_kg="2.5")
    assert len(trade.money()) == 2


def test_weighing_again_puts_a_mistake_right(scene: Scene, trade: Parcel) -> None:
    trade.scan()
    trade.weigh(weight_kg="3.2")
    scene.happen(trade.charged())
    answer = trade.weigh()
    assert (answer["freight"]["amount"], answer["paid"]["amount"]) == ("38.50", "41.50")
    assert [(name, items) for name, _, items in trade.money()][1:] == [
        ("freight_due", {"reweighing": "1.65"}),
        ("freight_credited", {"reweighing": "1.65"}),
    ]
    charges = [data["charge_id"] for name, data in scene.told(trade) if name.startswith("freight_")]
    assert len(set(charges)) == 3, "each has an id of its own"


def test_the_answer_to_an_earlier_charge_says_nothing_of_the_next(scene: Scene, trade: Parcel) -> None:
    booking = trade.charge()
    trade.scan()
    trade.weigh(weight_kg="3.2")
    scene.happen(trade.charged(booking), trade.refused_freight(booking))
    answer = trade.booked()
    assert (answer["state"], answer["paid"]["amount"], answer["reason"]) == ("on_hold", "41.50", None)


def test_it_is_weighed_by_the_tariff_it_was_booked_by(scene: Scene, trade: Parcel) -> None:
    add_tariff(scene, surcharges=(), valid_from=utc_now().date())
    trade.scan()
    assert trade.weigh()["freight"]["amount"] == "38.50"


def test_a_larger_parcel_than_was_told_pays_by_its_volume(trade: Parcel) -> None:
    trade.scan()
    answer = trade.weigh(length_cm="50", width_cm="40", height_cm="30")
    assert (answer["state"], answer["billable_kg"]) == ("on_hold", "24")


def test_packages_that_are_not_there_are_not_weighed(trade: Parcel) -> None:
    trade.scan()
    with pytest.raises(Invalid, match="2 packages were booked, 1 are weighed") as error:
        trade.weigh(count=1)
    assert (error.value.code, list(error.value.errors)) == ("packages_missing", ["packages"])


def test_a_parcel_that_the_channel_does_not_take_is_kept_and_may_be_measured_again(trade: Parcel) -> None:
    trade.scan()
    answer = trade.weigh(length_cm="130")
    assert (answer["state"], answer["reason"], answer["awaiting"]) == ("on_hold", "package_too_long", [])
    assert answer["message"] == (
        "Package 1 is 130 cm long; DHL Express takes up to 120 cm. Void this logistics order, or give up the order, and fetch the parcel."
    )
    assert len(trade.money()) == 1
    assert trade.weigh()["reason"] is None
    assert trade.booked()["state"] == "in_warehouse"


def test_what_is_voided_in_the_warehouse_can_be_fetched_there(trade: Parcel) -> None:
    trade.scan()
    answer = trade.void()
    assert (answer["state"], answer["message"]) == ("voided", "The parcel is in the warehouse: fetch it at Shenzhen warehouse, +86 755 5550 1188.")
    assert trade.money()[1:] == [("freight_credited", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"})]


def test_what_is_voided_on_hold_gives_back_what_was_paid_and_owes_no_more(scene: Scene, trade: Parcel) -> None:
    trade.scan()
    trade.weigh(weight_kg="3.2")
    owed = trade.charge()
    trade.void()
    scene.happen(trade.charged(owed))
    assert trade.money()[2:] == [
        ("freight_credited", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"}),
        ("freight_credited", trade.supplier.id, {"reweighing": "1.65"}),
    ]
    assert [data["charge_id"] == owed for name, data in scene.told(trade) if name == "freight_credited"] == [False, True]
    assert (trade.booked()["state"], trade.booked()["paid"]["amount"]) == ("voided", "0.00")


@pytest.mark.parametrize("weight", ["3", "3.2"])
def test_the_orders_end_voids_what_is_in_the_warehouse(scene: Scene, trade: Parcel, weight: str) -> None:
    trade.scan()
    trade.weigh(weight_kg=weight)
    scene.happen(trade.cancelled())
    assert trade.booked()["state"] == "voided"
    assert ("freight_credited", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"}) in trade.money()


def test_the_orders_end_changes_nothing_for_what_is_handed_over(scene: Scene, trade: Parcel) -> None:
    handed_over(trade)
    scene.happen(trade.cancelled())
    assert (trade.booked()["state"], len(trade.money())) == ("handed_over", 1)
    assert scene.told_names(trade)[-1] == "waybill_voided"


# What cannot be delivered.


def test_a_parcel_that_was_to_be_returned_goes_back(scene: Scene, trade: Parcel) -> None:
    handed_over(trade)
    answer = trade.undeliverable("not_collected", CARRIER)
    message = "The parcel cannot be delivered (not collected): it goes back to the sender, as was chosen when it was booked."
    assert answer == {
        "waybill_number": "0000000011",
        "if_undeliverable": "return",
        "state": "returning",
        "reason": "not_collected",
        "message": message,
        "disposition_at": None,
    }
    assert scene.told(trade)[-1] == ("parcel_undeliverable", {"order_id": trade.order_id, "reason": "not_collected", "message": message})
    back = trade.returned()
    assert back["state"] == "returned"
    assert back["disposition_at"] is not None
    assert trade.returned() == back
    assert len(trade.money()) == 1, "the fee was paid when it was booked"


def test_a_parcel_that_was_to_be_destroyed_is_for_nothing(scene: Scene) -> None:
    add_tariff(scene)
    trade = parcel(scene)
    trade.book(if_undeliverable="destroy")
    scene.happen(trade.charged())
    answer = handed_over(trade).undeliverable("refused", OPERATOR)
    assert (answer["state"], answer["message"]) == (
        "destroyed",
        "The parcel cannot be delivered (refused): it is destroyed, as was chosen when it was booked.",
    )
    assert answer["disposition_at"] is not None
    assert len(trade.money()) == 1
    with pytest.raises(Conflict, match="it is destroyed"):
        trade.returned()


def test_a_parcel_that_was_undeliverable_before_its_order_was_under_way_stops_it_then(scene: Scene, trade: Parcel) -> None:
    handed_over(trade)
    trade.undeliverable("refused", CARRIER)
    scene.happen(trade.event("goods_insured", "in_transit"))
    told = [data for name, data in scene.told(trade) if name == "parcel_undeliverable"]
    assert len(told) == 2
    assert told[0] == told[1]


@pytest.mark.parametrize(("policy", "state"), [("return", "returning"), ("destroy", "destroyed")])
def test_tracking_that_tells_of_a_return_is_such_a_report_and_counts_once(scene: Scene, policy: str, state: str) -> None:
    add_tariff(scene)
    trade = parcel(scene)
    trade.book(if_undeliverable=policy)
    scene.happen(trade.charged())
    handed_over(trade)
    waybill = trade.booked()["waybill_number"]
    for number in ("1", "2"):
        scene.track("return_to_sender", number, waybill=waybill)
    assert trade.booked()["state"] == state
    assert scene.told_names(trade).count("parcel_undeliverable") == 1
    assert trade.undeliverable("refused", CARRIER)["state"] == state


@pytest.mark.parametrize("policy", ["return", "destroy"])
def test_reported_again_nothing_more_happens(scene: Scene, policy: str) -> None:
    add_tariff(scene)
    trade = parcel(scene)
    trade.book(if_undeliverable=policy)
    scene.happen(trade.charged())
    first = handed_over(trade).undeliverable()
    assert trade.undeliverable("damaged", CARRIER) == first
    assert scene.told_names(trade).count("parcel_undeliverable") == 1


def test_who_may_report_it_and_confirm_its_return(trade: Parcel) -> None:
    handed_over(trade)
    for actor in (trade.supplier, trade.buyer):
        with pytest.raises(Forbidden):
            trade.undeliverable(actor=actor)
    trade.undeliverable()
    for actor in (trade.supplier, trade.buyer, CARRIER):
        with pytest.raises(Forbidden):
            trade.returned(actor=actor)
    assert trade.returned(OPERATOR)["state"] == "returned"
    assert rows(trade.scene, "state") == [("returned",)]
