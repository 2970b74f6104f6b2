from __future__ import annotations

from services.logistics.application.reactions import REACTIONS
from shared.contracts.events import EVENTS
from shared.platform.topology import SUBSCRIPTIONS
from tests.integration.logistics.parcels import add_tariff, handed_over, parcel
from tests.integration.logistics.scene import Scene, Trade


def test_every_event_it_reacts_to_is_one_that_it_takes() -> None:
    assert {EVENTS[name].source for name in REACTIONS} == set(SUBSCRIPTIONS["logistics"])


def test_every_event_it_may_publish_is_published_by_some_story(scene: Scene) -> None:
    one, other = Trade(), Trade()
    refused = Trade(one.facts | {"terms": one.facts["terms"] | {"channel": "none"}})
    scene.happen(refused.placed(), other.placed(), *one.in_transit(), one.export_submitted(), one.insurance_submitted(), one.import_submitted())
    scene.track("on_hold", "e-0")
    scene.track("delivered", "e-1")
    scene.happen(one.cancelled())
    scene.happen(other.export_submitted(gross_mass_kg="1"))
    scene.happen(other.shipping_submitted(), other.insurance_submitted(), other.import_submitted())
    add_tariff(scene)
    parcels = voided, undeliverable = parcel(scene, booked=True), parcel(scene, booked=True)
    voided.void()
    scene.happen(voided.agreed_on("pigeon_post"), voided.agreed_on("express"))
    handed_over(undeliverable).undeliverable()
    told = {name for trade in (one, other, refused, *parcels) for name in scene.told_names(trade)}
    assert told == {name.split(".")[1] for name, contract in EVENTS.items() if contract.source == "logistics"}
