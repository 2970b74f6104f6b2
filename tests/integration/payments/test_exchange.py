"""The rate table: only ever added to, by operators, all or none; and quotes by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.payments.application import exchange
from services.payments.domain.exchange import Rate
from services.payments.models import exchange_rates
from shared.contracts.exchange import ADD_EXCHANGE_RATES, LIST_EXCHANGE_RATES
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Forbidden, Invalid, Unauthenticated
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import OPERATOR, Scene, usd

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def in_days(days: int) -> str:
    return (utc_now() + timedelta(days)).date().isoformat()


def table(scene: Scene, **wanted: str) -> list[tuple[str, Decimal]]:
    items = scene.ask(LIST_EXCHANGE_RATES, exchange.list_, Actor(new_id(), frozenset({"buyer"})), wanted)["items"]
    return [(f"{each.base}/{each.quote}", each.rate) for each in items]


class TestTheTable:
    def test_the_latest_of_a_pairs_rates_that_have_begun_counts(self, scene: Scene) -> None:
        scene.load_rates(("EUR/USD", "1.05", in_days(-9)), ("EUR/USD", "1.08", in_days(-1)), ("EUR/USD", "1.11", in_days(1)), ("EUR/CNY", "7.8", in_days(-5)))
        assert table(scene) == [("EUR/CNY", Decimal("7.8")), ("EUR/USD", Decimal("1.08"))]
        assert table(scene, base="EUR", quote="USD") == [("EUR/USD", Decimal("1.08"))]
        assert table(scene, at=f"{in_days(-3)}T12:00:00+02:00") == [("EUR/CNY", Decimal("7.8")), ("EUR/USD", Decimal("1.05"))]
        assert table(scene, at=f"{in_days(-20)}T00:00:00Z") == []

    def test_one_that_has_ended_gives_way_to_the_one_before(self, scene: Scene) -> None:
        scene.load_rates(("EUR/USD", "1.05", in_days(-9)))
        ended = {"base": "EUR", "quote": "USD", "rate": "1.2", "valid_from": f"{in_days(-5)}T00:00:00Z", "valid_until": f"{in_days(-1)}T00:00:00Z"}
        scene.ask(ADD_EXCHANGE_RATES, exchange.add, OPERATOR, {"rates": [ended]})
        assert table(scene) == [("EUR/USD", Decimal("1.05"))]
        assert table(scene, at=f"{in_days(-3)}T00:00:00Z") == [("EUR/USD", Decimal("1.2"))]

    def test_zeros_at_its_end_are_no_part_of_a_rate(self, scene: Scene) -> None:
        row = {"base": "GBP", "quote": "KWD", "rate": "1." + "0" * 60, "valid_from": JANUARY.isoformat()}
        for _ in range(2):
            scene.ask(ADD_EXCHANGE_RATES, exchange.add, OPERATOR, {"rates": [row]})
        assert table(scene, base="GBP", quote="KWD") == [("GBP/KWD", Decimal(1))]

    def test_adding_the_same_again_changes_nothing(self, scene: Scene) -> None:
        for written in ("1.05", "1.050"):
            scene.load_rates(("EUR/USD", written, in_days(-9)))
        assert scene.count(exchange_rates) == 1

    def test_another_rate_for_the_same_time_is_refused_by_row_and_field_and_nothing_is_added(self, scene: Scene) -> None:
        scene.load_rates(("EUR/USD", "1.05", in_days(-9)))
        with pytest.raises(Invalid) as caught:
            scene.load_rates(("EUR/CNY", "7.8", in_days(-9)), ("EUR/USD", "1.06", in_days(-9)), ("EUR/EUR", "1", in_days(-9)))
        assert caught.value.errors == {
            "rates.1.valid_from": ["The table has 1.05 for this pair from then on: let the new rate begin later."],
            "rates.2.quote": ["Must be another currency than the base."],
        }
        assert scene.count(exchange_rates) == 1

    def test_a_long_table_is_added_at_once_and_what_is_there_already_is_known(self, scene: Scene) -> None:
        begins = [JANUARY + timedelta(hours=number) for number in range(2500)]
        rates = [Rate(new_id(), "EUR", "USD", Decimal(1), begin) for begin in begins]
        assert scene.database.run(lambda tx: exchange.put(tx, rates[500:], "test")) == [True] * 2000
        assert scene.database.run(lambda tx: exchange.put(tx, rates, "test")) == [True] * 500 + [False] * 2000
        assert scene.count(exchange_rates) == 2500
        wrong = [replace(rates[0], rate=Decimal(2)), *rates[1:-1], replace(rates[-1], valid_until=begins[-1] + timedelta(1))]
        assert scene.database.run(lambda tx: exchange.check(tx, wrong)).keys() == {"rates.0.valid_from", "rates.2499.valid_from"}

    @pytest.mark.parametrize("rate", ["0", "-1", "NaN", "1e19", "1e-19", "1e999999", "ten"])
    def test_what_is_no_rate_is_refused(self, rate: str) -> None:
        row = {"base": "EUR", "quote": "USD", "rate": rate, "valid_from": "2026-01-01T00:00:00Z"}
        assert ADD_EXCHANGE_RATES.request().validate({"rates": [row]}).keys() == {"rates"}

    def test_only_operators_add_to_it(self, scene: Scene) -> None:
        for role in ("buyer", "supplier", "service"):
            with pytest.raises(Forbidden):
                scene.load_rates(("EUR/USD", "1.05", in_days(-9)), actor=Actor(new_id(), frozenset({role})))
        with pytest.raises(Unauthenticated):
            scene.ask(LIST_EXCHANGE_RATES, exchange.list_, None, {})

    @pytest.mark.parametrize("change", ["UPDATE exchange_rates SET rate = '2'", "DELETE FROM exchange_rates"])
    def test_the_database_itself_lets_nobody_change_it(self, scene: Scene, change: str) -> None:
        scene.load_rates(("EUR/USD", "1.05", in_days(-9)))
        with pytest.raises(IntegrityError, match="never changed"), scene.database.transaction() as tx:
            tx.execute(text(change))


class TestQuotes:
    def test_a_quote_says_the_rate_its_row_and_what_the_amount_comes_to(self, scene: Scene) -> None:
        (row,) = scene.load_rates(("USD/JPY", "149.25", in_days(-1)))
        assert scene.quote(usd(10_00), "JPY") == {
            "rate_id": row.id,
            "rate": Decimal("149.25"),
            "total": Money(1492, "JPY"),
            "via": None,
            "valid_until": None,
        }

    def test_a_cross_rate_says_which_way_it_goes(self, scene: Scene) -> None:
        cny, usd_ = scene.load_rates(("EUR/CNY", "7.8", in_days(-1)), ("EUR/USD", "1.04", in_days(-1)))
        quoted = scene.quote(usd(10_00), "CNY")
        assert (quoted["rate_id"], quoted["via"]) == (usd_.id, {"currency": "EUR", "rate_id": cny.id})
        assert (quoted["rate"], quoted["total"]) == (Decimal("7.5"), Money(75_00, "CNY"))

    @pytest.mark.parametrize(
        ("amount", "currency", "code", "field"),
        [
            (usd(1), "USD", "exchange_needless", "currency"),
            (usd(1), "EUR", "no_exchange_rate", "currency"),
            (Money(1, "JPY"), "USD", "amount_too_small", "amount"),
        ],
    )
    def test_what_cannot_be_quoted_is_refused_by_field(self, scene: Scene, amount: Money, currency: str, code: str, field: str) -> None:
        scene.load_rates(("JPY/USD", "0.005", in_days(-1)))
        with pytest.raises(Invalid) as caught:
            scene.quote(amount, currency)
        assert (caught.value.code, caught.value.errors.keys()) == (code, {field})

    def test_somebody_must_be_asking(self, scene: Scene) -> None:
        with pytest.raises(Unauthenticated):
            scene.quote(usd(1), "EUR", actor=None)
