"""Somebody asks for help, operators answer: who sees what, what is unread, what is mailed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from services.accounts.models import mails
from shared.kit.actor import Actor
from shared.kit.errors import Conflict, Invalid, NotFound, Unauthenticated
from shared.kit.ids import new_id
from tests.integration.accounts.scene import LI, Accounts, actor_of

ASKED: dict[str, Any] = {"category": "shipping", "subject": "Where is it?", "text": "It was to come on Monday.", "order_number": "TO-5N47Q-Z0K6P"}
DESK = Actor(new_id(), frozenset({"operator"}), "Desk")
STRANGER = Actor(new_id(), frozenset({"buyer", "supplier"}), "Third Party Ltd")


@pytest.fixture
def li(accounts: Accounts) -> Actor:
    return actor_of(accounts.register_and_confirm())


def write(accounts: Accounts, ticket: Any, actor: Actor, text: str = "On its way.") -> Any:
    return accounts.call("write_on_ticket", {"id": ticket["id"], "text": text}, actor)


def mailed(accounts: Accounts) -> list[Any]:
    with accounts.database.transaction() as tx:
        return list(tx.execute(select(mails).where(mails.c.subject.startswith("TT-")).order_by(mails.c.id)))


def names(ticket: Any) -> list[str]:
    return [each["name"] for each in ticket["actions"]]


def test_a_ticket_goes_from_question_to_answer_and_is_closed(accounts: Accounts, li: Actor) -> None:
    ticket = accounts.call("open_ticket", ASKED, li)
    assert {name: ticket[name] for name in ("category", "subject", "order_number")} == {name: ASKED[name] for name in ("category", "subject", "order_number")}
    assert (ticket["number"][:3], ticket["state"], ticket["label"], ticket["customer"]) == (
        "TT-",
        "open",
        "Waiting for an answer",
        {"id": li.id, "name": "Li Na"},
    )
    assert [(each["side"], each["author"], each["text"]) for each in ticket["messages"]] == [("customer", "Li Na", ASKED["text"])]
    assert names(ticket) == ["write", "close"]

    answered = write(accounts, ticket, DESK)
    assert (answered["state"], names(answered)) == ("answered", ["write", "close"])
    closed = accounts.call("close_ticket", {"id": ticket["id"]}, li)
    assert (closed["state"], names(closed)) == ("closed", ["write", "reopen"])
    assert [each["side"] for each in closed["messages"]] == ["customer", "operator"]


def test_the_customers_message_reopens_a_ticket_and_an_operator_has_to_reopen_it_first(accounts: Accounts, li: Actor) -> None:
    ticket = accounts.call("open_ticket", ASKED, li)
    accounts.call("close_ticket", {"id": ticket["id"]}, DESK)
    with pytest.raises(Conflict) as caught:
        write(accounts, ticket, DESK)
    assert (caught.value.code, caught.value.data) == ("action_not_allowed", {"state": "closed", "allowed": ["reopen"]})
    with pytest.raises(Conflict):
        accounts.call("close_ticket", {"id": ticket["id"]}, li)
    assert write(accounts, ticket, li, "It is broken.")["state"] == "open"
    accounts.call("close_ticket", {"id": ticket["id"]}, li)
    assert accounts.call("reopen_ticket", {"id": ticket["id"]}, DESK)["state"] == "open"
    with pytest.raises(Conflict):
        accounts.call("reopen_ticket", {"id": ticket["id"]}, DESK)


def test_each_side_is_told_what_it_has_not_read(accounts: Accounts, li: Actor) -> None:
    ticket = accounts.call("open_ticket", ASKED, li)

    def unread(actor: Actor) -> int:
        return accounts.call("list_tickets", {}, actor)["items"][0]["unread"]

    assert (unread(li), unread(DESK)) == (0, 1)
    write(accounts, ticket, li, "Please.")
    assert (unread(li), unread(DESK)) == (0, 2)
    assert accounts.call("get_ticket", {"id": ticket["id"]}, DESK)["unread"] == 2
    assert (unread(li), unread(DESK)) == (0, 0)
    write(accounts, ticket, DESK)
    write(accounts, ticket, DESK)
    assert (unread(li), unread(DESK)) == (2, 0)
    write(accounts, ticket, li, "Thank you.")  # who writes has read
    assert (unread(li), unread(DESK)) == (0, 1)


def test_a_customer_sees_their_own_tickets_an_operator_all_and_nobody_else_any(accounts: Accounts, li: Actor) -> None:
    own = accounts.call("open_ticket", ASKED, li)
    accounts.call("open_ticket", ASKED | {"email": "ada@example.com"})
    assert [each["id"] for each in accounts.call("list_tickets", {}, li)["items"]] == [own["id"]]
    assert len(accounts.call("list_tickets", {}, DESK)["items"]) == 2
    assert accounts.call("list_tickets", {}, STRANGER)["items"] == []
    for operation, more in (("get_ticket", {}), ("write_on_ticket", {"text": "Hello."}), ("close_ticket", {}), ("reopen_ticket", {})):
        with pytest.raises(NotFound):
            accounts.call(operation, {"id": own["id"], **more}, STRANGER)
        with pytest.raises(Unauthenticated):
            accounts.call(operation, {"id": own["id"], **more})


def test_pages_go_on_where_the_last_one_ended_and_choose_by_state(accounts: Accounts, li: Actor) -> None:
    made = [accounts.call("open_ticket", ASKED | {"subject": f"Question {number}"}, li)["id"] for number in range(5)]
    accounts.call("close_ticket", {"id": made[2]}, li)
    found, page = list[str](), accounts.call("list_tickets", {"limit": 2, "state": "open"}, DESK)
    while True:
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        page = accounts.call("list_tickets", {"limit": 2, "state": "open", "cursor": page["next"]}, DESK)
    assert found == [made[4], made[3], made[1], made[0]]
    with pytest.raises(Invalid):
        accounts.call("list_tickets", {"cursor": "first"}, DESK)


def test_an_answer_is_mailed_to_whoever_has_an_address_that_they_read(accounts: Accounts, li: Actor) -> None:
    own = accounts.call("open_ticket", ASKED, li)
    other = accounts.call("open_ticket", ASKED | {"email": "ada@example.com"})
    assert other["customer"] == {"id": None, "name": "ada@example.com"}
    assert mailed(accounts) == []
    write(accounts, own, DESK, "On its way: 5 % off, {token}.")
    write(accounts, other, DESK, "Not ours.")
    first, second = mailed(accounts)
    assert (first.recipient, second.recipient) == (LI["email"], "ada@example.com")
    assert first.subject == f"{own['number']}: Where is it?"
    assert "Desk has answered" in first.text
    assert "On its way: 5 % off, {token}." in first.text
    assert f"/v1/tickets/{own['id']}/messages" in first.text
    assert "/v1/tickets" not in second.text
    assert other["number"] in second.text
    write(accounts, own, li, "Thank you.")
    unconfirmed = actor_of(accounts.register(email="bo@example.com"))
    write(accounts, accounts.call("open_ticket", ASKED, unconfirmed), DESK)
    assert len(mailed(accounts)) == 2


def test_an_answer_that_is_sent_again_counts_and_is_mailed_once(accounts: Accounts, li: Actor) -> None:
    ticket, command = accounts.call("open_ticket", ASKED, li), new_id()
    answers = [accounts.call("write_on_ticket", {"id": ticket["id"], "text": "On its way."}, DESK, command) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (len(answers[0]["messages"]), len(mailed(accounts))) == (2, 1)


def test_an_operator_who_asks_for_help_is_the_customer_of_that_ticket(accounts: Accounts, li: Actor) -> None:
    helper = Actor(li.id, frozenset({"operator"}), "Li Na")
    ticket = accounts.call("open_ticket", ASKED, helper)
    assert write(accounts, ticket, helper, "Anybody?")["state"] == "open"
    assert mailed(accounts) == []


@pytest.mark.parametrize(
    ("changes", "signed_in", "field"),
    [
        ({}, False, "email"),
        ({"email": "ada@example.com"}, True, "email"),
        ({"email": "ada"}, False, "email"),
        ({"email": '"a\x01da"@example.com'}, False, "email"),
        ({"category": "gossip"}, True, "category"),
        ({"subject": " "}, True, "subject"),
        ({"subject": "x" * 121}, True, "subject"),
        ({"text": "x" * 5001}, True, "text"),
        ({"order_number": "TO-1"}, True, "order_number"),
        ({"priority": "high"}, True, "priority"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(accounts: Accounts, li: Actor, changes: dict[str, Any], signed_in: bool, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.call("open_ticket", ASKED | changes, li if signed_in else None)
    assert list(caught.value.errors) == [field]
