"""Export declaration with its papers, insurance policy, import clearance."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from services.logistics.application.printing import pdf
from services.logistics.domain.numbers import check_digit
from shared.kit.errors import NotFound, Unauthenticated
from shared.kit.ids import new_id
from tests.integration.logistics.scene import CARRIER, OPERATOR, Actor, Scene, Trade
from tests.unit.logistics import sample

PAPERS = ["commercial_invoice", "packing_list", "export_declaration"]


def declared(scene: Scene, **changes: Any) -> Trade:
    trade = Trade()
    scene.happen(trade.placed(), trade.export_submitted(**changes))
    return trade


def printed(scene: Scene, trade: Trade, name: str) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf(scene.paper(trade, name)))).pages)


def test_an_export_declaration_is_filed_and_its_papers_are_issued(scene: Scene) -> None:
    trade = declared(scene)
    name, data = scene.told(trade)[-1]
    assert (name, data["documents"]) == ("export_declared", PAPERS)
    number = data["number"]
    assert re.fullmatch(r"26CN[0-9A-Z]{12}A\d", number)
    assert check_digit(number[:-1]) == number[-1]
    shipment = scene.shipment(trade)
    assert shipment["declarations"] == [{"kind": "export", "issuer": "CN", "number": number, "filed_at": "2026-03-01T08:00:00Z"}]
    assert {paper["name"]: (paper["number"][:3], paper["revision"], paper["issued_at"]) for paper in shipment["documents"]} == {
        "commercial_invoice": ("CI-", 1, "2026-03-01T08:00:00Z"),
        "packing_list": ("PL-", 1, "2026-03-01T08:00:00Z"),
        "export_declaration": (number[:3], 1, "2026-03-01T08:00:00Z"),
    }


def test_the_papers_can_be_printed_from_what_is_stored(scene: Scene) -> None:
    trade = declared(scene)
    numbers = {paper["name"]: paper["number"] for paper in scene.shipment(trade)["documents"]}
    invoice, packing, declaration = (printed(scene, trade, name) for name in PAPERS)
    assert numbers["commercial_invoice"] in invoice
    assert "Invoice total (USD) 73,050.00" in invoice
    assert "Sea freight, full container load" in invoice
    assert "Gross mass 2,640.625 kg" in packing
    assert all(number in declaration for number in numbers.values())
    assert "Customs value (USD) 73,050.00" in declaration


def test_every_declaration_has_a_number_of_its_own(scene: Scene) -> None:
    numbers = [scene.told(declared(scene))[-1][1]["number"] for _ in range(5)]
    assert len(set(numbers)) == 5


def test_a_declaration_that_customs_would_turn_down_is_refused_with_the_words(scene: Scene) -> None:
    trade = declared(scene, gross_mass_kg="1")
    assert scene.refused(trade) == ("export_refused", "mass_mismatch", "The lines' net mass is 2334.25 kg, more than the gross mass of 1 kg.")
    shipment = scene.shipment(trade)
    assert (shipment["declarations"], shipment["documents"]) == ([], [])


def test_a_refused_declaration_can_be_mended(scene: Scene) -> None:
    trade = declared(scene, gross_mass_kg="1")
    scene.happen(trade.export_submitted())
    assert scene.told_names(trade) == ["channel_confirmed", "export_refused", "export_declared"]


def test_a_declaration_handed_in_again_keeps_its_numbers_and_says_its_revision(scene: Scene) -> None:
    trade = declared(scene)
    first = scene.shipment(trade)
    scene.happen(trade.export_submitted(packages=43))
    second = scene.shipment(trade)
    assert first["declarations"] == second["declarations"]
    assert [paper["number"] for paper in first["documents"]] == [paper["number"] for paper in second["documents"]]
    assert {paper["revision"] for paper in second["documents"]} == {2}
    assert "Revision 2" in printed(scene, trade, "packing_list")
    assert "Packages 43" in printed(scene, trade, "packing_list")


def test_papers_are_for_the_orders_parties_and_operators_only(scene: Scene) -> None:
    trade = declared(scene)
    for actor in (trade.buyer, trade.supplier, OPERATOR):
        assert scene.paper(trade, "packing_list", actor)["title"] == "Packing list"
        assert len(scene.shipment(trade, actor)["documents"]) == 3
    for stranger in (CARRIER, Actor(new_id(), frozenset({"buyer", "supplier", "service", "warehouse"}))):
        for ask in (scene.shipment, lambda trade, actor: scene.paper(trade, "packing_list", actor)):
            with pytest.raises(NotFound, match="no such shipment"):
                ask(trade, stranger)
    with pytest.raises(Unauthenticated):
        scene.shipment(trade, None)


def test_a_strangers_order_answers_as_one_that_is_not_there(scene: Scene) -> None:
    known, unknown = declared(scene), Trade()
    stranger = Actor(new_id(), frozenset({"buyer"}))
    answers = []
    for trade in (known, unknown):
        with pytest.raises(NotFound) as error:
            scene.paper(trade, "packing_list", stranger)
        answers.append((error.value.code, error.value.message))
    assert answers[0] == answers[1]


def test_a_paper_that_was_not_issued_is_not_found(scene: Scene) -> None:
    trade = declared(scene)
    with pytest.raises(NotFound) as error:
        scene.paper(trade, "bill_of_lading")
    assert error.value.code == "document_not_found"


def test_a_policy_is_put_on_file(scene: Scene) -> None:
    trade = Trade()
    scene.happen(trade.placed(), trade.insurance_submitted())
    assert scene.told(trade)[-1] == ("policy_recorded", {"order_id": trade.order_id, "number": "PA-2026/0007781"})
    [filed] = scene.shipment(trade)["declarations"]
    assert (filed["kind"], filed["issuer"], filed["number"]) == ("insurance", "Ping An Property & Casualty", "PA-2026/0007781")


@pytest.mark.parametrize("written", ["PA-2026/0007781", "pa 2026 0007781"])
def test_a_policy_number_is_used_once_by_an_insurer_however_it_is_written(scene: Scene, written: str) -> None:
    one, other = Trade(), Trade()
    scene.happen(
        one.placed(), other.placed(), one.insurance_submitted(), other.insurance_submitted(policy_number=written, insurer="PING AN Property & Casualty")
    )
    assert scene.refused(other)[:2] == ("policy_refused", "policy_number_taken")
    assert written in scene.refused(other)[2]
    assert scene.shipment(other)["declarations"] == []
    scene.happen(other.insurance_submitted(policy_number=written, insurer="Lloyd's"))
    assert scene.told_names(other)[-1] == "policy_recorded"


def test_an_order_may_hand_in_its_own_policy_again_or_another_one(scene: Scene) -> None:
    one, other = Trade(), Trade()
    scene.happen(one.placed(), one.insurance_submitted(), one.insurance_submitted(), one.insurance_submitted(policy_number="PA-2"))
    assert scene.told_names(one)[1:] == ["policy_recorded"] * 3
    assert [filed["number"] for filed in scene.shipment(one)["declarations"]] == ["PA-2"]
    scene.happen(other.placed(), other.insurance_submitted())
    assert scene.told_names(other)[-1] == "policy_recorded"


def test_an_import_clearance_is_put_on_file_with_the_destinations_customs(scene: Scene) -> None:
    trade = Trade()
    scene.happen(trade.placed(), trade.import_submitted())
    assert scene.told(trade)[-1] == ("import_declared", {"order_id": trade.order_id, "number": "26NL000510A1B2C3D4"})
    [filed] = scene.shipment(trade)["declarations"]
    assert (filed["kind"], filed["issuer"]) == ("import", "NL")


def test_an_entry_number_is_used_once_in_a_country(scene: Scene) -> None:
    one, other = Trade(), Trade()
    abroad = Trade(sample.order(terms=sample.terms(ship_to=sample.terms()["ship_to"] | {"country": "DE"})))
    scene.happen(one.placed(), other.placed(), abroad.placed(), one.import_submitted(), other.import_submitted(), abroad.import_submitted())
    assert scene.refused(other)[:2] == ("import_refused", "entry_number_taken")
    assert scene.told_names(abroad)[-1] == "import_declared"
