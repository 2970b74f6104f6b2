"""`tradelane demo`: trades from their files, walked through a system and shown."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from rich.console import Console
from rich.text import Text

from tradelane.client import Client, Refused
from tradelane.demo import show
from tradelane.demo.parcel import ParcelError
from tradelane.demo.system import System, SystemFailure, check, started
from tradelane.demo.trade import Json, Trade
from tradelane.demo.trade_file import TradeFileError, load
from tradelane.demo.walk import Walk, WalkError


def demo(names: Sequence[str], given: System | None, out: Path) -> int:
    """Run the trades, one after another, in the given system or in one of their own; documents and log go to the folder `out`.

    The exit status: 0 where every trade is completed, 1 where one is not, 2 where a file or the system is not fit for it.
    """
    console = show.make_console()
    try:
        trades = [load(name) for name in names]
        with _running(given, console, out) as system:
            operator = system.operator()
            completed = [_run(trade, system.url, operator, console, out) for trade in trades]
    except (TradeFileError, SystemFailure) as error:
        console.print(Text(str(error), style="red"))
        return 2
    except Refused as refused:
        console.print(show.problem(refused.request, refused.problem))
        return 1
    if len(trades) > 1:
        console.print(f"[bold]{sum(completed)} of {len(trades)} trades completed.[/bold]")
    return 0 if all(completed) else 1


@contextmanager
def _running(given: System | None, console: Console, out: Path) -> Iterator[System]:
    if given:
        check(given)
        yield given
        return
    log = out / "system.log"
    start = time.monotonic()
    with console.status("starting the system …") as status, started(log) as system:
        mails = f", its mails: {out / 'mail'}" if system.mails else ""
        console.print(f"The system is up at {system.url} after {time.monotonic() - start:.1f} s; its log: {log}{mails}\n", soft_wrap=True)
        status.stop()
        yield system
        start = time.monotonic()
        status.update("stopping the system …")
        status.start()
    console.print(f"The system has stopped, in {time.monotonic() - start:.1f} s.")


def _run(trade: Trade, url: str, operator: Client, console: Console, out: Path) -> bool:
    """Whether the trade was completed; all of it is shown."""
    console.print(show.introduction(trade))
    start = time.monotonic()
    try:
        with console.status("") as status:
            walk = Walk(trade, url, operator, show.Progress(console, status))
            order = walk.run()
            seconds = time.monotonic() - start
            completed = bool(order["state"] == "completed")
            documents = _fetch_documents(walk, order, out / Path(trade.source).stem) if completed else []
    except Refused as refused:
        console.print(show.problem(refused.request, refused.problem))
        return False
    except (WalkError, ParcelError, requests.RequestException) as error:
        console.print(Text(f"\n{error}\n", style="red"))
        return False
    console.print("", show.timeline(order))
    show.print_route(console, order)
    if documents:
        console.print(Text(f"\nDocuments in {documents[0].parent}: {', '.join(path.name for path in documents)}"), soft_wrap=True)
    console.print(f"\n[bold {'green' if completed else 'red'}]{order['number']}: {order['state']}[/] in {seconds:.1f} s\n")
    return completed


def _fetch_documents(walk: Walk, order: Json, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in walk.documents(order):
        paths.append(folder / f"{name}.pdf")
        paths[-1].write_bytes(content)
    return paths
