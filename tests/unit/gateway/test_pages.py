"""What the gateway answers by itself."""

from __future__ import annotations

import re

from services.gateway.application.catalogue import PROBLEMS
from shared.kit.errors import Unavailable
from tests.unit.gateway.fakes import Gateway


def test_it_lives_whatever_the_others_do(gateway: Gateway) -> None:
    gateway.services.down = {"orders": Unavailable("service_unavailable", "away")}
    assert gateway.ask("GET", "/healthz", token=None).json == {"status": "ok"}


def test_it_is_ready_once_all_services_answer(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/readyz", token=None)
    assert answer.status_code == 200
    assert answer.json["services"] == dict.fromkeys(("accounts", "catalog", "logistics", "orders", "payments"), "ok")


def test_while_a_service_does_not_answer_it_tells_which(gateway: Gateway) -> None:
    gateway.services.down = {"orders": Unavailable("service_timeout", "slow"), "catalog": Unavailable("database_unavailable", "down")}
    answer = gateway.ask("GET", "/readyz", token=None)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "not_ready", "1")
    assert answer.json["services"] == {
        "accounts": "ok",
        "catalog": "database_unavailable",
        "logistics": "ok",
        "orders": "service_timeout",
        "payments": "ok",
    }


def test_the_browsable_page_and_all_it_loads_come_from_here(gateway: Gateway) -> None:
    page = gateway.ask("GET", "/docs", token=None)
    assert page.content_type == "text/html; charset=utf-8"
    loaded = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert len(loaded) >= 4
    for path in loaded:
        assert path.startswith("/")
        assert gateway.ask("GET", path, token=None).status_code == 200


def test_the_browsable_page_runs_no_script_but_the_files_served_here(gateway: Gateway) -> None:
    page = gateway.ask("GET", "/docs", token=None)
    policy = dict(each.strip().split(" ", 1) for each in page.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page.text))
    assert not re.search(r"\son\w+=", page.text)


def test_only_the_pages_own_files_are_served(gateway: Gateway) -> None:
    for name in ("docs.html", "swagger-ui.js", "..%2f..%2fpages.py", "LICENSE", "%2fetc%2fpasswd"):
        assert gateway.ask("GET", f"/docs/{name}", token=None).status_code == 404


def test_scripts_are_called_scripts(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/docs/docs.js", token=None).content_type == "text/javascript; charset=utf-8"
    assert gateway.ask("GET", "/docs/swagger-ui.css", token=None).content_type == "text/css; charset=utf-8"


def test_what_a_problem_is_called_leads_to_what_it_means(gateway: Gateway) -> None:
    problem = gateway.ask("GET", "/v1/me", token=None).json
    answer = gateway.ask("GET", problem["type"], token=None)
    assert (answer.status_code, answer.content_type, answer.headers["Vary"]) == (200, "application/json", "Accept")
    assert (answer.json["code"], answer.json["title"], answer.json["statuses"]) == (problem["code"], problem["title"], [problem["status"]])
    assert gateway.ask("GET", "/problems/never_heard_of", token=None).status_code == 404


def test_a_browser_gets_it_as_a_page_that_runs_no_script(gateway: Gateway) -> None:
    for code in PROBLEMS:
        page = gateway.ask("GET", f"/problems/{code}", token=None, Accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text
        assert f"<code>{code}</code>" in page.text
        assert "`" not in page.text
