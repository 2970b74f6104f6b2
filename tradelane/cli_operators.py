"""The commands that look after a running system, and their options. What a command does is in a module that is imported when it runs."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Annotated, NoReturn

import typer

from tradelane.cli_options import EXIT, Json, Service, known, one_of, with_database

app = typer.Typer()
topology_app = typer.Typer(no_args_is_help=True, help="The broker's exchanges, queues and users.")
dead_letters_app = typer.Typer(no_args_is_help=True, help="Events that no attempt could get handled, in the services' inboxes and on the broker.")
outbox_app = typer.Typer(no_args_is_help=True, help="Events that the services have still to publish.")
app.add_typer(topology_app, name="topology")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(outbox_app, name="outbox")

Services = Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="All that have a database, if none is named.")]
Consumer = Annotated[str | None, typer.Option("--service", metavar="SERVICE", help="Only this one's; without it also what was `unrouted`.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID", help="As `list` shows them: an event's id stands for it in every place.")]
SomeIds = Annotated[list[str] | None, typer.Argument(metavar="ID", help="As `list` shows them: an event's id stands for it in every place.")]
All = Annotated[bool, typer.Option("--all", help="All that are dead.")]

OUTCOMES = {"service": "{service}", "place": "{place}", "event": "{id}", "outcome": "{outcome}"}


@app.command(epilog=EXIT)
def health(service: Service) -> None:
    """Whether a service answers, its database too, and how fast."""
    from shared.kit.errors import Unavailable
    from shared.platform.settings import settings
    from tradelane.ping import ping as ask

    try:
        milliseconds = ask(known(service), settings())
    except Unavailable as error:
        raise Unavailable(error.code, f"{service} does not answer: {error.message}") from error
    typer.echo(f"{service} answers in {milliseconds:.1f} ms")


@app.command(epilog=EXIT)
def ping(services: Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="All, if none is named.")] = None, as_json: Json = False) -> None:
    """Whether the services answer, their databases too, and how fast."""
    from shared.platform.settings import SERVICES, settings
    from tradelane import tables
    from tradelane.ping import ping_all

    rows = ping_all([known(service) for service in services or SERVICES], settings())
    raise typer.Exit(tables.show(rows, {"service": "{service}", "ms": "{milliseconds}", "answers": "{ok}", "": "{error}"}, as_json, empty=""))


@app.command(epilog=EXIT)
def reconcile(wait: Annotated[float, typer.Option(help="Seconds to wait for events that are under way.")] = 30.0, as_json: Json = False) -> None:
    """Add up stock, money, histories and messages, and compare them between services; fails on any difference."""
    from shared.platform.settings import settings
    from tradelane import reconcile as command, tables

    rows = command.lines(command.reconcile(settings(), wait))
    columns = {"": "{service}", "check": "{check}", "of": "{subject}", "figures": "{figures}", "difference": "{difference}"}
    raise typer.Exit(tables.show(rows, columns, as_json, empty=""))


@topology_app.command("apply", epilog=EXIT)
def apply_topology(as_json: Json = False) -> None:
    """Declare exchanges and queues, and with BROKER_MANAGEMENT the services' users."""
    from shared.platform.settings import settings
    from tradelane import tables, topology

    rows = [{"done": each, "ok": True} for each in topology.apply(settings())]
    raise typer.Exit(tables.show(rows, {"done": "{done}"}, as_json, empty=""))


@topology_app.command("check", epilog=EXIT)
def check_topology(as_json: Json = False) -> None:
    """Compare the broker with what is described; fails on any difference. Needs BROKER_MANAGEMENT."""
    from shared.platform.settings import settings
    from tradelane import tables, topology

    rows = [{"problem": each, "ok": False} for each in topology.check(settings())]
    raise typer.Exit(tables.show(rows, {"problem": "{problem}"}, as_json, empty="the broker stands as described"))


@topology_app.command("definitions")
def print_definitions() -> None:
    """Print it as RabbitMQ's definitions.json."""
    from shared.platform.topology import definitions

    typer.echo(json.dumps(definitions(), indent=2))


