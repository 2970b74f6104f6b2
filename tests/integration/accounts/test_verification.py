from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from services.accounts.application.verification import MAILS
from services.accounts.models import mails, verification_history
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TradeError, Unauthenticated
from shared.kit.ids import new_id
from shared.platform import records
from tests.builders.database import TestDatabase
from tests.integration.accounts.papers import PNG, upload
from tests.integration.accounts.scene import Accounts, actor_of

OPERATOR = Actor(new_id(), frozenset({"operator"}))
USCC, LEI = "91110000600037341L", "213800KUD8LAJWSQ9D15"
ADDRESS = {"street": "Zhushan Road 1", "city": "Jingdezhen", "country": "CN"}
COMPANY: dict[str, Any] = {
    "kind": "company",
    "legal_name": "Jingdezhen Huang Ceramics Co., Ltd.",
    "registered_on": "2004-03-01",
    "address": ADDRESS,
    "numbers": [{"type": "registration", "country": "CN", "value": "9111 0000 6000 3734 1L"}, {"type": "lei", "value": LEI.lower()}],
}
PERSON: dict[str, Any] = {
    "kind": "person",
    "legal_name": "Li Na",
    "date_of_birth": "1991-01-01",
    "address": ADDRESS,
    "numbers": [{"type": "national_id", "country": "CN", "value": "360426199101010071"}],
}


@pytest.fixture
def li(accounts: Accounts) -> Actor:
    return actor_of(accounts.register_and_confirm())


def submit(accounts: Accounts, actor: Actor, facts: dict[str, Any] = COMPANY, **others: Any) -> Any:
    papers = {"documents": [accounts.call("upload_document", upload(), actor)["id"]]}
    return accounts.call("submit_verification", facts | papers | others, actor)


def act(accounts: Accounts, action: str, verification: Any, actor: Actor = OPERATOR, command_id: str | None = None, **form: Any) -> Any:
    form = form or ({} if action == "approve" else {"reason": "The licence cannot be read."})
    return accounts.call(f"{action}_verification", {"id": verification["id"]} | form, actor, command_id)


def verified(accounts: Accounts, actor: Actor) -> bool:
    return accounts.call("me", {}, actor)["verified_at"] is not None


def told(database: TestDatabase) -> list[Any]:
    with database.transaction() as tx:
        return tx.execute(select(records.outbox).where(records.outbox.c.type != "accounts.account_registered.v1").order_by(records.outbox.c.version)).all()


def test_a_submission_is_shown_to_its_owner_and_operators_as_its_registers_write_it(accounts: Accounts, li: Actor) -> None:
    made = submit(accounts, li)
    assert [(each["label"], each["value"]) for each in made["numbers"]] == [("Unified Social Credit Code", USCC), ("Legal Entity Identifier", LEI)]
    assert (made["state"], made["version"], made["country"], made["address"], made["registered_on"]) == ("submitted", 1, "CN", ADDRESS, "2004-03-01")
    assert [each["name"] for each in made["documents"]] == ["Licence.pdf"]
    assert [(each["action"], each["state"], each["by"]) for each in made["history"]] == [("submit", "submitted", "owner")]
    assert made["actions"] == []
    own = accounts.call("get_own_verification", {}, li)
    assert own == {"verified_at": None, "latest": made, "earlier": [], "actions": []}
    seen = accounts.call("get_verification", {"id": made["id"]}, OPERATOR)
    assert [each["name"] for each in seen["actions"]] == ["approve", "refuse"]
    assert seen | {"actions": []} == made == accounts.call("get_verification", {"id": made["id"]}, li)


def test_an_operators_list_shows_numbers_masked_and_goes_on_page_by_page(accounts: Accounts) -> None:
    made = [submit(accounts, actor_of(accounts.register(email=f"{name}@example.com"))) for name in "abc"][::-1]
    act(accounts, "approve", made[1])
    first = accounts.call("list_verifications", {"limit": 2}, OPERATOR)
    second = accounts.call("list_verifications", {"limit": 2, "cursor": first["next"]}, OPERATOR)
    assert [each["id"] for each in (*first["items"], *second["items"])] == [each["id"] for each in made]
    assert (second["next"], [each["value"] for each in first["items"][0]["numbers"]]) == (None, ["••••341L", "••••9D15"])
    assert USCC not in str(first)
    assert [each["id"] for each in accounts.call("list_verifications", {"state": "approved"}, OPERATOR)["items"]] == [made[1]["id"]]
    with pytest.raises(Invalid, match="cursor"):
        accounts.call("list_verifications", {"cursor": "x"}, OPERATOR)


