"""A client that is generated from the OpenAPI document, as the documentation says it is done, takes a whole trade from registration to its end."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from services.gateway.application.pages import document
from tests.builders.system import System
from tests.journeys.market import TRADE
from tradelane.demo import verification
from tradelane.demo.placeholders import Facts
from tradelane.demo.trade import Json

CONFIG = Path(__file__).parents[2] / "docs" / "openapi-python-client.yaml"
TOOLS = Path(sys.executable).parent
PASSWORD = "still water runs deep 7"

Api = Callable[[str], Any]
"""A module of the client's: `api.orders.get_order`, `models`."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document()))
    words = ["generate", "--path", "openapi.json", "--config", CONFIG, "--output-path", "tradelane_client", "--meta", "none", "--fail-on-warning"]
    environment = os.environ | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}  # it has what it writes formatted
    done = subprocess.run([TOOLS / "openapi-python-client", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.append(str(folder))
    return lambda name: import_module(f"tradelane_client.{name}")


def test_every_operation_has_a_function_and_every_model_a_name_of_its_own(api: Api) -> None:
    operations = [(item["tags"][0].replace("-", "_"), item["operationId"]) for path in document()["paths"].values() for item in path.values()]
    for tag, name in operations:
        assert callable(api(f"api.{tag}.{name}").sync_detailed)
    numbered = [name for name in api("models").__all__ if name[-1].isdigit()]
    assert numbered == ["AffordanceFormType0", "HistoryEntryFormType0"], "free objects; a list of codes that may be null wants a name in the gateway's schemas"


class Party:
    """An account that the generated client has registered."""

    def __init__(self, api: Api, url: str, role: str, opened: ExitStack) -> None:
        self.api, self.url, self.opened, models = api, url, opened, api("models")
        email = f"{role}.{secrets.token_hex(5)}@{role}.example"
        facts = getattr(TRADE, role) | {"role": role, "email": email, "password": PASSWORD}
        self.nobody = opened.enter_context(api("client").Client(url))
        self.account = self.done(api("api.accounts.register").sync(client=self.nobody, body=models.Register.from_dict(facts)), models.Account)
        self.signed_in = models.SignIn(email=email, password=PASSWORD)
        self.sign_in()

    def sign_in(self) -> None:
        tokens = self.done(self.api("api.sessions.sign_in").sync(client=self.nobody, body=self.signed_in), self.api("models").Tokens)
        self.client = self.opened.enter_context(self.api("client").AuthenticatedClient(self.url, tokens.access_token))

    def ask(self, operation: str, *path: Any, **given: Any) -> Any:
        """The answer, which is none of a problem."""
        answer = self.api(f"api.{operation}").sync(*path, client=self.client, **given)
        assert not isinstance(answer, self.api("models").Problem), answer.to_dict()
        return answer

    def done(self, answer: Any, model: type) -> Any:
        assert isinstance(answer, model), answer
        return answer


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as connections:
        yield connections


@pytest.mark.timeout(300)
def test_it_takes_a_trade_from_registration_to_its_end(api: Api, system: System, opened: ExitStack) -> None:
    models, types = api("models"), api("types")
    buyer, supplier = Party(api, system.url, "buyer", opened), Party(api, system.url, "supplier", opened)

    paper = types.File(payload=BytesIO(verification._paper("Business licence")))
    uploaded = supplier.ask("documents.upload_document", body=paper, name="Business licence")
    submitted = supplier.ask("me.submit_verification", body=models.SubmitVerification.from_dict(verification_of(TRADE.supplier, str(uploaded.id))))
    session = opened.enter_context(system.operator().session)
    operator = opened.enter_context(api("client").AuthenticatedClient(system.url, str(session.headers["Authorization"]).removeprefix("Bearer ")))
    approved = api("api.verifications.approve_verification").sync(submitted.id, client=operator, body=models.ApproveVerification(note="As in the licence."))
    assert approved.state == "approved"
    supplier.sign_in()

    facts = [models.AddProduct.from_dict(product | {"stock": 1000}) for product in TRADE.products]
    products = {each.sku: str(each.id) for each in (supplier.ask("products.add_product", body=product) for product in facts)}
    terms = TRADE.terms | {"preset": "parcel", "settlement": "direct", "incoterm": "CFR"}
    lines = [{"product_id": products[line["sku"]], "quantity": line["quantity"]} for line in TRADE.enquiry["lines"]]
    order = buyer.ask(
        "orders.place_order", body=models.PlaceOrder.from_dict({"lines": lines, "terms": terms}), prefer="wait=30", idempotency_key=secrets.token_hex(8)
    )
    assert (order.state, order.awaiting) == ("awaiting_payment", [])

    parties, forms = {"buyer": buyer, "supplier": supplier}, {name: getattr(models, form) for name, form in MODELS.items()}
    steps = []
    while order.state != "completed":
        step = next(each for each in order.steps if each.status == models.StepStatusStatus.CURRENT)
        party = parties[step.actor]
        order = party.ask("orders.get_order", order.id)
        action = next(each for each in order.actions if each.step == step.name and each.name not in ("exception", "cancel"))
        filled = Facts(date.fromisoformat(order.updated_at.date().isoformat()), products, order.to_dict(), PASSWORD).fill(
            TRADE.steps[step.name].get("form", {})
        )
        order = party.ask("orders.act_on_order", order.id, action.name, body=forms.get(step.name, models.NoteForm).from_dict(filled), prefer="wait=30")
        steps.append(step.name)
    assert steps == ["payment", "payment_confirmation", "shipping", "transport", "receiving"]
    assert [entry.to_state for entry in order.history][-1] == "completed"


MODELS = {
    "payment": "PaymentForm",
    "payment_confirmation": "PaymentConfirmationForm",
    "shipping": "ShippingForm",
    "receiving": "ReceiptForm",
}
"""A step's form → its model."""


def verification_of(person: Json, paper: str) -> Json:
    """What the supplier of the trade's file submits with the paper."""
    number, company = verification.number_of(person["country"]), person["company"]
    return {
        "kind": "company",
        "legal_name": company,
        "registered_on": "2004-03-01",
        "address": {"street": "As in the licence", "city": "As in the licence", "country": person["country"]},
        "numbers": [{"type": number.type, "value": number.example} | ({"country": number.country} if number.country else {})],
        "documents": [paper],
    }
