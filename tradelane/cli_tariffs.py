"""`tradelane tariffs` and its options. What a command does is in a module that is imported when it runs."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tradelane.cli_options import EXIT, Json

app = typer.Typer(no_args_is_help=True, help="What the logistics channels cost: tariffs in YAML or CSV (docs/tariffs.md).")

File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML or CSV, by its ending.")]

PROBLEMS = {"line": "{line}", "column": "{column}", "field": "{field}", "problem": "{problem}"}
DONE = {"channel": "{channel}", "from": "{valid_from}", "": "{outcome}"}


@app.command(epilog=EXIT)
def check(file: File, as_json: Json = False) -> None:
    """Tell all that is wrong with a file, by line and column; nothing is loaded."""
    from tradelane import tariffs

    _show(tariffs.check(file), as_json)


@app.command(epilog=EXIT)
def load(file: File, as_json: Json = False) -> None:
    """Load a file: all of it, or nothing where something is wrong. A tariff that is there already stays as it is."""
    from shared.platform.settings import settings
    from tradelane import tariffs

    _show(tariffs.load(file, settings()), as_json)


@app.command("list", epilog=EXIT)
def list_tariffs(as_json: Json = False) -> None:
    """Show all tariffs, past and to come, and which make today's prices."""
    from shared.platform.settings import settings
    from tradelane import tables, tariffs

    columns = {
        "channel": "{channel}",
        "from": "{valid_from}",
        "until": "{valid_until}",
        "revision": "{revision}",
        "today": "{in_force}",
        "zones": "{zones}",
        "breaks": "{breaks}",
        "loaded": "{loaded_at:.10} {loaded_by}",
        "id": "{id}",
    }
    raise typer.Exit(tables.show(tariffs.listed(settings()), columns, as_json, empty="there is no tariff"))


@app.command(epilog=EXIT)
def show(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL")],
    tariff_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="As `list` shows it; without it, the one in force.")] = None,
) -> None:
    """Print a channel's tariff as a file that can be changed and loaded."""
    from shared.platform.settings import settings
    from tradelane import tariffs

    typer.echo(tariffs.sheet(channel, tariff_id, settings()), nl=False)


def _show(rows: Sequence[Mapping[str, Any]], as_json: bool) -> NoReturn:
    from tradelane import tables

    raise typer.Exit(tables.show(rows, DONE if all(row["ok"] for row in rows) else PROBLEMS, as_json, empty=""))
