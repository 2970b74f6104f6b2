"""Payouts: funds leave a balance for a bank account once, or come back once, and only operators decide which."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from services.payments.application import payouts as handlers
from services.payments.models import payouts, transfers
from shared.contracts import payouts as contract
from shared.contracts.validation import arriving
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.platform.audit import Sum
from tests.builders.database import call
from tests.integration.payments.scene import IBAN, OPERATOR, Scene, owner, usd, wire

ASKED = {"amount": wire(usd(60_00)), "account_holder": "Huang Ceramics", "iban": IBAN}


@pytest.fixture
def party(scene: Scene) -> str:
    """Has 100.00 USD on the balance."""
    party = new_id()
    scene.deposit(party, usd(100_00))
    return party


def listed(scene: Scene, actor: Actor, **wanted: Any) -> dict[str, Any]:
    return scene.ask(contract.LIST_PAYOUTS, handlers.list_, actor, wanted)


class TestRequesting:
    def test_the_amount_is_set_aside_and_told(self, scene: Scene, party: str) -> None:
        payout = scene.request_payout(party, usd(60_00))
        assert (payout["state"], payout["account_id"], payout["account_name"], payout["amount"]) == ("requested", party, "Huang Ceramics", usd(60_00))
        assert scene.balances(party) == [usd(40_00)]
        assert scene.told(party)[-1] == ("payout_requested", {"account_id": party, "payout_id": payout["id"], "amount": wire(usd(60_00))})
        assert scene.faults() == []
        assert Sum("paying out = payouts requested", "USD", {"paying out": 60_00, "payouts": 60_00}) in scene.audit()

    def test_the_same_command_counts_once(self, scene: Scene, party: str) -> None:
        command = new_id()
        first, again = (scene.request_payout(party, usd(60_00), command_id=command) for _ in range(2))
        assert first == again
        assert scene.balances(party) == [usd(40_00)]

    def test_more_than_the_balance_has_is_refused_with_what_is_missing_and_moves_nothing(self, scene: Scene, party: str) -> None:
        scene.request_payout(party, usd(60_00))
        with pytest.raises(Conflict, match=r"60\.00 USD are wanted and the balance has 40\.00 USD: 20\.00 USD are missing") as caught:
            scene.request_payout(party, usd(60_00))
        assert caught.value.code == "insufficient_funds"
        with pytest.raises(Conflict, match=r"the balance has 0\.00 EUR"):
            scene.request_payout(party, Money(1, "EUR"))
        assert (scene.balances(party), scene.count(payouts)) == ([usd(40_00)], 1)

    def test_it_takes_somebody_verified_who_gave_the_password_again(self, scene: Scene, party: str) -> None:
        for actor, error, code in (
            (None, Unauthenticated, "sign_in_required"),
            (replace(owner(party), verified=False), Forbidden, "verification_required"),
            (replace(owner(party), reauthenticated=False), Forbidden, "password_required"),
        ):
            with pytest.raises(error) as caught:
                scene.ask(contract.REQUEST_PAYOUT, handlers.request, actor, ASKED)
            assert caught.value.code == code
        assert scene.balances(party) == [usd(100_00)]

    def test_its_owner_reads_the_end_of_the_number_and_operators_all_of_it(self, scene: Scene, party: str) -> None:
        by_iban, by_number = scene.request_payout(party, usd(1_00)), scene.request_payout(party, usd(2_00), account_number="0123456789", bic="DEUTDEFF")
        assert (by_iban["iban"], by_iban["account_number"], by_iban["bic"]) == ("******************3000", None, None)
        assert (by_number["iban"], by_number["account_number"], by_number["bic"]) == (None, "******6789", "DEUTDEFF")
        assert listed(scene, owner(party))["items"] == [by_number, by_iban]
        assert [(each["iban"], each["account_number"]) for each in listed(scene, OPERATOR)["items"]] == [(None, "0123456789"), (IBAN, None)]


class TestConfirming:
    def test_it_has_left_the_platform_and_is_told_with_the_banks_reference(self, scene: Scene, party: str) -> None:
        payout, today = scene.request_payout(party, usd(60_00)), utc_now().date()
        paid = scene.confirm_payout(payout["id"])
        assert (paid["state"], paid["reference"], paid["paid_on"], paid["iban"]) == ("paid", "BANK-7", today, IBAN)
        told = {"account_id": party, "payout_id": payout["id"], "amount": wire(usd(60_00)), "reference": "BANK-7", "paid_on": str(today)}
        assert scene.told(party)[-1] == ("payout_paid", told)
        assert scene.balances(party) == [usd(40_00)]
        assert scene.faults() == []
        assert Sum("paid out = payouts paid", "USD", {"paid out": 60_00, "payouts": 60_00}) in scene.audit()

    @pytest.mark.parametrize("days", [-3, 3])
    def test_a_day_on_which_it_cannot_have_been_paid_is_refused_by_name(self, scene: Scene, party: str, days: int) -> None:
        payout = scene.request_payout(party, usd(60_00))
        with pytest.raises(Invalid) as caught:
            scene.confirm_payout(payout["id"], utc_now().date() + timedelta(days=days))
        assert caught.value.errors.keys() == {"paid_on"}
        assert listed(scene, OPERATOR, state="requested")["items"][0]["id"] == payout["id"]


class TestRejecting:
    def test_the_funds_are_on_the_balance_again_and_the_reason_is_told(self, scene: Scene, party: str) -> None:
        payout = scene.request_payout(party, usd(60_00))
        assert scene.reject_payout(payout["id"])["state"] == "rejected"
        assert scene.balances(party) == [usd(100_00)]
        name, data = scene.told(party)[-1]
        assert (name, data["reason"]) == ("payout_rejected", "The account is closed.")
        assert listed(scene, owner(party), state="rejected")["items"][0]["reason"] == "The account is closed."
        assert scene.faults() == []


class TestDeciding:
    @pytest.mark.parametrize("first", [Scene.confirm_payout, Scene.reject_payout])
    @pytest.mark.parametrize("then", [Scene.confirm_payout, Scene.reject_payout])
    def test_what_is_decided_stays_so(self, scene: Scene, party: str, first: Any, then: Any) -> None:
        payout = scene.request_payout(party, usd(60_00))
        first(scene, payout["id"])
        before = scene.balances(party)
        with pytest.raises(Conflict) as caught:
            then(scene, payout["id"])
        assert (caught.value.code, caught.value.data["allowed"]) == ("payout_decided", [])
        assert (scene.balances(party), scene.faults()) == (before, [])

    @pytest.mark.parametrize("decide", [Scene.confirm_payout, Scene.reject_payout])
    def test_only_operators_do_and_none_on_their_own(self, scene: Scene, party: str, decide: Any) -> None:
        payout = scene.request_payout(party, usd(60_00))
        with pytest.raises(Unauthenticated):
            decide(scene, payout["id"], actor=None)
        for role in ("buyer", "supplier", "carrier", "warehouse", "service"):
            with pytest.raises(Forbidden, match="operator"):
                decide(scene, payout["id"], actor=Actor(party, frozenset({role})))
        with pytest.raises(Forbidden) as caught:
            decide(scene, payout["id"], actor=Actor(party, frozenset({"operator"})))
        assert caught.value.code == "own_payout"
        with pytest.raises(NotFound):
            decide(scene, new_id())


class TestReading:
    def test_to_others_it_is_not_there(self, scene: Scene, party: str) -> None:
        payout = scene.request_payout(party, usd(60_00))
        for wanted in (payout["id"], new_id()):
            with pytest.raises(NotFound) as caught:
                scene.ask(contract.GET_PAYOUT, handlers.get, owner(new_id()), {"id": wanted})
            assert (caught.value.code, caught.value.message) == ("payout_not_found", "There is no such payout.")
        assert listed(scene, owner(new_id()))["items"] == []

    def test_lists_are_paged_newest_first(self, scene: Scene, party: str) -> None:
        asked = [scene.request_payout(party, usd(1_00))["id"] for _ in range(5)]
        first = listed(scene, owner(party), limit=3)
        second = listed(scene, OPERATOR, limit=3, cursor=first["next"])
        assert [each["id"] for each in first["items"] + second["items"]] == asked[::-1]
        assert second["next"] is None


class TestTheDatabase:
    def test_it_makes_each_movement_of_a_payout_once(self, scene: Scene, party: str) -> None:
        payout = scene.request_payout(party, usd(30_00))
        with scene.database.transaction() as tx:
            again = {**tx.execute(select(transfers).where(transfers.c.cause == payout["id"])).one()._mapping, "id": new_id()}
        with pytest.raises(IntegrityError), scene.database.transaction() as tx:
            tx.execute(insert(transfers).values(again))

    def test_it_lets_nothing_that_is_paid_go_back_too(self, scene: Scene, party: str) -> None:
        payout = scene.request_payout(party, usd(30_00))
        scene.confirm_payout(payout["id"])
        with scene.database.transaction() as tx:
            tx.execute(update(payouts).values(state="requested", reference=None, paid_on=None, decided_at=None, decided_by=None))
        with pytest.raises(IntegrityError):
            scene.reject_payout(payout["id"])
        assert scene.balances(party) == [usd(70_00)]

    @pytest.mark.parametrize("change", ["state = 'paid'", "state = 'lost'", "iban = NULL", "account_number = '123456'", "amount = 0"])
    def test_a_payout_that_makes_no_sense_is_refused(self, scene: Scene, party: str, change: str) -> None:
        scene.request_payout(party, usd(30_00))
        with pytest.raises(IntegrityError), scene.database.transaction() as tx:
            tx.execute(text(f"UPDATE payouts SET {change}"))


def test_one_that_says_paid_without_its_funds_having_left_is_a_fault(scene: Scene, party: str) -> None:
    scene.request_payout(party, usd(30_00))
    with scene.database.transaction() as tx:
        paid = {"state": "paid", "reference": "R", "paid_on": utc_now().date(), "decided_at": utc_now(), "decided_by": new_id()}
        tx.execute(update(payouts).values(paid))
    assert scene.faults() == [
        Sum("paying out = payouts requested", "USD", {"paying out": 30_00, "payouts": 0}, 30_00),
        Sum("paid out = payouts paid", "USD", {"paid out": 0, "payouts": 30_00}, -30_00),
    ]


@pytest.mark.parametrize(
    ("to", "wrong"),
    [
        ({}, {"iban"}),
        ({"iban": IBAN, "account_number": "123456", "bic": "DEUTDEFF"}, {"iban"}),
        ({"iban": "DE89370400440532013001"}, {"iban"}),
        ({"iban": 7}, {"iban"}),
        ({"account_number": "123456"}, {"bic"}),
        ({"account_number": "123456", "bic": "DEUTZZFF"}, {"bic"}),
        ({"account_number": "123456", "bic": "DEUT"}, {"bic"}),
        ({"account_number": "12 34", "bic": "DEUTDEFF"}, {"account_number"}),
    ],
)
def test_where_to_is_said_once_and_right(to: dict[str, Any], wrong: set[str]) -> None:
    asked = {"amount": wire(usd(1)), "account_holder": "Huang Ceramics", **to}
    assert arriving(contract.RequestPayout).validate(asked).keys() == wrong


def test_an_iban_loads_without_its_spaces_and_a_bic_in_capitals() -> None:
    asked = call(contract.REQUEST_PAYOUT, None, ASKED | {"iban": "de89 3704 0044 0532 0130 00", "bic": "deutdeff"}).data
    assert (asked["iban"], asked["bic"]) == (IBAN, "DEUTDEFF")