def test_an_approval_verifies_the_account_and_says_so_once_without_a_number(accounts: Accounts, li: Actor) -> None:
    made, command_id = submit(accounts, li), new_id()
    before = accounts.call("me", {}, li)
    assert before["verified_at"] is None
    first, second = (act(accounts, "approve", made, command_id=command_id) for _ in range(2))
    assert first == second
    assert (first["state"], first["version"], [each["name"] for each in first["actions"]]) == ("approved", 2, ["withdraw"])
    after = accounts.call("me", {}, li)
    assert after["verified_at"] is not None
    assert after["version"] == before["version"] + 1
    [event] = told(accounts.database)
    assert (event.type, event.subject, event.data) == ("accounts.account_verified.v1", li.id, {"account_id": li.id, "verification_id": made["id"]})


def test_of_operators_that_decide_at_once_one_does(accounts: Accounts, li: Actor) -> None:
    made = submit(accounts, li)

    def attempt(number: int) -> str:
        try:
            return str(act(accounts, "refuse" if number % 2 else "approve", made, Actor(new_id(), OPERATOR.roles))["state"])
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(attempt, range(6)))
    [done] = [each for each in outcomes if each != "action_not_allowed"]
    assert verified(accounts, li) == (done == "approved")
    assert len(told(accounts.database)) == 1


def test_refused_or_withdrawn_one_may_submit_again_and_nothing_is_forgotten(accounts: Accounts, li: Actor) -> None:
    refused = submit(accounts, li)
    act(accounts, "refuse", refused)
    own = accounts.call("get_own_verification", {}, li)
    assert [each["name"] for each in own["actions"]] == ["submit"]
    assert (own["latest"]["state"], own["latest"]["history"][-1]["reason"]) == ("refused", "The licence cannot be read.")
    withdrawn = submit(accounts, li, PERSON)
    act(accounts, "approve", withdrawn, note="Seen in person.")
    act(accounts, "withdraw", withdrawn, reason="The papers were forged.")
    assert not verified(accounts, li)
    latest = submit(accounts, li)
    act(accounts, "approve", latest)
    assert verified(accounts, li)
    own = accounts.call("get_own_verification", {}, li)
    assert [own["latest"]["id"], *(each["id"] for each in own["earlier"])] == [latest["id"], withdrawn["id"], refused["id"]]
    steps = [(each["state"], each["by"], each["reason"]) for each in own["earlier"][0]["history"]]
    assert steps == [("submitted", "owner", None), ("approved", "operator", "Seen in person."), ("withdrawn", "operator", "The papers were forged.")]
    with accounts.database.transaction() as tx:
        written = tx.execute(select(mails).where(mails.c.purpose.is_(None))).all()
    said = sorted((mail.recipient, mail.subject, "The licence cannot be read." in mail.text) for mail in written)
    assert said == sorted(("Li@Example.com", MAILS[state][0], state == "refused") for state in ("refused", "approved", "withdrawn", "approved"))
    assert [each.type.split(".")[1] for each in told(accounts.database)] == [
        "verification_refused",
        "account_verified",
        "verification_withdrawn",
        "account_verified",
    ]
    assert all(earlier.version + 1 == later.version for earlier, later in pairwise(told(accounts.database)))


def test_while_one_is_looked_at_or_approved_there_is_no_other(accounts: Accounts, li: Actor) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: _code(lambda: submit(accounts, li)), range(4)))
    assert sorted(outcomes) == ["", *["verification_open"] * 3]
    act(accounts, "approve", accounts.call("get_own_verification", {}, li)["latest"])
    assert _code(lambda: submit(accounts, li)) == "verification_open"


def _code(work: Any) -> str:
    try:
        work()
    except TradeError as error:
        return error.code
    return ""


