"""What the commands' modules share: how a service is named, and what an exit status means. Imports what it needs when it is called, as they do."""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import typer

EXIT = "Exit status: 0 all is well, 1 a difference or a problem was found, 2 wrong usage."

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="accounts, catalog, orders, payments, logistics or gateway")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON: a list of objects, each with its `ok`.")]


def one_of(names: Collection[str], name: str) -> str:
    """The name; wrong usage where it is none of these."""
    if name not in names:
        raise typer.BadParameter(f"{name} is none of {', '.join(names)}.")
    return name


def known(service: str) -> str:
    """A service."""
    from shared.platform.settings import SERVICES

    return one_of(SERVICES, service)


def with_database(services: Collection[str] | None) -> list[str]:
    """These services, or all that have a database."""
    from shared.platform.topology import SUBSCRIPTIONS

    return [one_of(SUBSCRIPTIONS, service) for service in services or SUBSCRIPTIONS]
