"""What people see of a trade: progress as it goes, and at the end its timeline and its drawn route. Plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from tradelane.demo.trade import Json, Trade
from tradelane.demo.walk import FINAL_STATES

_COLOURS = {"buyer": "cyan", "supplier": "magenta", "operator": "yellow"}
_MARKS = {"done": "✔", "current": "▶", "to_come": "○"}


def make_console() -> Console:
    """Standard output; 120 columns where it is no terminal, so that nothing is broken up for want of a width."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


class Progress:
    """A walk's listener: one line for each thing done, with the seconds it took, and what is under way below them."""

    def __init__(self, console: Console, status: Status) -> None:
        self.console = console
        self.status = status

    def begins(self, who: str, what: str) -> None:
        self.status.update(f"{who}: {what} …")

    def done(self, who: str, what: str, outcome: str, seconds: float) -> None:
        line = Table.grid(padding=(0, 2))
        line.add_column(width=8, justify="right", style="dim")
        line.add_column(width=8, style=_COLOURS[who])
        line.add_column(width=38)
        line.add_column(ratio=1, style="dim")
        line.add_row(f"{seconds:.2f} s", who, Text(what), Text(outcome))
        self.console.print(line)


def introduction(trade: Trade) -> Panel:
    """Who trades what with whom, on which terms."""
    terms = trade.terms
    facts = Table.grid(padding=(0, 2))
    for name, value in (
        ("Buyer", _party(trade.buyer)),
        ("Supplier", _party(trade.supplier)),
        ("Terms", f"{terms['incoterm']} {terms['named_place']}, {terms['channel'].replace('_', ' ')}"),
        ("", trade.story),
    ):
        facts.add_row(Text(name, style="dim"), Text(value))
    return Panel(facts, title=Text(trade.title, style="bold"), title_align="left", border_style="blue")


def timeline(order: Json) -> Table:
    """The order's history as a table."""
    table = Table(title=f"Order {order['number']}: its history", title_justify="left", title_style="bold")
    for name in ("", "UTC", "who", "action", "from → to", "why"):
        table.add_column(name, overflow="fold")
    for entry in order["history"]:
        why = ": ".join(each for each in (entry["reason"], entry["note"]) if each)
        states = " → ".join(dict.fromkeys(filter(None, (entry["from_state"], entry["to_state"]))))
        role = Text(entry["actor_role"], style=_COLOURS.get(entry["actor_role"], "dim"))
        table.add_row(str(entry["version"]), entry["at"][11:23].rstrip("Z"), role, entry["label"], states, Text(why, style="dim"))
    return table


def route(order: Json) -> Iterator[str]:
    """The order's steps from top to bottom, and the exceptions it met at each."""
    labels = [step["label"] for step in order["steps"]]
    width = max(map(len, labels), default=0)
    yield f" ●  Order {order['number']}"
    yield " │"
    for step in order["steps"]:
        yield f" {_MARKS[step['status']]}  {step['label']:<{width}}   {step['actor']}"
        yield from _exceptions(order["history"], f"{step['name']}_exception")
        yield " │"
    mark = "◉" if order["state"] == "completed" else "✖" if order["state"] in FINAL_STATES else "…"
    yield f" {mark}  {order['label']}"


def _exceptions(history: Sequence[Mapping[str, Any]], state: str) -> Iterator[str]:
    for entry in history:
        if entry["to_state"] == state != entry["from_state"]:
            yield f" ├──⚠ {entry['reason'].replace('_', ' ')}: {entry['note']}"
        elif entry["from_state"] == state != entry["to_state"]:
            yield f" │  ╰─{'✖' if entry['to_state'] in FINAL_STATES else '✔'} {entry['label'].lower()}: {entry['note'] or ''}".rstrip(": ")


def print_route(console: Console, order: Json) -> None:
    """The route, its marks in colour."""
    console.print("\n[bold]Its route[/bold]")
    for line in route(order):
        text = Text(line)
        text.highlight_regex("[✔◉]", "green")
        text.highlight_regex("⚠", "yellow")
        text.highlight_regex("✖", "red")
        text.highlight_regex("[│├─╰]", "dim")
        console.print(text, no_wrap=True, overflow="ellipsis")


def problem(request: str, document: Mapping[str, Any]) -> Panel:
    """A refusal, readably: the problem document (RFC 9457) with its fields' errors."""
    lines = Text(f"{request}\n{document.get('detail', '')}\n")
    for field, sentences in document.get("errors", {}).items():
        lines.append(f"  {field}: ", style="bold").append(f"{' '.join(sentences)}\n")
    for name in ("code", "allowed", "correlation_id"):
        if name in document:
            lines.append(f"{name}: {document[name]}\n", style="dim")
    return Panel(lines, title=f"Refused: {document.get('status', '')} {document.get('title', '')}", title_align="left", border_style="red")


def _party(party: Json) -> str:
    return ", ".join(filter(None, (party["name"], party.get("company"), party["country"])))
