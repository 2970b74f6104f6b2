"""`tradelane mails` and its options. What a command does is in a module that is imported when it runs."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from tradelane.cli_options import EXIT, Json, one_of

app = typer.Typer(no_args_is_help=True, help="Mails to the people who have accounts (docs/accounts.md).")

STATES = ("failed", "waiting", "sent")


@app.command("list", epilog=EXIT)
def list_mails(
    state: Annotated[list[str] | None, typer.Option(help="failed, waiting or sent; may be given again. Default: failed and waiting.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest.")] = 100,
    as_json: Json = False,
) -> None:
    """Show mails; 1 if one of them has failed."""
    from shared.platform.settings import settings
    from tradelane import mails, tables

    states = [one_of(STATES, each) for each in state or STATES[:2]]
    columns = {
        "id": "{id}",
        "to": "{recipient}\n{subject}",
        "state": "{state}",
        "attempts": "{attempts}",
        "written, sent or due": "{created_at}\n{sent_at}{next_at}",
        "because": "{reason:.200}",
    }
    raise typer.Exit(tables.show(mails.find(settings(), states, limit), columns, as_json, empty=f"no mail is {' or '.join(states)}"))


@app.command(epilog=EXIT)
def retry(
    ids: Annotated[list[UUID] | None, typer.Argument(metavar="ID", help="As `list` shows them.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that have failed.")] = False,
    as_json: Json = False,
) -> None:
    """Have mails that failed sent again: within seconds where accounts runs."""
    from shared.platform.settings import settings
    from tradelane import mails, tables

    if bool(ids) == all_:
        raise typer.BadParameter("Name mails by their ids, or take all that have failed with --all.")
    rows = mails.retry(settings(), None if all_ else [str(each) for each in ids or []])
    raise typer.Exit(tables.show(rows, {"mail": "{id}", "": "{outcome}"}, as_json, empty="no mail has failed"))
