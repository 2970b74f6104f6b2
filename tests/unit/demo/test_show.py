from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from rich.status import Status

from tradelane.demo import show
from tradelane.demo.trade_file import load


def entry(version: int, from_state: str | None, to_state: str, action: str, **more: Any) -> dict[str, Any]:
    at = f"2026-03-01T10:00:{version:02d}.250000Z"
    return {
        "version": version,
        "at": at,
        "actor_role": "supplier",
        "label": action,
        "from_state": from_state,
        "to_state": to_state,
        "reason": None,
        "note": None,
        **more,
    }


def step(name: str, label: str, status: str, actor: str) -> dict[str, Any]:
    return {"name": name, "label": label, "status": status, "actor": actor}


ORDER = {
    "number": "TO-7Q4M9-0ZK2W",
    "state": "completed",
    "label": "End",
    "steps": [step("payment", "Payment", "done", "buyer"), step("shipping", "Shipping", "done", "supplier"), step("receiving", "Receiving", "done", "buyer")],
    "history": [
        entry(1, None, "placing", "Place"),
        entry(2, "placing", "awaiting_payment", "Confirm", actor_role="system"),
        entry(3, "awaiting_payment", "awaiting_payment", "Payment", actor_role="buyer"),
        entry(4, "awaiting_payment", "ready_to_ship", "Payment recorded", actor_role="system"),
        entry(5, "ready_to_ship", "shipping_exception", "Exception", reason="no_capacity", note="The ship is full."),
        entry(6, "shipping_exception", "ready_to_ship", "Resolve", note="Next one."),
        entry(7, "ready_to_ship", "receiving", "Ship"),
        entry(8, "receiving", "completed", "Goods Received"),
    ],
}


def drawn(*renderables: Any) -> str:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    console.print(*renderables)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_route_shows_each_step_and_the_exceptions_met_at_it() -> None:
    assert list(show.route(ORDER)) == [
        " ●  Order TO-7Q4M9-0ZK2W",
        " │",
        " ✔  Payment     buyer",
        " │",
        " ✔  Shipping    supplier",
        " ├──⚠ no capacity: The ship is full.",
        " │  ╰─✔ resolve: Next one.",
        " │",
        " ✔  Receiving   buyer",
        " │",
        " ◉  End",
    ]


def test_a_route_that_was_left_says_where_and_ends_there() -> None:
    order = ORDER | {
        "state": "cancelled",
        "label": "Cancelled",
        "steps": [step("payment", "Payment", "done", "buyer")],
        "history": [
            entry(1, "buyer_paid", "payment_exception", "Exception", reason="other", note="Lost."),
            entry(2, "payment_exception", "cancelled", "Abort"),
        ],
    }
    assert list(show.route(order))[2:] == [" ✔  Payment   buyer", " ├──⚠ other: Lost.", " │  ╰─✖ abort", " │", " ✖  Cancelled"]


def test_an_order_under_way_shows_where_it_is_and_what_is_to_come() -> None:
    order = ORDER | {
        "state": "ready_to_ship",
        "label": "Ready to ship",
        "steps": [
            step("payment", "Payment", "done", "buyer"),
            step("shipping", "Shipping", "current", "supplier"),
            step("receiving", "Receiving", "to_come", "buyer"),
        ],
        "history": [],
    }
    assert [line[1] for line in show.route(order) if line != " │"] == ["●", "✔", "▶", "○", "…"]


def test_a_rejected_order_has_no_steps_to_draw() -> None:
    assert list(show.route(ORDER | {"state": "rejected", "label": "Rejected", "steps": [], "history": []}))[-1] == " ✖  Rejected"


def test_the_route_is_printed_whole_in_plain_lines_where_there_is_no_terminal() -> None:
    console = Console(file=io.StringIO(), width=120)
    show.print_route(console, ORDER)
    assert console.file.getvalue().splitlines()[2:] == list(show.route(ORDER))  # type: ignore[attr-defined]


def test_the_timeline_has_a_row_for_every_entry_of_the_history() -> None:
    table = show.timeline(ORDER)
    assert table.row_count == len(ORDER["history"])
    text = drawn(table)
    assert "10:00:05.250" in text
    assert "ready_to_ship → shipping_exception" in text
    assert "no_capacity: The ship is full." in text
    assert "awaiting_payment → awaiting_payment" not in text


def test_brackets_in_what_parties_write_are_shown_as_written() -> None:
    history = [entry(1, "ready_to_ship", "shipping_exception", "Exception", reason="other", note="Seal [bold]broken[/bold] [1/2]")]
    assert "Seal [bold]broken[/bold] [1/2]" in drawn(show.timeline(ORDER | {"history": history}))


def test_progress_is_a_line_for_each_thing_done() -> None:
    console = Console(file=io.StringIO(), width=120)
    progress = show.Progress(console, Status("", console=console))
    progress.begins("buyer", "Payment: Payment")
    progress.done("buyer", "Payment: Payment", "→ Buyer [paid]", 0.1234)
    assert console.file.getvalue().split() == ["0.12", "s", "buyer", "Payment:", "Payment", "→", "Buyer", "[paid]"]  # type: ignore[attr-defined]


def test_a_problem_names_its_fields_its_code_and_what_is_allowed() -> None:
    document = {
        "status": 409,
        "title": "Action not allowed",
        "detail": "“ship” is not possible now.",
        "code": "action_not_allowed",
        "allowed": ["pay", "cancel"],
        "errors": {"lines.0.quantity": ["The order's line has 3."]},
        "correlation_id": "0199",
    }
    text = drawn(show.problem("POST /v1/orders/7/actions/ship", document))
    for part in (
        "409 Action not allowed",
        "POST /v1/orders/7/actions/ship",
        "“ship” is not possible now.",
        "lines.0.quantity: The order's line has 3.",
        "pay",
        "0199",
    ):
        assert part in text


def test_the_introduction_names_parties_and_terms() -> None:
    text = drawn(show.introduction(load()))
    assert "Kaffeerösterei Elbspeicher GmbH" in text
    assert "CIF Hamburg" in text


@pytest.mark.parametrize("columns", ["60", "300"])
def test_where_there_is_no_terminal_lines_are_120_columns_wide(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert show.make_console().width == 120
