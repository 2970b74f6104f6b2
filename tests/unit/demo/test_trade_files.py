from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.channels import Packages, goods_refusal, packages_refusal
from services.logistics.domain.export import declared_lines
from services.orders.domain.checks import Line, OrderFacts, check
from services.orders.domain.steps import STEPS
from services.orders.domain.terms import Terms
from services.orders.domain.transitions import route
from shared.contracts.forms import FORMS
from shared.contracts.trade import OrderLine, Terms as TermsShape
from shared.kit.clock import utc_now
from shared.kit.money import Money
from shared.kit.reference import SEA_INCOTERMS
from tradelane.demo.placeholders import Facts
from tradelane.demo.trade import Json, Trade
from tradelane.demo.trade_file import DEFAULT, SHIPPED, TradeFileError, load, parse, shipped

TODAY = utc_now().date()


class Rehearsal:
    """A shipped trade with its order as the services would hold it, and the loaded forms of its steps."""

    def __init__(self, trade: Trade) -> None:
        self.trade = trade
        self.products = {product["sku"]: str(uuid4()) for product in trade.products}
        order = trade.agreed_order()
        self.terms = Terms.agreed(TermsShape().load(trade.terms))
        special = {product["sku"]: product.get("special_goods", []) for product in trade.products}
        shapes = [line | {"product_id": self.products[line["sku"]], "special_goods": special[line["sku"]]} for line in order["lines"]]
        self.lines = [OrderLine().load(shape) for shape in shapes]
        self.total = Money.of(order["total"]["amount"], order["total"]["currency"])
        known = {"payment_method": str(uuid4()), "waybill": "CP000000005CN"}
        facts = Facts(today=TODAY, products=self.products, order=order, password="correct horse battery", known=known)
        self.forms = {step: FORMS[step]().load(facts.fill(content["form"])) for step, content in trade.steps.items() if "form" in content}


@pytest.fixture(params=shipped())
def rehearsal(request: pytest.FixtureRequest) -> Rehearsal:
    return Rehearsal(load(request.param))


def test_four_or_more_trades_are_shipped_and_the_default_comes_first() -> None:
    assert len(shipped()) >= 4
    assert shipped()[0] == DEFAULT


def test_one_trade_is_cif_by_sea_through_all_eight_steps() -> None:
    trade = load(DEFAULT)
    assert (trade.terms["incoterm"], trade.steps["shipping"]["form"]["shipping_notice"]["mode"]) == ("CIF", "sea")
    assert list(trade.steps) == [step.name for step in STEPS]


def test_the_shipped_trades_differ_in_route_channel_incoterm_and_currency() -> None:
    trades = [load(name) for name in shipped()]
    assert len({tuple(trade.steps) for trade in trades}) >= 3
    assert len({trade.terms["channel"] for trade in trades}) >= 4
    assert len({trade.terms["incoterm"] for trade in trades}) >= 4
    assert len({trade.agreed_order()["total"]["currency"] for trade in trades}) >= 3


def test_a_trade_goes_back_and_forth_before_it_is_agreed_or_is_ordered_at_once(rehearsal: Rehearsal) -> None:
    if rehearsal.trade.order:
        assert not rehearsal.trade.negotiation
        return
    offering = [move["by"] for move in rehearsal.trade.negotiation if "offer" in move]
    assert {"buyer", "supplier"} <= set(offering)
    assert any("message" in move for move in rehearsal.trade.negotiation) or rehearsal.trade.enquiry["message"]
    assert rehearsal.trade.negotiation[-1]["by"] != offering[-1]


def test_a_trade_has_exactly_the_steps_of_its_terms(rehearsal: Rehearsal) -> None:
    assert list(rehearsal.trade.steps) == [step.name for step in route(rehearsal.terms.choices)]


def test_a_trade_meets_an_exception_that_its_step_knows(rehearsal: Rehearsal) -> None:
    reasons = {step.name: step.reasons for step in STEPS}
    met = {name: content["exception"]["reason"] for name, content in rehearsal.trade.steps.items() if "exception" in content}
    assert met
    assert {name for name, reason in met.items() if reason not in reasons[name]} == set()


