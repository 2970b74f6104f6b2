"""What a caller may do now, as links with forms: the services name actions and forms, here they get method, address and JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema

from services.gateway.application.route import POST, PUT
from services.gateway.application.routes import ENQUIRY, ORDER, PARCEL, TICKET, VERIFICATION
from services.gateway.application.schemas import json_schema
from shared.contracts.forms import FORMS
from shared.contracts.logistics_orders import LogisticsOrder, ReportUndeliverable, ScanParcel, TellDomesticWaybill, WeighParcel
from shared.contracts.operations import Operation
from shared.contracts.orders import Enquiry, MakeOffer, Order, SendMessage
from shared.contracts.tickets import Ticket, WriteOnTicket
from shared.contracts.verification import ApproveVerification, OwnVerification, RefuseVerification, SubmitVerification, Verification

ENQUIRY_ACTIONS = {"offer": "/actions/offer", "accept": "/actions/accept", "cancel": "/actions/cancel", "send_message": "/messages"}
"""An enquiry's actions → where they are done, below the enquiry. An order's are all done at `/actions/{action}`."""

PARCEL_ACTIONS = {
    "tell_domestic_waybill": (PUT, PARCEL + "/domestic-waybill"),
    "void": (POST, PARCEL + "/void"),
    "scan_in": (POST, "/v1/warehouse-scans"),
    "weigh": (POST, PARCEL + "/weighings"),
    "hand_over": (POST, PARCEL + "/hand-over"),
    "report_undeliverable": (POST, "/v1/undeliverable-reports"),
    "confirm_return": (POST, PARCEL + "/return"),
}
"""A logistics order's actions → how and where they are done."""

TICKET_ACTIONS = {"write": "/messages", "close": "/actions/close", "reopen": "/actions/reopen"}
"""A ticket's actions → where they are done, below the ticket."""

SHAPES: dict[str, Schema] = {
    **{name: form() for name, form in FORMS.items()},
    "offer": MakeOffer(exclude=("id", "if_match")),
    "message": SendMessage(exclude=("id", "if_match")),
    "domestic_waybill": TellDomesticWaybill(exclude=("id", "if_match")),
    "scan": ScanParcel(),
    "weighing": WeighParcel(exclude=("id", "if_match")),
    "undeliverable": ReportUndeliverable(),
    "verification": SubmitVerification(),
    "approval": ApproveVerification(exclude=("id", "if_match")),
    "ticket_message": WriteOnTicket(exclude=("id",)),
    "refusal": RefuseVerification(exclude=("id", "if_match")),
}
"""Every form's name → its shape. Those of enquiries and logistics orders are their operations' requests, less what path and headers say."""


def with_affordances(operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, with its actions as links where the operation answers an enquiry, an order or a logistics order."""
    if operation.answer is Order:
        own = ORDER.replace("{id}", answer["id"])
        return {**answer, "actions": [_link(own, "/actions/" + each["name"], each) for each in answer["actions"]]}
    if operation.answer is Enquiry:
        own = ENQUIRY.replace("{id}", answer["id"])
        return {**answer, "actions": [_link(own, ENQUIRY_ACTIONS[each["name"]], each) for each in answer["actions"]]}
    if operation.answer is LogisticsOrder:
        return {**answer, "actions": [_parcel_link(answer["id"], each) for each in answer["actions"]]}
    if operation.answer is Ticket:
        own = TICKET.replace("{id}", answer["id"])
        return {**answer, "actions": [_link(own, TICKET_ACTIONS[each["name"]], each) for each in answer["actions"]]}
    if operation.answer is Verification:
        return _with_decisions(answer)
    if operation.answer is OwnVerification:
        shown = {"latest": answer["latest"] and _with_decisions(answer["latest"]), "earlier": [_with_decisions(each) for each in answer["earlier"]]}
        return {**answer, **shown, "actions": [_link("/v1/me/verification", "", each) for each in answer["actions"]]}
    return answer


def _with_decisions(answer: dict[str, Any]) -> dict[str, Any]:
    own = VERIFICATION.replace("{id}", answer["id"])
    return {**answer, "actions": [_link(own, "/actions/" + each["name"], each) for each in answer["actions"]]}


def _parcel_link(id: str, action: Mapping[str, Any]) -> dict[str, Any]:
    method, path = PARCEL_ACTIONS[action["name"]]
    return {**_link("", path.replace("{id}", id), action), "method": method}


def _link(own: str, below: str, action: Mapping[str, Any]) -> dict[str, Any]:
    form = action["form"] and form_schema(action["form"])
    if reasons := action.get("reasons"):
        form = {**form, "properties": {**form["properties"], "reason": {"type": "string", "enum": reasons}}}
    link = {"name": action["name"], "label": action["label"], "method": POST, "href": own + below, "form": form, "step": action.get("step")}
    return {**link, "draft_href": f"{own}/drafts/{action['step']}"} if action.get("draft") else link


@cache
def form_schema(name: str) -> dict[str, Any]:
    """The form as a JSON Schema that stands alone, headed by its name for people."""
    return {"title": name.replace("_", " ").capitalize(), **json_schema(SHAPES[name])}
