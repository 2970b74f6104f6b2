"""The commands for exchange rates, and their options."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradelane.cli_options import EXIT, Json

app = typer.Typer(no_args_is_help=True, help="Exchange rates: a table that is only ever added to.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV with the header base,quote,rate,valid_from,valid_until.")]

PROBLEMS = {"line": "{line}", "column": "{column}", "": "{message}"}
RATES = {"pair": "{base}/{quote}", "rate": "{rate}", "from": "{valid_from}", "until": "{valid_until}", "id": "{id}"}


@app.command(epilog=EXIT)
def check(file: File, as_json: Json = False) -> None:
    """Say everything that is wrong with the file, by line and column; load nothing."""
    from shared.platform.settings import settings
    from tradelane import rates, tables

    raise typer.Exit(tables.show(rates.check(file, settings()), PROBLEMS, as_json, empty=f"{file} can be loaded"))


@app.command(epilog=EXIT)
def load(file: File, as_json: Json = False) -> None:
    """Add the file's rates to the table, all of them or none; those that are there already are left as they are."""
    from shared.platform.settings import settings
    from tradelane import rates, tables

    rows = rates.load(file, settings())
    columns = {"line": "{line}", **RATES, "outcome": "{outcome}"} if all(row["ok"] for row in rows) else PROBLEMS
    raise typer.Exit(tables.show(rows, columns, as_json, empty=""))


@app.command("list", epilog=EXIT)
def list_rates(
    whole: Annotated[bool, typer.Option("--all", help="The whole table, with what is over and what is to come.")] = False, as_json: Json = False
) -> None:
    """Show the rates that count now, one a pair."""
    from shared.platform.settings import settings
    from tradelane import rates, tables

    raise typer.Exit(tables.show(rates.every(settings(), whole), RATES, as_json, empty="there are no rates"))