def test_every_form_agrees_with_the_order(rehearsal: Rehearsal) -> None:
    lines = tuple(Line(**line | {"special_goods": tuple(line["special_goods"])}) for line in rehearsal.lines)
    submitted: dict[str, Any] = {}
    for step, form in rehearsal.forms.items():
        facts = OrderFacts(lines=lines, total=rehearsal.total, payable=rehearsal.total, terms=rehearsal.terms, today=TODAY, submitted=submitted)
        assert check(step, form, facts) == {}, step
        submitted[step] = form


def test_the_channel_carries_the_goods_and_their_packages(rehearsal: Rehearsal) -> None:
    channel, terms, form = CHANNELS[rehearsal.terms.channel], rehearsal.terms, rehearsal.forms["shipping"]
    gross = sum(line["gross_mass_kg"] for line in rehearsal.lines)
    special = {kind for line in rehearsal.lines for kind in line["special_goods"]}
    assert goods_refusal(CHANNELS, terms.channel, terms.incoterm, terms.ship_to["country"], gross, special) is None
    packages = [Packages(each["count"], (each["length_cm"], each["width_cm"], each["height_cm"]), each["weight_kg"]) for each in form["packages"]]
    assert packages_refusal(channel, form["shipping_notice"]["mode"], packages, special) is None
    assert (terms.incoterm in SEA_INCOTERMS) <= (channel.mode == "sea")


def test_the_packages_weigh_what_the_order_weighs(rehearsal: Rehearsal) -> None:
    packages = rehearsal.forms["shipping"]["packages"]
    assert sum(each["count"] * each["weight_kg"] for each in packages) == sum(line["gross_mass_kg"] for line in rehearsal.lines)


def test_customs_takes_the_export_declaration(rehearsal: Rehearsal) -> None:
    form = rehearsal.forms.get("export_customs")
    assert (form is not None) == (rehearsal.terms.customs == "platform")
    if form is not None:
        assert len(form["lines"]) == len(rehearsal.lines)
        assert isinstance(declared_lines(rehearsal.lines, form), list)


def test_an_escrow_trade_is_paid_from_a_deposit_or_by_a_bound_method_and_no_other_is(rehearsal: Rehearsal) -> None:
    ways = [rehearsal.trade.deposit, rehearsal.trade.payment_method]
    assert sum(way is not None for way in ways) == (rehearsal.terms.settlement == "escrow")


def change(*path: str | int, to: Any) -> Callable[[Json], None]:
    def apply(content: Json) -> None:
        place: Any = content
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = to

    return apply


def drop(*path: str | int) -> Callable[[Json], None]:
    def apply(content: Json) -> None:
        place: Any = content
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]

    return apply