@dead_letters_app.command("list", epilog=EXIT)
def list_dead_letters(
    service: Consumer = None,
    state: Annotated[list[str] | None, typer.Option(help="dead, pending or dropped; may be given again. Default: dead.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many of each place.")] = 100,
    as_json: Json = False,
) -> None:
    """Show the dead events; 1 if there are any. With --state also those that wait for their turn or next attempt, or were dropped."""
    from shared.platform.settings import settings
    from tradelane import dead_letters, tables

    states = [one_of(("dead", "pending", "dropped"), each) for each in state or ["dead"]]
    rows = dead_letters.find(settings(), _consumer(service), states, limit)
    columns = {
        "place": "{service}\n{place}",
        "type and version, id, subject": "{type} {version}\n{id}\n{subject}",
        "state": "{state}",
        "attempts": "{attempts}",
        "waiting": "{waiting}",
        "since": "{since}",
        "error": "{error:.200}",
    }
    if limit in Counter((row["service"], row["place"]) for row in rows).values():
        typer.echo(f"Of some places only the oldest {limit} are shown; --limit takes more.", err=True)
    raise typer.Exit(tables.show(rows, columns, as_json, empty=f"no event is {' or '.join(states)}"))


@dead_letters_app.command("show", epilog=EXIT)
def show_dead_letters(ids: Ids, service: Consumer = None, as_json: Json = False) -> None:
    """Show all that is known of these events, in each place."""
    from shared.platform.settings import settings
    from tradelane import dead_letters, tables

    rows = dead_letters.whole(settings(), _consumer(service), ids)
    tables.show_whole(rows, as_json)
    if unknown := set(ids) - {row["id"] for row in rows}:
        _fail(f"unknown: {', '.join(sorted(unknown))}")


@dead_letters_app.command("replay", epilog=EXIT)
def replay_dead_letters(ids: SomeIds = None, service: Consumer = None, all_: All = False, as_json: Json = False) -> None:
    """Have dead events handled again now, dropped ones too if named; what waits behind them follows in order."""
    from shared.platform.settings import settings
    from tradelane import dead_letters, tables

    _named_or_all(ids, all_)
    chosen, refused = dead_letters.choose(settings(), _consumer(service), ids or [], dead_letters.REPLAYABLE)
    rows = dead_letters.replay(settings(), chosen) + refused
    raise typer.Exit(tables.show(rows, OUTCOMES, as_json, empty="no event is dead"))


@dead_letters_app.command("drop", epilog=EXIT)
def drop_dead_letters(
    ids: SomeIds = None,
    service: Consumer = None,
    all_: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Give dead events up, pending ones too if named; what waits behind them goes on without them.

    In an inbox a dropped event is kept and can be replayed; on the broker it is gone.
    """
    from shared.platform.settings import settings
    from tradelane import dead_letters, tables

    _named_or_all(ids, all_)
    chosen, refused = dead_letters.choose(settings(), _consumer(service), ids or [], dead_letters.DROPPABLE)
    if chosen and not yes:
        typer.confirm(f"Events that will take no effect: {len(chosen)}. Drop them?", abort=True, err=True)
    rows = dead_letters.drop(settings(), chosen) + refused
    raise typer.Exit(tables.show(rows, OUTCOMES, as_json, empty="no event is dead"))


@outbox_app.command("status", epilog=EXIT)
def show_outboxes(
    services: Services = None,
    patience: Annotated[float, typer.Option(help="Seconds that an event may wait before it is a problem.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Show what is unsent, for how long, and whose relay sends it until when unless it goes on; 1 if an event has waited for too long."""
    from shared.platform.settings import settings
    from tradelane import outbox, tables

    rows = outbox.status(settings(), with_database(services), patience)
    columns = {"service": "{service}", "unsent": "{unsent}", "oldest, s": "{oldest_seconds}", "relay": "{holder}", "until": "{held_until}"}
    raise typer.Exit(tables.show(rows, columns, as_json, empty=""))


@outbox_app.command("flush", epilog=EXIT)
def flush_outboxes(
    services: Services = None,
    force: Annotated[bool, typer.Option("--force", help="Where a relay is at work, wait until it ends or has sent all.")] = False,
    as_json: Json = False,
) -> None:
    """Publish all that is unsent now, from here; not where a service's relay is alive, which does so by itself."""
    from shared.platform.settings import settings
    from tradelane import outbox, tables

    rows = outbox.flush(settings(), with_database(services), force)
    raise typer.Exit(tables.show(rows, {"service": "{service}", "sent": "{sent}", "": "{error}"}, as_json, empty=""))


def _consumer(service: str | None) -> str | None:
    from tradelane.dead_letters import CONSUMERS

    return service and one_of(CONSUMERS, service)


def _named_or_all(ids: list[str] | None, all_: bool) -> None:
    if bool(ids) == all_:
        raise typer.BadParameter("Name events by their ids, or take all that are dead with --all.")


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
