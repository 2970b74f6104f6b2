"""The commands for API keys of service accounts, for second factors that were lost and for signing keys, and their options."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer

from tradelane.cli_options import EXIT, Json

key_app = typer.Typer(no_args_is_help=True, help="API keys, for programs that act for a service account.")

signing_app = typer.Typer(no_args_is_help=True, help="The keys that access tokens are signed with.")

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The account's e-mail address or user name.")]

KEYS = {"id": "{id}", "name": "{name}", "scopes": "{scopes}", "created": "{created_at}", "expires": "{expires_at}", "last used": "{last_used_at}"}
SIGNING_KEYS = {"key": "{kid}", "algorithm": "{algorithm}", "": "{state}", "signs from": "{signs_from}", "needed until": "{needed_until}"}


@key_app.command("create")
def create_key(
    login: Login,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="e.g. orders:read or payments:write; may be given again. A write includes its read.")],
    expires_at: Annotated[str | None, typer.Option(help="e.g. 2027-01-01T00:00:00Z; for ever without it.")] = None,
) -> None:
    """Make a key for a service account and print it, its secret this once."""
    from shared.platform.settings import settings
    from tradelane import access

    typer.echo(json.dumps(access.create_key(settings(), login, name, scope, expires_at), indent=2))


@key_app.command("list", epilog=EXIT)
def list_keys(login: Login, as_json: Json = False) -> None:
    """Show an account's keys."""
    from shared.platform.settings import settings
    from tradelane import access, tables

    raise typer.Exit(tables.show(access.list_keys(settings(), login), KEYS, as_json, empty="the account has no API key"))


@key_app.command("revoke")
def revoke_key(key_id: Annotated[UUID, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """Revoke anybody's key: it is good for five seconds more at most."""
    from shared.platform.settings import settings
    from tradelane import access

    access.revoke_key(settings(), str(key_id))
    typer.echo("revoked")


def totp_off(login: Login) -> None:
    """Let an account sign in by its password alone, whose owner has lost app and recovery codes. Make sure that it is the owner who asks."""
    from shared.platform.settings import settings
    from tradelane import access

    typer.echo("signs in by password alone" if access.disable_totp(settings(), login) else "it had no second factor")


@signing_app.command("list", epilog=EXIT)
def list_signing_keys(as_json: Json = False) -> None:
    """Show the keys: the one that signs, the one that will, and those whose last tokens are not over yet."""
    from shared.platform.settings import settings
    from tradelane import access, tables

    raise typer.Exit(tables.show(access.list_signing_keys(settings()), SIGNING_KEYS, as_json, empty="there is no key yet: the first sign-in makes one"))


@signing_app.command("rotate")
def rotate_signing_key() -> None:
    """Make another key. It signs in ten minutes, when all gateways know it; nobody is signed out."""
    from shared.platform.settings import settings
    from tradelane import access

    key = access.rotate_signing_key(settings())
    typer.echo(f"{key.kid} signs from {key.signs_from:%Y-%m-%d %H:%M:%S}Z on")


@signing_app.command("retire")
def retire_signing_key(kid: Annotated[str, typer.Argument(metavar="KEY", help="As `list` shows it. If it begins with a hyphen: -- KEY")]) -> None:
    """For a key that others have got: it is good for a minute more at most, and who has a token of it must refresh. An old one goes by itself."""
    from shared.platform.settings import settings
    from tradelane import access

    typer.echo(f"retired; {access.retire_signing_key(settings(), kid).kid} signs now")