@pytest.mark.parametrize(
    ("mistake", "field"),
    [
        (drop("title"), "title"),
        (change("colour", to="red"), "colour"),
        (drop("buyer", "country"), "buyer.country"),
        (change("supplier", "country", to="XX"), "supplier.country"),
        (change("buyer", "role", to="operator"), "buyer.role"),
        (change("products", 0, "hs_code", to="090199"), "products.0.hs_code"),
        (change("products", 1, "price", "currency", to="USS"), "products.1.price.currency"),
        (change("products", to=[]), "products"),
        (change("terms", "incoterm", to="CIFF"), "terms.incoterm"),
        (change("terms", "port_of_loading", to="Santos"), "terms.port_of_loading"),
        (drop("enquiry", "message"), "enquiry.message"),
        (change("enquiry", "lines", 0, "sku", to="NONE"), "enquiry"),
        (drop("enquiry", "lines", 0, "sku"), "enquiry.lines.0.sku"),
        (change("negotiation", 0, "by", to="carrier"), "negotiation.0.by"),
        (change("negotiation", 0, "accept", to="Yes."), "negotiation.0"),
        (drop("negotiation", -1), "negotiation"),
        (change("negotiation", 1, "offer", "valid_until", to="soon"), "negotiation.1.offer.valid_until"),
        (change("negotiation", 1, "offer", "lines", 0, "quantity", to="many"), "negotiation.1.offer.lines.0.quantity"),
        (change("negotiation", 3, "offer", "lines", 1, "unit_price", "currency", to="EUR"), "negotiation"),
        (change("steps", "customs", to={}), "steps.customs"),
        (change("steps", "payment", "form", "method", to="cowries"), "steps.payment.form.method"),
        (drop("steps", "payment", "form", "reference"), "steps.payment.form.reference"),
        (change("steps", "payment", "form", "paid_on", to="{yesterday}"), "steps.payment.form"),
        (change("steps", "transport", "form", to={"note": "no form here"}), "steps.transport.form.note"),
        (change("steps", "shipping", "form", "packages", 0, "weight_kg", to="-1"), "steps.shipping.form.packages.0.weight_kg"),
        (drop("steps", "transport", "exception", "resolved"), "steps.transport.exception.resolved"),
        (drop("steps", "transport", "exception", "reason"), "steps.transport.exception.reason"),
        (change("steps", "transport", "exception", "note", to="Late since {yesterday}"), "steps.transport.exception"),
        (change("steps", "transport", to=None), "steps.transport"),
        (change("deposit", to={"amount": {"amount": "0.00", "currency": "USD"}, "reference": "x"}), "deposit.amount"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_field(mistake: Callable[[Json], None], field: str) -> None:
    content = yaml.safe_load((SHIPPED / f"{DEFAULT}.yaml").read_text(encoding="utf-8"))
    mistake(content)
    with pytest.raises(TradeFileError) as refused:
        parse(yaml.safe_dump(content, allow_unicode=True), "mine.yaml")
    assert any(name == field or name.startswith(f"{field}.") for name in refused.value.errors), refused.value.errors
    assert str(refused.value).startswith("mine.yaml ")
    assert f"  {field}" in str(refused.value)


def test_an_enquiry_that_is_accepted_at_once_needs_its_prices() -> None:
    content = yaml.safe_load((SHIPPED / f"{DEFAULT}.yaml").read_text(encoding="utf-8"))
    content["negotiation"] = [{"by": "supplier", "accept": "At once."}]
    with pytest.raises(TradeFileError, match="quantity and a unit price"):
        parse(yaml.safe_dump(content, allow_unicode=True), "mine.yaml")
    for line in content["enquiry"]["lines"]:
        line["unit_price"] = {"amount": "490.00", "currency": "USD"}
    assert parse(yaml.safe_dump(content, allow_unicode=True), "mine.yaml").agreed_order()["total"] == {"amount": "156800.00", "currency": "USD"}


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "title: [", "title: !!python/object:os.system {}"])
def test_what_is_no_mapping_in_yaml_is_refused(text: str) -> None:
    with pytest.raises(TradeFileError) as refused:
        parse(text, "mine.yaml")
    assert list(refused.value.errors) == ["file"]


def test_decimals_dates_and_norway_need_no_quotes() -> None:
    text = (SHIPPED / f"{DEFAULT}.yaml").read_text(encoding="utf-8")
    text = (
        text.replace('gross_mass_kg: "60.7"', "gross_mass_kg: 60.7")
        .replace("country: DE\n", "country: NO\n")
        .replace('paid_on: "{today}"', "paid_on: 2026-03-01")
    )
    trade = parse(text, "mine.yaml")
    assert (trade.products[0]["gross_mass_kg"], trade.buyer["country"], trade.steps["payment"]["form"]["paid_on"]) == ("60.7", "NO", "2026-03-01")


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text((SHIPPED / f"{DEFAULT}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert load(str(path)).source == str(path)


def test_a_name_that_is_neither_shipped_nor_a_file_is_answered_with_what_is_shipped() -> None:
    with pytest.raises(TradeFileError, match=DEFAULT):
        load("tulips")