def changed(facts: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {name: value for name, value in (facts | others).items() if value is not None}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (changed(PERSON, date_of_birth="1991-01-02"), "numbers.0.value"),
        (changed(PERSON, date_of_birth=None), "date_of_birth"),
        (changed(PERSON, kind="company", date_of_birth=None, registered_on="2004-03-01"), "numbers.0.type"),
        (changed(PERSON, numbers=[{"type": "national_id", "country": "CN", "value": "360426199101010072"}]), "numbers.0.value"),
        (changed(COMPANY, numbers=[COMPANY["numbers"][0], {"type": "vat", "country": "DE", "value": "136695977"}]), "numbers.1.value"),
        (changed(COMPANY, numbers=[COMPANY["numbers"][0]] * 2), "numbers.1.type"),
        (changed(COMPANY, registered_on="2999-01-01"), "registered_on"),
        (changed(COMPANY, documents=[]), "documents"),
        (changed(COMPANY, documents=[new_id()]), "documents.0"),
        (changed(COMPANY, address=ADDRESS | {"country": "XX"}), "address.country"),
        (changed(COMPANY, passport="1"), "passport"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(accounts: Accounts, li: Actor, facts: dict[str, Any], field: str) -> None:
    papers = {"documents": [accounts.call("upload_document", upload(), li)["id"]]}
    with pytest.raises(Invalid) as caught:
        accounts.call("submit_verification", papers | facts, li)
    assert list(caught.value.errors) == [field]
    assert accounts.call("get_own_verification", {}, li)["latest"] is None


def test_somebody_elses_documents_prove_nothing(accounts: Accounts, li: Actor) -> None:
    other = actor_of(accounts.register(email="other@example.com"))
    foreign = accounts.call("upload_document", upload(PNG, "image/png"), other)
    with pytest.raises(Invalid) as caught:
        submit(accounts, li, documents=[foreign["id"]])
    assert list(caught.value.errors) == ["documents.0"]


def test_who_may_do_what(accounts: Accounts, li: Actor) -> None:
    made = submit(accounts, li)
    buyer = Actor(new_id(), frozenset({"buyer", "supplier", "carrier", "warehouse", "service"}))
    for hidden in (made["id"], new_id()):
        with pytest.raises(NotFound):
            accounts.call("get_verification", {"id": hidden}, buyer)
    for operation in ("approve", "refuse", "withdraw"):
        for actor in (buyer, li):
            with pytest.raises(Forbidden):
                act(accounts, operation, made, actor)
        with pytest.raises(Unauthenticated):
            accounts.call(f"{operation}_verification", {"id": made["id"], "reason": "x"} if operation != "approve" else {"id": made["id"]})
        with pytest.raises(NotFound):
            act(accounts, operation, {"id": new_id()})
    with pytest.raises(Forbidden):
        accounts.call("list_verifications", {}, li)
    with pytest.raises(Forbidden, match="own"):
        act(accounts, "approve", made, Actor(li.id, OPERATOR.roles))
    with pytest.raises(Invalid) as caught:
        accounts.call("refuse_verification", {"id": made["id"]}, OPERATOR)
    assert list(caught.value.errors) == ["reason"]
    with pytest.raises(PreconditionFailed):
        act(accounts, "approve", made, if_match=2)
    assert act(accounts, "approve", made, if_match=1)["state"] == "approved"


def test_no_number_is_in_an_event_or_a_log(accounts: Accounts, li: Actor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        made = submit(accounts, li)
        with pytest.raises(Invalid) as caught:
            submit(accounts, li, numbers=[{"type": "lei", "value": LEI[:-1] + "6"}])
        act(accounts, "refuse", made)
    with accounts.database.transaction() as tx:
        events = repr(tx.execute(select(records.outbox)).all())
    assert not [number for number in (USCC, LEI, LEI[:-1]) if number in events + caplog.text + str(caught.value.errors) + str(caught.value)]


def test_the_history_can_only_grow(accounts: Accounts, li: Actor) -> None:
    submit(accounts, li)
    for change in (update(verification_history).values(at=utc_now()), text("DELETE FROM verification_history")):
        with pytest.raises(DBAPIError, match="can only grow"), accounts.database.transaction() as tx:
            tx.execute(change)
