"""A carrier's callbacks from outside: the page's own lines, signatures that are none, and what each reader of a number gets to see."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.logistics.domain.waybills import issue
from tests.builders.carrier import SECRET, CarrierServer, body, event, signatures
from tests.builders.system import System, embedded_system
from tests.journeys.market import Deal, Market, changed, eventually
from tests.journeys.parcels import Parcels
from tradelane.client import Client

PAGE = Path(__file__).parents[2] / "docs" / "tracking.md"
PARCEL = {"settlement": "direct", "customs": "carrier", "insurance": "none"}


@pytest.fixture(scope="module")
def ups() -> Iterator[CarrierServer]:
    with CarrierServer().serving() as running:
        yield running


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, ups: CarrierServer) -> Iterator[System]:
    carriers = {"CARRIER_PIGEON_SECRET": SECRET, "CARRIER_UPS_URL": ups.url, "CARRIER_UPS_KEY": "k3y"}
    with embedded_system(tmp_path_factory.mktemp("tracked"), **carriers) as running:
        yield running


@pytest.fixture(scope="module")
def market(system: System) -> Market:
    return Market(system, system.operator())


@pytest.fixture
def deal(market: Market) -> Deal:
    return market.place(**PARCEL).to("in_transit")


def waybill(deal: Deal) -> str:
    return str(deal.market.buyer.get(f"{deal.path}/shipment")["waybill_number"])


def call(market: Market, *events: dict[str, Any], secret: str = SECRET) -> requests.Response:
    text = body(*events)
    return requests.post(f"{market.url}/v1/carrier-callbacks/pigeon", data=text, headers=signatures(text, secret), timeout=30)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="the page's lines need curl and openssl")
def test_the_pages_own_lines_deliver_a_parcel_and_repeated_do_it_once(deal: Deal) -> None:
    (lines,) = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
    given = {"TRADELANE": deal.market.url, "CARRIER": "pigeon", "SECRET": SECRET, "WAYBILL": waybill(deal)}
    shell = ["bash", "-euo", "pipefail", "-c", lines]
    answers = [subprocess.run(shell, env=os.environ | given, capture_output=True, text=True, timeout=60, check=False) for _ in range(2)]
    assert [answer.returncode for answer in answers] == [0, 0], answers
    assert '"new":1' in answers[0].stdout.replace(" ", "")
    assert '"new":0' in answers[1].stdout.replace(" ", "")
    eventually(lambda: deal.seen()["state"], "receiving")
    assert deal.deadline("acceptance")
    assert [to_state for _, _, to_state in deal.told()].count("receiving") == 1


def test_a_delivery_starts_the_acceptance_deadline_and_everybody_sees_where_the_parcel_is(deal: Deal) -> None:
    answer = call(deal.market, event("delivered", waybill=waybill(deal), location="Door 12", country="NL"))
    assert (answer.status_code, answer.json()) == (200, {"received": 1, "new": 1, "unknown_waybills": []})
    eventually(lambda: deal.seen()["state"], "receiving")
    assert deal.deadline("acceptance")

    path = f"{deal.market.url}/v1/tracking/{waybill(deal)}"
    (public,) = requests.get(path, timeout=30).json()["parcels"]
    (full,) = deal.market.buyer.get(f"/v1/tracking/{waybill(deal)}")["parcels"]
    assert (public["status"], public["order_id"], public["events"][0].get("location")) == ("delivered", None, None)
    assert (full["status"], full["order_id"], full["events"][0]["location"]) == ("delivered", deal.id, "Door 12")
    assert requests.get(path, headers={"Authorization": "Bearer nonsense"}, timeout=30).status_code == 401


def test_a_callback_that_is_not_signed_as_it_should_be_moves_nothing(deal: Deal) -> None:
    sent = event("delivered", waybill=waybill(deal))
    refused = call(deal.market, sent, secret="somebody else's secret")
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_wrong")
    unsigned = requests.post(f"{deal.market.url}/v1/carrier-callbacks/pigeon", data=body(sent), timeout=30)
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "signature_missing")
    assert deal.market.buyer.get(f"{deal.path}/shipment")["tracking"] == []


def test_wrong_values_are_named_and_a_number_like_nothing_is_not_found(market: Market) -> None:
    wrong = call(market, event("arrived"), event(country="Holland"))
    assert (wrong.status_code, sorted(wrong.json()["errors"])) == (422, ["events.0.status", "events.1.country"])
    missing = requests.get(f"{market.url}/v1/tracking/pigeon-7", timeout=30)
    assert (missing.status_code, missing.json()["code"]) == (404, "number_unknown")
    known = Client(market.url).get("/v1/tracking/RR473124829GB")
    assert (known["parcels"], [(each["carrier"], each["valid"]) for each in known["recognised"]]) == ([], [("post", True)])


def test_a_carrier_that_does_not_call_is_asked_and_its_answer_delivers_the_parcel(market: Market, ups: CarrierServer) -> None:
    deal = Parcels(market.system, market.operator).parcel("express")  # not booked here: the number alone says whose it is
    number = issue("ups", "ups_express", 7, "CN")
    ups.text = body(event("delivered", waybill=number))
    deal.do("supplier", "ship", changed(deal.form("shipping"), {"shipping_notice.waybill_number": number}))
    eventually(lambda: ups.questions, [([number], "Bearer k3y")])
    eventually(lambda: deal.seen()["state"], "receiving")


def test_an_abnormality_is_shown_to_both_parties_with_whom_to_ask(deal: Deal) -> None:
    call(deal.market, event("on_hold", waybill=waybill(deal), reason="customs_documentation"))
    for who in ("buyer", "supplier"):
        (notice,) = deal.market.clients[who].get(f"{deal.path}/shipment")["notices"]
        assert (notice["kind"], notice["contact"]["supplier"]) == ("abnormal", deal.seen()["supplier"]["name"])
        assert notice["contact"]["supplier"] in notice["message"]
