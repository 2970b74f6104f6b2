"""The commands for API keys of service accounts and for second factors that were lost, and their options."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer

from tradelane.cli_options import EXIT, Json

key_app = typer.Typer(no_args_is_help=True, help="API keys, for programs that act for a service account.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The account's e-mail address.")]

KEYS = {"id": "{id}", "name": "{name}", "scopes": "{scopes}", "created": "{created_at}", "expires": "{expires_at}", "last used": "{last_used_at}"}


@key_app.command("create")
def create_key(
    email: Email,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="e.g. orders:read or payments:write; may be given again. A write includes its read.")],
    expires_at: Annotated[str | None, typer.Option(help="e.g. 2027-01-01T00:00:00Z; for ever without it.")] = None,
) -> None:
    """Make a key for a service account and print it, its secret this once."""
    from shared.platform.settings import settings
    from tradelane import access

    typer.echo(json.dumps(access.create_key(settings(), email, name, scope, expires_at), indent=2))


@key_app.command("list", epilog=EXIT)
def list_keys(email: Email, as_json: Json = False) -> None:
    """Show an account's keys."""
    from shared.platform.settings import settings
    from tradelane import access, tables

    raise typer.Exit(tables.show(access.list_keys(settings(), email), KEYS, as_json, empty="the account has no API key"))


@key_app.command("revoke")
def revoke_key(key_id: Annotated[UUID, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """Revoke anybody's key: it is good for five seconds more at most."""
    from shared.platform.settings import settings
    from tradelane import access

    access.revoke_key(settings(), str(key_id))
    typer.echo("revoked")


def totp_off(email: Email) -> None:
    """Let an account sign in by its password alone, whose owner has lost app and recovery codes. Make sure that it is the owner who asks."""
    from shared.platform.settings import settings
    from tradelane import access

    typer.echo("signs in by password alone" if access.disable_totp(settings(), email) else "it had no second factor")
