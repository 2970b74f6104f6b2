"""What a caller is told when a service fails."""

from __future__ import annotations

import json

import requests

from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children
from tests.servers.processes import free_port

ADDRESS = "database.internal:5432"


def test_stock_tells_its_callers_the_exception_with_its_text_and_its_place_in_the_code(bus: Bus, children: Children) -> None:
    children.stock("Stock")
    answer = bus.answer(bus.ask_stock("fail"))
    assert answer
    assert ADDRESS in answer["error"]["value"]
    assert answer["error"]["exc_path"] == "builtins.ConnectionError"


def test_stock_tells_its_http_clients_the_exception_with_its_text(children: Children) -> None:
    children.stock("Web", WEB_SERVER_ADDRESS=f"127.0.0.1:{(port := free_port())}")
    answer = requests.get(f"http://127.0.0.1:{port}/fail", timeout=30)
    assert (answer.status_code, answer.text) == (500, f"Error: ConnectionError: could not connect to {ADDRESS}\n")


def test_ours_tells_its_callers_a_code_and_nothing_from_within(bus: Bus, children: Children) -> None:
    children.ours()
    answer = bus.answer(bus.ask("fail"))
    assert answer
    assert answer["error"]["code"] == "internal_error"
    assert ADDRESS not in json.dumps(answer)
    assert "ConnectionError" not in json.dumps(answer)
