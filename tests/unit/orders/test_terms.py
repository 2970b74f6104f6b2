from __future__ import annotations

from typing import Any

import pytest

from services.orders.domain.terms import ALLOWED, EVERY_CHOICE, PRESETS, Choices, Terms
from shared.contracts import trade
from shared.kit.errors import Invalid
from shared.kit.reference import INCOTERMS

SHIP_TO = {"name": "Ana Lima", "street": "Kaistrasse 1", "city": "Hamburg", "country": "DE"}
PORTS = {"port_of_loading": "BRSSZ", "port_of_discharge": "DEHAM"}


def given(**changes: Any) -> dict[str, Any]:
    return {"preset": "export", "incoterm": "FCA", "named_place": "Santos", "channel": "sea_freight", "ship_to": SHIP_TO} | changes


def errors_of(data: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        Terms.agreed(data)
    assert refused.value.code == "terms_invalid"
    return refused.value.errors


@pytest.mark.parametrize(("preset", "choices"), PRESETS.items())
def test_a_preset_stands_for_its_three_choices(preset: str, choices: Choices) -> None:
    terms = Terms.agreed(given(preset=preset))
    assert (terms.choices, terms.preset) == (choices, preset)


def test_what_is_given_overrides_the_preset_which_then_no_longer_names_the_terms() -> None:
    terms = Terms.agreed(given(insurance="none"))
    assert (terms.choices, terms.preset) == (Choices("direct", "platform", "none"), None)


@pytest.mark.parametrize("choices", EVERY_CHOICE)
def test_three_choices_need_no_preset_and_are_named_where_they_amount_to_one(choices: Choices) -> None:
    terms = Terms.agreed(given(preset=None, **choices._asdict()))
    assert terms.choices == choices
    assert terms.preset == {choices: name for name, choices in PRESETS.items()}.get(choices)


@pytest.mark.parametrize("field", ["incoterm", "named_place", "channel", "ship_to", *ALLOWED])
def test_incomplete_terms_are_refused_naming_what_is_missing(field: str) -> None:
    complete = given(preset=None, settlement="direct", customs="platform", insurance="supplier")
    del complete[field]
    assert list(errors_of(complete)) == [f"terms.{field}"]


def test_all_that_is_missing_is_named_at_once() -> None:
    assert set(errors_of({})) == {f"terms.{name}" for name in ("settlement", "customs", "insurance", "incoterm", "named_place", "channel", "ship_to")}


@pytest.mark.parametrize("incoterm", INCOTERMS)
def test_only_cif_and_cip_ask_for_the_suppliers_insurance(incoterm: str) -> None:
    terms = given(incoterm=incoterm, insurance="none", **PORTS)
    if incoterm in ("CIF", "CIP"):
        assert list(errors_of(terms)) == ["terms.insurance"]
        assert Terms.agreed(terms | {"insurance": "supplier"}).incoterm == incoterm
    else:
        assert Terms.agreed(terms).incoterm == incoterm


@pytest.mark.parametrize("incoterm", INCOTERMS)
def test_a_sea_incoterm_needs_the_port_it_names(incoterm: str) -> None:
    port = {"FAS": "port_of_loading", "FOB": "port_of_loading", "CFR": "port_of_discharge", "CIF": "port_of_discharge"}.get(incoterm)
    if port is None:
        assert Terms.agreed(given(incoterm=incoterm)).port_of_loading is None
    else:
        assert list(errors_of(given(incoterm=incoterm))) == [f"terms.{port}"]
        assert Terms.agreed(given(incoterm=incoterm) | {port: PORTS[port]}).incoterm == incoterm


@pytest.mark.parametrize("changes", [{}, {"preset": "parcel"}, {"insurance": "none", "port_of_loading": "BRSSZ"}])
def test_terms_as_data_fit_the_contract_and_can_be_agreed_again(changes: dict[str, Any]) -> None:
    terms = Terms.agreed(given(**changes))
    data = trade.Terms().load(trade.Terms().dump(terms.as_data()))
    assert Terms.agreed(data) == terms


def test_the_choices_are_the_contracts() -> None:
    assert ALLOWED == {"settlement": trade.SETTLEMENTS, "customs": trade.CUSTOMS, "insurance": trade.INSURANCE}
    assert tuple(PRESETS) == trade.PRESETS
