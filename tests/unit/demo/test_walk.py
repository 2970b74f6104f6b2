"""Where a walk must stop. The way that leads to the end is walked through running systems, in the journeys."""

from __future__ import annotations

from typing import Any

import pytest

from tradelane.demo import walk
from tradelane.demo.trade import Json
from tradelane.demo.trade_file import load

NOW = "2026-03-01T10:00:00Z"
NOTE = {"type": "object", "properties": {"note": {"type": "string"}}, "additionalProperties": False}
OFFER = {"type": "object", "properties": {}, "required": ["lines", "terms", "valid_until"]}
MESSAGE = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
PAYMENT = {"type": "object", "properties": {"method": {"enum": ["bank_transfer"]}, "paid_on": {"type": "string", "format": "date"}}, "required": ["method"]}


def action(name: str, form: Json | None, **more: Any) -> Json:
    return {"name": name, "label": name.capitalize(), "method": "POST", "href": f"/{name}", "form": form, **more}


ENQUIRY = {
    "id": "e",
    "number": "TE-1",
    "label": "Offered",
    "updated_at": NOW,
    "offers": [{"total": {"amount": "10.00", "currency": "USD"}}],
    "actions": [action("offer", OFFER), action("send_message", MESSAGE), action("accept", NOTE)],
}
ORDER = {
    "id": "o",
    "number": "TO-1",
    "state": "awaiting_payment",
    "label": "Waiting payment",
    "updated_at": NOW,
    "awaiting": [],
    "total": {"amount": "10.00", "currency": "USD"},
    "lines": [],
    "history": [{"label": "Payment", "reason": None, "note": None}],
    "steps": [{"name": "payment", "label": "Payment", "status": "current", "actor": "buyer"}],
    "actions": [action("pay", PAYMENT, step="payment", draft_href="/draft"), action("cancel", NOTE, step="payment")],
}


class Answers:
    """Stands in for the client of both parties: answers by path, keeps what was sent."""

    def __init__(self, **order: Any) -> None:
        self.order = ORDER | order
        self.after_pay = self.order
        self.sent: list[tuple[str, str, Any]] = []

    def __call__(self, _url: str) -> Answers:
        return self

    def register(self, **_account: Any) -> Json:
        return {"id": "account"}

    def upload(self, name: str, _content: bytes, _media_type: str) -> Json:
        return {"id": "d", "name": name}

    def refresh(self) -> None: ...

    def get(self, path: str) -> Json:
        return ENQUIRY if path.startswith("/v1/enquiries") else self.order

    def put(self, path: str, body: Json) -> Json:
        return self.send("PUT", path, body)

    def post(self, path: str, body: Json) -> Json:
        return self.send("POST", path, body)

    def send(self, method: str, path: str, body: Json, **_options: Any) -> Json:
        self.sent.append((method, path, body))
        if "verification" in path:
            return {"id": "v", "label": "Verified", "legal_name": "Fazenda", "numbers": [], "documents": []}
        if path == "/v1/products":
            return {"sku": body["sku"], "id": "p", "available": 1, "title": "t", "updated_at": NOW}
        return {"/accept": self.order, "/pay": self.after_pay}.get(path, ENQUIRY)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()
    monkeypatch.setattr(walk, "Client", answers)
    return answers


def run() -> Json:
    client: Any = walk.Client("http://nowhere")
    return walk.Walk(load(), "http://nowhere", client).run()


def paths(answers: Answers) -> list[str]:
    return [path for _, path, _ in answers.sent]


def test_a_form_that_its_schema_refuses_is_not_sent(answers: Answers) -> None:
    schema = {"type": "object", "properties": {"method": {"enum": ["balance"]}, "paid_on": {"type": "string", "format": "time"}}, "required": ["card"]}
    answers.order = ORDER | {"actions": [action("pay", schema, step="payment", draft_href="/draft")]}
    with pytest.raises(walk.WalkError) as stopped:
        run()
    assert {"method:", "paid_on:", "form:"} <= {line.split()[0] for line in str(stopped.value).splitlines()[1:]}
    assert "'card' is a required property" in str(stopped.value)
    assert "/pay" not in paths(answers)


def test_an_action_that_is_not_offered_is_not_tried(answers: Answers) -> None:
    answers.order = ORDER | {"actions": [action("cancel", NOTE, step="payment")]}
    with pytest.raises(walk.WalkError, match=r"no action to do payment \(it offers: cancel\)"):
        run()
    assert paths(answers)[-1] == "/accept"


def test_a_step_that_the_file_has_nothing_for_stops_the_walk(answers: Answers) -> None:
    answers.order = ORDER | {"steps": [{"name": "fumigation", "label": "Fumigation", "status": "current", "actor": "supplier"}]}
    with pytest.raises(walk.WalkError, match=r"coffee-cif-sea\.yaml has nothing for: steps\.fumigation"):
        run()


def test_a_step_that_comes_back_is_told_with_its_reason(answers: Answers) -> None:
    answers.after_pay = ORDER | {"history": [{"label": "Returned", "reason": "insufficient_funds", "note": "Nothing there."}]}
    with pytest.raises(walk.WalkError, match="Payment came back: insufficient_funds: Nothing there"):
        run()


def test_services_that_never_answer_are_waited_for_only_so_long(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "PATIENCE", 0.1)
    answers.order = ORDER | {"state": "placing", "label": "Being placed", "awaiting": ["catalog.stock_reserved.v1"]}
    with pytest.raises(walk.WalkError, match=r"Being placed: no answer from catalog\.stock_reserved\.v1"):
        run()


def test_an_order_that_is_rejected_is_the_end_of_the_walk(answers: Answers) -> None:
    answers.order = ORDER | {"state": "rejected", "label": "Rejected"}
    assert run()["state"] == "rejected"
    assert paths(answers)[-1] == "/accept"


def test_half_of_a_form_is_saved_before_all_of_it_is_submitted(answers: Answers) -> None:
    answers.after_pay = ORDER | {"state": "completed", "label": "End"}
    run()
    (_, _, draft), (_, _, form) = answers.sent[-2:]
    assert paths(answers)[-2:] == ["/draft", "/pay"]
    assert len(draft) == 4
    assert draft.items() < form.items()
    assert (form["amount"], form["paid_on"]) == ("10.00", "2026-03-01")


def test_a_password_is_never_saved_in_a_draft(answers: Answers) -> None:
    schema = {"type": "object", "properties": {"method": {"format": "password"}}}
    answers.order = ORDER | {"actions": [action("pay", schema, step="payment", draft_href="/draft")]}
    answers.after_pay = ORDER | {"state": "completed", "label": "End"}
    run()
    assert "method" not in answers.sent[-2][2]
    assert "method" in answers.sent[-1][2]
