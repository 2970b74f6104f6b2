"""Freight accounts: bound once, topped up from the balance, charged and credited by logistics' events, each of them once and all of it or nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.payments.application import freight
from services.payments.models import freight_entries, transfers
from shared.contracts.freight import GET_FREIGHT_ACCOUNT
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.kit.money import Money
from tests.integration.payments.scene import Parcel, Scene, usd, wire


@pytest.fixture
def supplier(scene: Scene) -> str:
    """Has a freight account with 50.00 USD, and 50.00 USD more on the balance."""
    supplier = new_id()
    scene.deposit(supplier, usd(100_00))
    scene.bind(supplier)
    scene.top_up(supplier, usd(50_00))
    return supplier


class TestTheAccount:
    def test_a_supplier_binds_one_and_is_told_of_it(self, scene: Scene) -> None:
        supplier = new_id()
        bound = scene.bind(supplier, "CNY")
        assert (bound["currency"], bound["balance"], bound["outstanding"], bound["entries"]) == ("CNY", Money(0, "CNY"), [], [])
        assert scene.freight_account(supplier) == bound
        assert scene.told(supplier) == [("freight_account_bound", {"account_id": supplier, "currency": "CNY"})]

    def test_a_second_one_is_a_conflict_that_names_the_first(self, scene: Scene, supplier: str) -> None:
        with pytest.raises(Conflict, match="USD is bound already: top it up") as caught:
            scene.bind(supplier, "CNY")
        assert caught.value.code == "freight_account_bound"
        assert scene.freight_account(supplier)["currency"] == "USD"

    @pytest.mark.parametrize("roles", [("buyer",), ("operator",), ("carrier",)])
    def test_it_is_for_suppliers(self, scene: Scene, roles: tuple[str, ...]) -> None:
        with pytest.raises(Forbidden):
            scene.bind(new_id(), roles=roles)

    def test_a_code_that_is_no_currency_of_funds_is_refused_by_name(self, scene: Scene) -> None:
        with pytest.raises(Invalid) as caught:
            scene.bind(new_id(), "XXX")
        assert caught.value.errors.keys() == {"currency"}

    def test_without_one_reading_and_topping_up_say_how_to_get_it(self, scene: Scene) -> None:
        for work in (lambda: scene.freight_account(new_id()), lambda: scene.top_up(new_id(), usd(1))):
            with pytest.raises(NotFound, match="POST /v1/freight-account"):
                work()

    def test_topping_up_takes_from_the_balance_and_is_told(self, scene: Scene, supplier: str) -> None:
        assert scene.balances(supplier) == [usd(50_00)]
        assert scene.freight_account(supplier)["balance"] == usd(50_00)
        assert scene.told(supplier)[-1] == ("freight_topped_up", {"account_id": supplier, "amount": wire(usd(50_00))})
        assert scene.top_up(supplier, usd(50_00))["balance"] == usd(100_00)
        assert scene.balances(supplier) == []
        assert scene.faults() == []

    def test_topping_up_with_more_than_the_balance_says_what_is_missing_and_moves_nothing(self, scene: Scene, supplier: str) -> None:
        with pytest.raises(Conflict, match=r"60\.00 USD are wanted and the balance has 50\.00 USD: 10\.00 USD are missing"):
            scene.top_up(supplier, usd(60_00))
        assert (scene.balances(supplier), scene.freight_account(supplier)["balance"]) == ([usd(50_00)], usd(50_00))

    def test_topping_up_in_another_currency_is_refused_by_name(self, scene: Scene, supplier: str) -> None:
        with pytest.raises(Invalid) as caught:
            scene.top_up(supplier, Money(1, "EUR"))
        assert caught.value.errors == {"amount.currency": ["Must be USD."]}


class TestCharges:
    def test_all_items_are_taken_at_once_and_told(self, scene: Scene, supplier: str) -> None:
        parcel = Parcel(supplier)
        scene.happen(parcel.due(("freight", usd(20_00)), ("return_fee", usd(3_00)), charge_id=(charge_id := new_id())))
        account = scene.freight_account(supplier)
        assert account["balance"] == usd(27_00)
        (entry,) = account["entries"]
        assert (entry["charge_id"], entry["order_id"], entry["direction"], entry["state"]) == (charge_id, parcel.order_id, "charge", "charged")
        assert entry["items"] == [{"kind": "freight", "amount": usd(20_00)}, {"kind": "return_fee", "amount": usd(3_00)}]
        assert (entry["amount"], entry["moved"], entry["rate"]) == (usd(23_00), usd(23_00), None)
        told = {"order_id": parcel.order_id, "charge_id": charge_id, "amount": wire(usd(23_00))}
        assert scene.told(parcel.order_id) == [("freight_charged", told)]
        assert scene.faults() == []

    def test_the_same_charge_counts_once_however_often_it_comes(self, scene: Scene, supplier: str) -> None:
        parcel, charge_id = Parcel(supplier), new_id()
        for _ in range(3):
            scene.happen(parcel.due(("freight", usd(20_00)), charge_id=charge_id))
        assert scene.freight_account(supplier)["balance"] == usd(30_00)
        assert scene.told_names(parcel.order_id) == ["freight_charged"]

    def test_another_charge_under_a_used_id_is_an_error_that_moves_nothing(self, scene: Scene, supplier: str) -> None:
        parcel, charge_id = Parcel(supplier), new_id()
        scene.happen(parcel.due(("freight", usd(20_00)), charge_id=charge_id))
        for other in (parcel.due(("freight", usd(21_00)), charge_id=charge_id), Parcel(supplier).due(("freight", usd(20_00)), charge_id=charge_id)):
            with pytest.raises(Conflict, match="another one"):
                scene.happen(other)
        assert scene.freight_account(supplier)["balance"] == usd(30_00)

    def test_funds_that_do_not_reach_for_all_items_take_none_and_the_refusal_says_what_to_do(self, scene: Scene, supplier: str) -> None:
        parcel = Parcel(supplier)
        due = parcel.due(("freight", usd(48_00)), ("return_fee", usd(3_00)))
        scene.happen(due)
        name, data = scene.told(parcel.order_id)[-1]
        assert (name, data["reason"]) == ("freight_refused", "insufficient_freight_funds")
        assert data["message"] == (
            "51.00 USD of freight are due and the freight account has 50.00 USD: "
            "top it up (POST /v1/freight-account/top-ups) with at least 1.00 USD. Then create the logistics order again."
        )
        assert scene.freight_account(supplier)["balance"] == usd(50_00)
        scene.top_up(supplier, usd(1_00))
        scene.happen(due)
        assert scene.told_names(parcel.order_id) == ["freight_refused"], "what was refused is over: the next logistics order has a charge of its own"
        assert scene.freight_account(supplier)["balance"] == usd(51_00)

    def test_without_an_account_the_refusal_says_how_to_get_one(self, scene: Scene) -> None:
        parcel = Parcel(new_id())
        scene.happen(parcel.due(("freight", usd(5_00))))
        name, data = scene.told(parcel.order_id)[-1]
        assert (name, data["reason"]) == ("freight_refused", "freight_account_missing")
        assert data["message"].startswith("5.00 USD of freight are due, and there is no freight account to take them from: bind one (POST /v1/freight-account)")
        assert scene.count(transfers) == 0

    @pytest.mark.parametrize("items", [[], [("freight", usd(1)), ("return_fee", Money(1, "EUR"))]])
    def test_what_is_no_charge_is_an_error_that_leaves_nothing(self, scene: Scene, supplier: str, items: list[tuple[str, Money]]) -> None:
        with pytest.raises(Invalid, match="one currency"):
            scene.happen(Parcel(supplier).due(*items))
        assert scene.count(freight_entries) == 0

    def test_freight_for_nothing_is_charged_without_a_transfer(self, scene: Scene, supplier: str) -> None:
        parcel = Parcel(supplier)
        before = scene.count(transfers)
        scene.happen(parcel.due(("freight", usd(0))))
        assert scene.told_names(parcel.order_id) == ["freight_charged"]
        assert scene.count(transfers) == before


class TestReweighing:
    def test_what_cannot_be_paid_stays_outstanding_and_is_taken_oldest_first_as_funds_come_in(self, scene: Scene, supplier: str) -> None:
        first, _second, _third = parcels = [Parcel(supplier) for _ in range(3)]
        for parcel, amount in zip(parcels, (usd(60_00), usd(35_00), usd(10_00)), strict=True):
            scene.happen(parcel.due(("reweighing", amount)))
        assert [scene.told_names(each.order_id) for each in parcels] == [["freight_refused"], ["freight_charged"], ["freight_charged"]]
        assert "Then it is charged by itself." in scene.told(first.order_id)[0][1]["message"]
        late = Parcel(supplier)
        scene.happen(late.due(("reweighing", usd(6_00))))
        assert scene.freight_account(supplier)["outstanding"] == [usd(66_00)]

        assert scene.top_up(supplier, usd(50_00))["balance"] == usd(55_00), "the oldest comes first, and cannot be paid yet"
        scene.deposit(supplier, usd(12_00))
        account = scene.top_up(supplier, usd(12_00))
        assert (account["balance"], account["outstanding"]) == (usd(1_00), [])
        assert scene.told_names(first.order_id) == scene.told_names(late.order_id) == ["freight_refused", "freight_charged"]
        assert {entry["state"] for entry in account["entries"]} == {"charged"}
        assert all(entry["reason"] is None for entry in account["entries"])
        assert scene.faults() == []

    def test_it_stays_due_without_an_account_too(self, scene: Scene) -> None:
        parcel = Parcel(new_id())
        scene.happen(parcel.due(("reweighing", usd(2_00))))
        assert scene.told(parcel.order_id)[-1][1]["reason"] == "freight_account_missing"
        scene.bind(parcel.supplier)
        scene.deposit(parcel.supplier, usd(5_00))
        assert scene.top_up(parcel.supplier, usd(5_00))["balance"] == usd(3_00)
        assert scene.told_names(parcel.order_id) == ["freight_refused", "freight_charged"]

    def test_a_credit_brings_funds_in_as_well(self, scene: Scene, supplier: str) -> None:
        light, heavy = Parcel(supplier), Parcel(supplier)
        scene.happen(light.due(("freight", usd(45_00))), heavy.due(("reweighing", usd(15_00))), light.credited(("reweighing", usd(10_00))))
        assert scene.told_names(heavy.order_id) == ["freight_refused", "freight_charged"]
        assert scene.freight_account(supplier)["balance"] == usd(0)


class TestCredits:
    def test_a_credit_gives_back_what_it_says_once(self, scene: Scene, supplier: str) -> None:
        parcel, charge_id = Parcel(supplier), new_id()
        scene.happen(parcel.due(("freight", usd(20_00)), charge_id=charge_id))
        for _ in range(2):
            scene.happen(parcel.credited(("freight", usd(5_00)), charge_id=charge_id))
        account = scene.freight_account(supplier)
        assert account["balance"] == usd(35_00)
        assert [entry["state"] for entry in account["entries"]] == ["credited", "charged"]
        assert scene.told(parcel.order_id)[-1] == ("freight_refunded", {"order_id": parcel.order_id, "charge_id": charge_id, "amount": wire(usd(5_00))})
        assert scene.told_names(parcel.order_id) == ["freight_charged", "freight_refunded"]
        assert scene.faults() == []

    def test_more_than_the_order_was_charged_is_an_error_that_moves_nothing(self, scene: Scene, supplier: str) -> None:
        parcel, other = Parcel(supplier), Parcel(supplier)
        scene.happen(parcel.due(("freight", usd(20_00))), other.due(("freight", usd(20_00))), parcel.credited(("freight", usd(15_00))))
        for credit in (usd(5_01), Money(1, "EUR")):
            with pytest.raises(Conflict) as caught:
                scene.happen(parcel.credited(("freight", credit)))
            assert caught.value.code == "credit_exceeds_charges"
        assert scene.freight_account(supplier)["balance"] == usd(25_00)
        scene.happen(parcel.credited(("freight", usd(5_00))))
        assert scene.freight_account(supplier)["balance"] == usd(30_00)

    def test_a_credit_for_somebody_without_an_account_is_an_error(self, scene: Scene) -> None:
        with pytest.raises(NotFound):
            scene.happen(Parcel(new_id()).credited(("freight", usd(1))))

    def test_under_the_id_of_a_refused_charge_it_gives_nothing_back(self, scene: Scene, supplier: str) -> None:
        parcel, charge_id = Parcel(supplier), new_id()
        scene.happen(parcel.due(("freight", usd(60_00)), charge_id=charge_id), parcel.credited(("freight", usd(60_00)), charge_id=charge_id))
        assert scene.told_names(parcel.order_id) == ["freight_refused"]
        assert scene.freight_account(supplier)["balance"] == usd(50_00)

    def test_under_the_id_of_what_is_outstanding_it_withdraws_that(self, scene: Scene, supplier: str) -> None:
        parcel, charge_id = Parcel(supplier), new_id()
        scene.happen(parcel.due(("reweighing", usd(60_00)), charge_id=charge_id), parcel.credited(("reweighing", usd(60_00)), charge_id=charge_id))
        account = scene.top_up(supplier, usd(50_00))
        assert (account["balance"], account["outstanding"]) == (usd(100_00), [])
        assert {entry["state"] for entry in account["entries"]} == {"withdrawn"}
        assert scene.told_names(parcel.order_id) == ["freight_refused"]


def test_nobody_reads_a_freight_account_without_saying_who_asks(scene: Scene) -> None:
    with pytest.raises(Unauthenticated):
        scene.ask(GET_FREIGHT_ACCOUNT, freight.get, None, {})


class TestAnotherCurrency:
    def test_freight_is_converted_at_the_time_it_is_charged_and_rounding_is_told(self, scene: Scene, supplier: str) -> None:
        scene.load_rates(("EUR/USD", "1.085", "2026-01-01"))
        parcel = Parcel(supplier)
        scene.happen(parcel.due(("freight", Money(9_00, "EUR")), ("return_fee", Money(1_10, "EUR"))))
        account = scene.freight_account(supplier)
        (entry,) = account["entries"]
        assert (entry["amount"], entry["moved"], entry["rate"]) == (Money(10_10, "EUR"), usd(10_96), Decimal("1.085"))  # 10.9585
        assert account["balance"] == usd(39_04)
        assert scene.told(parcel.order_id)[-1][1]["amount"] == wire(usd(10_96))
        assert scene.faults() == []

    def test_a_later_rate_does_not_change_what_is_given_back(self, scene: Scene, supplier: str) -> None:
        scene.load_rates(("EUR/USD", "1.085", "2026-01-01"))
        parcel = Parcel(supplier)
        scene.happen(parcel.due(("freight", Money(10_10, "EUR"))))
        scene.load_rates(("EUR/USD", "2", "2026-01-02"))
        for part in (3_33, 3_33, 3_44):
            scene.happen(parcel.credited(("freight", Money(part, "EUR"))))
        assert scene.freight_account(supplier)["balance"] == usd(50_00)
        assert [entry["moved"] for entry in scene.freight_account(supplier)["entries"]] == [usd(3_73), usd(3_62), usd(3_61), usd(10_96)]
        assert scene.faults() == []

    def test_without_a_rate_it_is_refused_and_the_refusal_says_so(self, scene: Scene, supplier: str) -> None:
        parcel = Parcel(supplier)
        scene.happen(parcel.due(("freight", Money(10_00, "EUR"))))
        name, data = scene.told(parcel.order_id)[-1]
        assert (name, data["reason"]) == ("freight_refused", "freight_currency_mismatch")
        assert data["message"].startswith("10.00 EUR of freight are due, and the freight account is in USD: there is no exchange rate")

    def test_what_is_missing_is_told_in_the_accounts_currency(self, scene: Scene, supplier: str) -> None:
        scene.load_rates(("EUR/USD", "1.085", "2026-01-01"))
        parcel = Parcel(supplier)
        scene.happen(parcel.due(("reweighing", Money(100_00, "EUR"))))
        assert scene.told(parcel.order_id)[-1][1]["message"].startswith(
            "100.00 EUR of freight are due (108.50 USD) and the freight account has 50.00 USD: top it up (POST /v1/freight-account/top-ups) with at least 58.50 USD."
        )
        assert scene.freight_account(supplier)["outstanding"] == [Money(100_00, "EUR")]
