"""A double of the part of Stripe's API that the adapter uses, after its reference: form-encoded in, JSON out, objects, errors and idempotency as documented.

It forgets idempotency keys when told to, as Stripe does after a day.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

Json = dict[str, Any]


class Problem(Exception):
    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(error)
        self.status, self.error = status, {"type": "invalid_request_error", "message": "…", **error}


class _Handler(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Not to the terminal."""


class StripeDouble:
    """`asked` is every request: method, path, form, idempotency key. `troubles` are answered in place of the next requests: a status and an error."""

    def __init__(self) -> None:
        self.methods: dict[str, Json] = {}
        self.behaviours: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.charges: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self.asked: list[tuple[str, str, dict[str, str], str | None]] = []
        self.troubles: list[tuple[int, Json]] = []
        self.held: threading.Event | None = None
        self._answers: dict[str, tuple[Any, int, Json]] = {}
        self._numbers = itertools.count(1)
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True, request_handler=_Handler)
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def add_method(self, type: str, details: Json, **behaviour: Any) -> str:
        """As the client's form makes one. `behaviour`: the `decline_code` its payments meet, or the `status` they have."""
        id = f"pm_{next(self._numbers)}"
        self.methods[id] = {"id": id, "object": "payment_method", "type": type, "customer": None, type: details}
        self.behaviours[id] = behaviour
        return id

    def forget_keys(self) -> None:
        self._answers.clear()

    def posted(self, path: str) -> list[dict[str, str]]:
        """The forms that were posted there."""
        return [form for method, asked, form, _ in self.asked if (method, asked) == ("POST", path)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        form = request.form.to_dict()
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        self.asked.append((request.method, request.path, form, key))
        if self.held:
            self.held.wait(60)
        if self.troubles:
            status, error = self.troubles.pop(0)
            return _json(status, {"error": error})
        same = (request.path, form)
        if key in self._answers:
            asked, status, answer = self._answers[key]
            if asked != same:
                return _json(
                    400, {"error": {"type": "idempotency_error", "message": "Keys for idempotent requests can only be used with the same parameters."}}
                )
            return _json(status, answer)
        try:
            status, answer = 200, self._route(request.method, request.path, form or request.args.to_dict())
        except Problem as problem:
            status, answer = problem.status, {"error": problem.error}
        if key:
            self._answers[key] = (same, status, answer)
        return _json(status, answer)

    def _route(self, method: str, path: str, form: dict[str, str]) -> Json:
        routes: dict[str, Callable[..., Json]] = {
            r"GET /v1/payment_methods/(\w+)": self._get_method,
            r"POST /v1/customers": self._create_customer,
            r"GET /v1/payment_intents": self._list_intents,
            r"POST /v1/payment_intents": self._create_intent,
            r"GET /v1/payment_intents/(\w+)": lambda form, id: self._intent(id),
            r"POST /v1/payment_intents/(\w+)/capture": self._capture,
            r"POST /v1/payment_intents/(\w+)/cancel": self._cancel,
            r"GET /v1/refunds": self._list_refunds,
            r"POST /v1/refunds": self._create_refund,
            r"GET /v1/refunds/(\w+)": lambda form, id: self._found(self.refunds, id),
        }
        for pattern, act in routes.items():
            if found := re.fullmatch(pattern, f"{method} {path}"):
                return act(form, *found.groups())
        raise Problem(404, message=f"Unrecognized request URL ({method}: {path}).")

    def _found(self, things: dict[str, Json], id: str) -> Json:
        if id not in things:
            raise Problem(404, code="resource_missing", param="id")
        return things[id]

    def _intent(self, id: str) -> Json:
        """With its charge, which the adapter always asks to be expanded."""
        intent = self._found(self.intents, id)
        return intent | {"latest_charge": self.charges.get(intent["latest_charge"])}

    def _get_method(self, form: dict[str, str], id: str) -> Json:
        return self._found(self.methods, id)

    def _create_customer(self, form: dict[str, str]) -> Json:
        customer = {"id": f"cus_{next(self._numbers)}", "object": "customer"}
        self._found(self.methods, form["payment_method"])["customer"] = customer["id"]
        return customer

    def _create_intent(self, form: dict[str, str]) -> Json:
        behaviour, manual = self.behaviours[form["payment_method"]], form["capture_method"] == "manual"
        id, amount = f"pi_{next(self._numbers)}", int(form["amount"])
        intent = {
            "id": id,
            "object": "payment_intent",
            "amount": amount,
            "currency": form["currency"],
            "customer": form["customer"],
            "status": behaviour.get("status", "requires_capture" if manual else "processing"),
            "metadata": {"key": form["metadata[key]"]},
            "latest_charge": None,
            "last_payment_error": None,
            "cancellation_reason": None,
        }
        self.intents[id] = intent
        if decline := behaviour.get("decline"):
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = {"type": "card_error", "message": "Your card was declined.", **decline}
            raise Problem(402, type="card_error", payment_intent=intent, **decline)
        charge = {"id": f"ch_{next(self._numbers)}", "object": "charge", "amount": amount, "currency": form["currency"], "amount_refunded": 0}
        self.charges[charge["id"]], intent["latest_charge"] = charge, charge["id"]
        return self._intent(id)

    def _list_intents(self, form: dict[str, str]) -> Json:
        found = [self._intent(id) for id, intent in self.intents.items() if intent["customer"] == form["customer"]]
        return {"object": "list", "url": "/v1/payment_intents", "has_more": False, "data": found}

    def _capture(self, form: dict[str, str], id: str) -> Json:
        if self._found(self.intents, id)["status"] != "requires_capture":
            raise Problem(400, code="payment_intent_unexpected_state")
        self.intents[id]["status"] = "succeeded"
        return self._intent(id)

    def _cancel(self, form: dict[str, str], id: str) -> Json:
        if self._found(self.intents, id)["status"] not in ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action"):
            raise Problem(400, code="payment_intent_unexpected_state")
        self.intents[id]["status"] = "canceled"
        return self._intent(id)

    def _create_refund(self, form: dict[str, str]) -> Json:
        intent, amount = self._found(self.intents, form["payment_intent"]), int(form["amount"])
        charge = self.charges[intent["latest_charge"]]
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise Problem(400, param="amount", message="Refund amount is greater than unrefunded amount on charge.")
        charge["amount_refunded"] += amount
        id = f"re_{next(self._numbers)}"
        metadata = {"key": form["metadata[key]"]}
        self.refunds[id] = {
            "id": id,
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "status": "succeeded",
            "metadata": metadata,
        }
        return self.refunds[id]

    def _list_refunds(self, form: dict[str, str]) -> Json:
        found = [refund for refund in self.refunds.values() if refund["payment_intent"] == form["payment_intent"]]
        return {"object": "list", "url": "/v1/refunds", "has_more": False, "data": found}


def _json(status: int, body: Json) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
