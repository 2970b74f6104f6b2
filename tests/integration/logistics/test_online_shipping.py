"""A supplier books the order's channel online: what is checked, what it costs, which warehouse has the parcel, and what a refusal says to do."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError
from sqlalchemy import update

from services.logistics.application.shipments import FACTS
from services.logistics.domain.tariff import Break, Zone
from services.logistics.models import shipments
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound
from shared.kit.ids import new_id
from tests.integration.logistics.parcels import CARTON, JINGDEZHEN, SHENZHEN, WAREHOUSE, Parcel, add_tariff, parcel, rows, sent_from_jingdezhen, serials
from tests.integration.logistics.scene import CARRIER, OPERATOR, Scene
from tests.unit.logistics import sample


@pytest.fixture(autouse=True)
def tariff(scene: Scene) -> None:
    add_tariff(scene)


def names(answer: dict[str, Any]) -> list[str]:
    return [action["name"] for action in answer["actions"]]


def test_a_booking_asks_for_its_freight_and_waits(scene: Scene) -> None:
    trade = parcel(scene)
    answer = trade.book()
    assert (answer["state"], answer["awaiting"], answer["waybill_number"]) == ("awaiting_freight", ["payments.freight_charged.v1"], None)
    assert (answer["billable_kg"], answer["freight"], answer["return_fee"], answer["paid"]["amount"]) == (
        "6",
        {"amount": "38.50", "currency": "USD"},
        {"amount": "3.00", "currency": "USD"},
        "0.00",
    )
    assert (answer["channel"], answer["carrier"], answer["order_id"]) == ("dhl_express", "dhl", trade.order_id)
    assert answer["number"].startswith("LO-")
    assert answer["packages"] == [CARTON]
    assert names(answer) == []
    assert trade.money() == [("freight_due", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"})]


def test_once_freight_is_charged_its_waybill_is_issued(scene: Scene) -> None:
    trade = parcel(scene)
    trade.book()
    scene.happen(trade.charged())
    answer = trade.booked()
    assert (answer["state"], answer["label"], answer["awaiting"], answer["paid"]["amount"]) == ("ready", "Waybill issued", [], "41.50")
    assert answer["waybill_number"] == "0000000011"
    assert names(answer) == ["void"]
    assert scene.told(trade)[-1] == (
        "waybill_issued",
        {"order_id": trade.order_id, "channel": "dhl_express", "carrier": "dhl", "number": "0000000011"},
    )


def test_freight_that_is_charged_twice_issues_one_waybill(scene: Scene) -> None:
    trade = parcel(scene)
    trade.book()
    scene.happen(trade.charged(), trade.charged(), trade.refused_freight())
    answer = trade.booked()
    assert (answer["state"], answer["paid"]["amount"], answer["reason"]) == ("ready", "41.50", None)
    assert scene.told_names(trade).count("waybill_issued") == 1
    assert serials(scene) == {"dhl_express": 1}


def test_freight_that_is_refused_says_what_to_do_and_lets_another_be_booked(scene: Scene) -> None:
    trade = parcel(scene)
    first = trade.book()
    scene.happen(trade.refused_freight(), trade.refused_freight(), trade.charged())
    answer = trade.booked()
    assert (answer["state"], answer["awaiting"], answer["actions"]) == ("refused", [], [])
    assert (answer["reason"], answer["message"]) == ("insufficient_freight_funds", "Top up the freight account by 41.50 USD, then book again.")
    second = trade.book()
    assert second["id"] != first["id"]
    scene.happen(trade.charged())
    assert trade.booked()["state"] == "ready"
    assert [row[0] for row in rows(scene, "state")] == ["refused", "ready"]
    assert serials(scene) == {"dhl_express": 1}


def test_to_destroy_costs_nothing_more(scene: Scene) -> None:
    trade = parcel(scene)
    assert trade.book(if_undeliverable="destroy")["return_fee"]["amount"] == "0.00"
    assert trade.money() == [("freight_due", trade.supplier.id, {"freight": "38.50"})]


def test_what_costs_nothing_has_its_waybill_at_once(scene: Scene) -> None:
    add_tariff(scene, channel="ups_express", zones=(Zone("world", frozenset({"*"}), (Break(200_000, 0),)),), surcharges=())
    trade = parcel(scene, terms=sample.terms(incoterm="DAP", channel="ups_express"))
    answer = trade.book(if_undeliverable="destroy")
    assert (answer["state"], answer["awaiting"], answer["paid"]["amount"]) == ("ready", [], "0.00")
    assert answer["waybill_number"].startswith("1Z")
    assert trade.money() == []
    trade.void()
    assert trade.money() == []


def test_bulky_packages_pay_by_their_volume(scene: Scene) -> None:
    answer = parcel(scene).book(packages=[CARTON | {"length_cm": "50", "width_cm": "40", "height_cm": "30"}])
    assert (answer["billable_kg"], answer["freight"]["amount"]) == ("24", "97.90")  # 12 kg each: (20 + 46 × 1.50) × 1.1


def test_the_posts_waybill_is_of_the_senders_country(scene: Scene) -> None:
    add_tariff(scene, channel="postal_parcel")
    trade = parcel(scene, terms=sample.terms(incoterm="DAP", channel="postal_parcel"))
    trade.book()
    scene.happen(trade.charged())
    assert trade.booked()["waybill_number"] == "CP000000014CN"


# Who may, and when.


def test_only_the_orders_supplier_books_it(scene: Scene) -> None:
    trade = parcel(scene)
    for actor in (trade.buyer, OPERATOR):
        with pytest.raises(Forbidden, match="Only the order's supplier books its shipping"):
            trade.book(actor=actor)
    assert rows(scene, "id") == []


def test_it_is_seen_by_its_supplier_warehouses_and_operators(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    number = trade.booked()["number"]
    assert {trade.booked(actor)["number"] for actor in (trade.supplier, WAREHOUSE, OPERATOR)} == {number}
    for actor in (trade.buyer, CARRIER, Actor(new_id(), frozenset({"supplier"}))):
        with pytest.raises(NotFound, match="There is no such logistics order"):
            trade.booked(actor)
        with pytest.raises(NotFound):
            trade.void(actor)
    with pytest.raises(NotFound):
        parcel(scene).booked()


@pytest.mark.parametrize("state", ["awaiting_payment", "in_transit", "shipping_exception", "cancelled"])
def test_it_is_booked_while_the_order_is_ready_to_ship(scene: Scene, state: str) -> None:
    with pytest.raises(Conflict, match="Shipping is booked while the order is ready to ship; it is: ") as error:
        parcel(scene).book(state=state)
    assert (error.value.code, error.value.data) == ("not_ready_to_ship", {"state": state})


def test_an_order_that_was_cancelled_meanwhile_is_not_booked(scene: Scene) -> None:
    trade = parcel(scene)
    scene.happen(trade.cancelled())
    with pytest.raises(Conflict, match="it is: voided") as error:
        trade.book()
    assert error.value.code == "not_ready_to_ship"


def test_one_is_booked_at_a_time(scene: Scene) -> None:
    trade = parcel(scene)
    first = trade.book()
    with pytest.raises(Conflict, match=f"{first['number']} stands for this order .waiting for freight.: void it first") as error:
        trade.book()
    assert error.value.code == "logistics_order_exists"
    assert len(trade.money()) == 1


def test_a_channel_that_is_not_online_is_booked_with_the_carrier(scene: Scene) -> None:
    trade = parcel(scene, terms=sample.terms(incoterm="DAP", channel="express"))
    with pytest.raises(Conflict, match="Express courier is not booked here: book it with the carrier and put its waybill into the shipping notice") as error:
        trade.book()
    assert error.value.code == "channel_not_online"


def test_a_channel_without_a_tariff_is_not_booked(scene: Scene) -> None:
    trade = parcel(scene, terms=sample.terms(incoterm="DAP", channel="ups_express"))
    with pytest.raises(Conflict, match="no tariff") as error:
        trade.book()
    assert error.value.code == "tariff_missing"


# What the channel takes.

# Goods → a channel that does not take them, and those that do.
TAKERS = {
    "battery": ("postal_parcel", "air_freight, express_special, dhl_express, ups_express, fedex_express"),
    "liquid": ("dhl_express", "express_special"),
    "powder": ("dhl_express", "express_special"),
    "magnetic": ("dhl_express", "air_freight, express_special, fedex_express"),
}


@pytest.mark.parametrize("told", [True, False], ids=["told by the supplier", "known from the order"])
@pytest.mark.parametrize("kind", ["battery", "liquid", "powder", "magnetic"])
def test_special_goods_narrow_the_channels_and_the_refusal_names_those_left(scene: Scene, kind: str, told: bool) -> None:
    channel, _ = TAKERS[kind]
    trade = parcel(scene, terms=sample.terms(incoterm="DAP", channel=channel))
    add_tariff(scene, channel="postal_parcel")
    if not told:
        _known_from_the_order(scene, trade, kind)
    with pytest.raises(Invalid) as error:
        trade.book(special_goods=[kind] if told else [])
    assert error.value.code == "special_goods_not_taken"
    assert f"does not take: {kind}." in error.value.message
    assert "Agree with the buyer on one that does: " in error.value.message
    for taker in TAKERS[kind][1].split(", "):
        assert taker in error.value.message
    assert error.value.errors == {"special_goods": [error.value.message]}
    assert rows(scene, "id") == []


def test_special_goods_that_the_channel_takes_are_kept(scene: Scene) -> None:
    trade = parcel(scene)
    assert trade.book(special_goods=["cosmetics", "battery"])["special_goods"] == ["battery", "cosmetics"]


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([CARTON | {"weight_kg": "70.5"}], "package_too_heavy", "Package 1 weighs 70.5 kg; DHL Express takes up to 70 kg each. Agree with the buyer on one"),
        ([CARTON | {"length_cm": "121"}], "package_too_long", "Package 1 is 121 cm long; DHL Express takes up to 120 cm. Agree with the buyer on one"),
        ([CARTON | {"count": 40, "weight_kg": "30"}], "too_heavy", "The goods weigh 1,200 kg; DHL Express takes up to 1,000 kg. Agree with the buyer"),
        (
            [CARTON | {"count": 10, "weight_kg": "25"}],
            "mass_not_priced",
            "The packages count as 250 kg; the tariff of dhl_express for zone world ends at 200 kg.",
        ),
        ([CARTON | {"weight_kg": "1.9"}], "mass_mismatch", "The goods' net mass is 4 kg: the packages cannot weigh 3.8 kg."),
    ],
)
def test_packages_that_do_not_go_are_refused_in_words(scene: Scene, packages: list[dict[str, Any]], code: str, words: str) -> None:
    with pytest.raises(Invalid) as error:
        parcel(scene).book(packages=packages)
    assert error.value.code == code
    assert error.value.message.startswith(words)
    assert error.value.errors == {"packages": [error.value.message]}
    assert rows(scene, "id") == []


def test_a_return_in_a_currency_without_a_fee_is_refused_but_not_to_destroy(scene: Scene) -> None:
    add_tariff(scene, currency="KWD", valid_from=utc_now().date())
    trade = parcel(scene)
    with pytest.raises(Invalid, match="DHL Express has no fee for returns in KWD: choose to destroy") as error:
        trade.book()
    assert (error.value.code, list(error.value.errors)) == ("return_not_offered", ["if_undeliverable"])
    assert trade.book(if_undeliverable="destroy")["freight"]["currency"] == "KWD"


def test_every_point_of_the_packing_check_list_is_checked(scene: Scene) -> None:
    trade = parcel(scene)
    for point in sample.shipping_form()["packing_check_list"]:
        with pytest.raises(ValidationError, match="Must be checked before shipping"):
            trade.book(packing_check_list=sample.shipping_form()["packing_check_list"] | {point: False})


# How the parcel gets to the warehouse.


def test_an_address_in_a_pickup_range_has_its_warehouse_fetch_the_parcel(scene: Scene) -> None:
    collection = parcel(scene).book()["collection"]
    assert (collection["way"], collection["warehouse"]["code"], collection["address"]) == ("pickup", "cn-szx", SHENZHEN)
    assert "fetches it at the address given" in collection["instructions"][1]


def test_an_address_outside_of_every_pickup_range_is_told_the_transit_warehouse(scene: Scene) -> None:
    with pytest.raises(Invalid) as error:
        parcel(scene).book(collection={"way": "pickup", "address": JINGDEZHEN})
    assert error.value.code == "outside_pickup_range"
    assert error.value.message == (
        'No warehouse collects in 333000: send it to the transit warehouse (way "drop_off"): Shanghai warehouse, 1500 Jiading Logistics Road, '
        '201800 Shanghai, CN, or ask it on +86 21 5550 1630 whether it comes (way "arranged").'
    )
    assert list(error.value.errors) == ["collection.address.postal_code"]


def test_what_is_sent_to_a_transit_warehouse_has_two_layers_and_a_domestic_number(scene: Scene) -> None:
    trade = parcel(scene)
    collection = trade.book(**sent_from_jingdezhen())["collection"]
    assert (collection["warehouse"]["code"], collection["warehouse"]["city"]) == ("cn-sha", "Shanghai")
    assert collection["instructions"][0] == (
        "Pack it in two layers: the inner one is the international parcel with its label, the outer one is for the domestic carrier."
    )
    assert "1500 Jiading Logistics Road" in collection["instructions"][1]
    scene.happen(trade.charged())
    assert names(trade.booked()) == ["tell_domestic_waybill", "void"]
    assert trade.tell_domestic_waybill("SF 1234 5678")["collection"]["domestic_waybill"] == "SF 1234 5678"
    assert trade.tell_domestic_waybill("SF 1234 5679")["collection"]["domestic_waybill"] == "SF 1234 5679"
    assert rows(scene, "domestic_waybill_key") == [("sf12345679",)]


def test_a_domestic_number_that_is_known_already_comes_with_the_booking(scene: Scene) -> None:
    answer = parcel(scene).book(**sent_from_jingdezhen(domestic_waybill="YT-88"))
    assert answer["collection"]["domestic_waybill"] == "YT-88"
    assert rows(scene, "domestic_waybill_key") == [("yt88",)]


def test_a_parcel_that_is_fetched_has_no_domestic_number(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    with pytest.raises(Conflict, match="possible only where the parcel is sent to the warehouse by a domestic carrier") as error:
        trade.tell_domestic_waybill("SF 1")
    assert error.value.data == {"state": "ready", "allowed": ["void"]}


@pytest.mark.parametrize(("address", "warehouse"), [(SHENZHEN, "cn-szx"), (JINGDEZHEN, "cn-sha")])
def test_a_pickup_may_be_arranged_by_hand(scene: Scene, address: dict[str, str], warehouse: str) -> None:
    collection = parcel(scene).book(collection={"way": "arranged", "address": address, "arranged_with": "Mr Chen, Thursday morning"})["collection"]
    assert (collection["warehouse"]["code"], collection["arranged_with"]) == (warehouse, "Mr Chen, Thursday morning")
    assert collection["instructions"][0].startswith("Arrange with ")


@pytest.mark.parametrize("way", ["drop_off", "arranged"])
def test_a_country_without_a_warehouse_cannot_ship_online(scene: Scene, way: str) -> None:
    address = {"name": "Jean", "street": "1 rue", "city": "Lyon", "postal_code": "69005", "country": "FR"}
    with pytest.raises(Invalid, match="There is no warehouse in FR: agree with the buyer on a channel that is not booked online") as error:
        parcel(scene).book(collection={"way": way, "address": address})
    assert (error.value.code, list(error.value.errors)) == ("no_warehouse", ["collection.address.country"])


# Its end before its time.


def test_a_voided_one_gives_its_freight_back_and_its_waybill_is_void(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    answer = trade.void()
    assert (answer["state"], answer["paid"]["amount"], answer["awaiting"], answer["actions"]) == ("voided", "0.00", [], [])
    assert trade.money()[1] == ("freight_credited", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"})
    assert scene.told(trade)[-1] == ("waybill_voided", {"order_id": trade.order_id, "number": "0000000011"})
    with pytest.raises(Conflict, match="it is voided"):
        trade.void()
    assert len(trade.money()) == 2
    trade.book()
    scene.happen(trade.charged())
    assert trade.booked()["waybill_number"] == "0000000022", "the number of the voided one is not used again"


def test_while_its_freight_is_being_charged_it_is_not_voided(scene: Scene) -> None:
    trade = parcel(scene)
    trade.book()
    with pytest.raises(Conflict, match="it is waiting for freight"):
        trade.void()


def test_the_end_of_the_order_voids_it_and_gives_its_freight_back_once(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    scene.happen(trade.cancelled(), trade.cancelled())
    assert trade.booked()["state"] == "voided"
    assert [name for name, *_ in trade.money()] == ["freight_due", "freight_credited"]
    assert scene.told_names(trade).count("waybill_voided") == 1


def test_the_end_of_an_order_without_one_gives_nothing_back(scene: Scene) -> None:
    trade = parcel(scene)
    scene.happen(trade.cancelled())
    assert scene.told_names(trade) == ["channel_confirmed"]


@pytest.mark.parametrize("late", ["charged", "refused_freight"])
def test_freight_that_is_due_at_the_orders_end_is_not_to_be_taken_and_a_late_answer_changes_nothing(scene: Scene, late: str) -> None:
    trade = parcel(scene)
    trade.book()
    scene.happen(trade.cancelled(), trade.cancelled(), getattr(trade, late)())
    assert trade.money()[1:] == [("freight_credited", trade.supplier.id, {"freight": "38.50", "return_fee": "3.00"})]
    assert scene.told(trade)[-1][1]["charge_id"] == trade.charge(), "under the charge's own id: it is withdrawn, or given back where it was taken"
    answer = trade.booked()
    assert (answer["state"], answer["waybill_number"], answer["paid"]["amount"], answer["awaiting"]) == ("voided", None, "0.00", [])


def test_once_the_order_is_shipped_only_its_end_voids_it(scene: Scene) -> None:
    trade = parcel(scene, booked=True)
    scene.happen(trade.shipped())
    with pytest.raises(Conflict, match="possible only before the order's shipping notice is in"):
        trade.void()
    assert trade.booked()["actions"] == []
    scene.happen(trade.cancelled())
    assert trade.booked()["state"] == "voided"
    assert scene.told_names(trade).count("waybill_voided") == 1


def _known_from_the_order(scene: Scene, trade: Parcel, kind: str) -> None:
    """As if the line had been placed so."""
    lines = [line | {"special_goods": [kind]} for line in trade.facts["lines"]]
    facts = {name: (trade.facts | {"lines": lines})[name] for name in FACTS}
    scene.database.run(lambda tx: tx.execute(update(shipments).where(shipments.c.order_id == trade.order_id).values(facts=facts)))
