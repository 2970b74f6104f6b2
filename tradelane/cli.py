"""The commands and their options, no more: what a command does is in a module that is imported when it runs, so that `--help` answers at once."""
# ruff: noqa: PLC0415 - imports inside the commands are the point of this module

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tradelane import cli_access, cli_mails, cli_operators, cli_rates, cli_tariffs
from tradelane.cli_options import Service, known, with_database

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Cross-border trade from enquiry to goods received: run the system, look after it, show it.",
)
accounts_app = typer.Typer(no_args_is_help=True, help="Accounts that nobody can register over HTTP.")
app.add_typer(cli_operators.app)
app.add_typer(accounts_app, name="accounts")
app.add_typer(cli_access.signing_app, name="keys")
accounts_app.add_typer(cli_access.key_app, name="key")
accounts_app.command("totp-off")(cli_access.totp_off)
app.add_typer(cli_tariffs.app, name="tariffs")
app.add_typer(cli_rates.app, name="rates")
app.add_typer(cli_mails.app, name="mails")


def main() -> None:
    """Run the command line. Errors that people can put right are told in a sentence, others with their traceback."""
    from shared.kit.errors import TradeError

    warnings.filterwarnings("ignore", r"\s*Eventlet is deprecated")  # Nameko stands on it; nothing for an operator to act on
    if sys.argv[1:2] in (["up"], ["run"]):
        import tradelane.up  # noqa: F401 - it makes the process green, which has to come before typer loads pydantic
    try:
        app()
    except TradeError as error:
        told = [f"  {field}: {' '.join(sentences)}" for field, sentences in error.errors.items()]
        _fail("\n".join([error.message, *told]))
    except ValueError as error:
        if not str(error).startswith("settings:"):
            raise
        _fail(str(error))


@app.command()
def demo(
    trade: Annotated[list[str] | None, typer.Option(help="A shipped trade's name, or a file; may be given again.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All the trades that are shipped.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Only name the trades that are shipped.")] = False,
    url: Annotated[str | None, typer.Option(help="A system that runs already; without it one is started and stopped.")] = None,
    operator: Annotated[str, typer.Option(help="With --url: an operator's e-mail address, to verify the supplier. Password in OPERATOR_PASSWORD.")] = "",
    out: Annotated[Path, typer.Option(help="Where the trades' documents and the system's log go.")] = Path("build/demo"),
) -> None:
    """Run whole trades over HTTP, as their buyers and suppliers, and show them."""
    from tradelane.demo.command import demo as run_demo
    from tradelane.demo.system import System
    from tradelane.demo.trade_file import DEFAULT, shipped

    if list_:
        typer.echo("\n".join(shipped()))
        return
    signal.signal(signal.SIGTERM, _stop)  # so that a system that was started is stopped, too
    given = System(url, operator, os.environ.get("OPERATOR_PASSWORD", "")) if url else None
    raise typer.Exit(run_demo(shipped() if all_ else trade or [DEFAULT], given, out))


@app.command()
def up() -> None:
    """Run the whole system until Ctrl-C: in this one process, or on BROKER and DATABASE with a process for each service."""
    from tradelane import up as services

    services.up()


@app.command()
def run(service: Service) -> None:
    """Run one service on real servers until SIGTERM."""
    name = known(service)
    from tradelane import up as services

    services.run([name])


@app.command()
def provider(
    port: Annotated[int, typer.Option(help="0: any free one.")] = 8100,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    file: Annotated[Path | None, typer.Option(help="Its memory; DATA/provider.sqlite3 without it.")] = None,
    webhook_url: Annotated[str, typer.Option(envvar="PROVIDER_WEBHOOK_URL", help="Where callbacks go; without it they wait.")] = "",
    mischief: Annotated[str | None, typer.Option(envvar="PROVIDER_MISCHIEF", help="JSON, as in PUT /v1/mischief; without it, as it was last.")] = None,
    socket: Annotated[int | None, typer.Option(hidden=True)] = None,
    while_stdin: Annotated[bool, typer.Option("--while-stdin", hidden=True)] = False,
) -> None:
    """Run the sandbox payment provider until SIGTERM. Its keys: PROVIDER_KEY, PROVIDER_PUBLIC_KEY, PROVIDER_WEBHOOK_SECRET."""
    from tradelane.provider import server

    server.run(file, host, port, webhook_url, mischief, socket, while_stdin=while_stdin)


@app.command()
def migrate(services: Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="All that have a database, if none is named.")] = None) -> None:
    """Bring databases to the newest schema; channels without a tariff get the one that is shipped."""
    from shared.platform.settings import settings
    from tradelane.databases import bring_up

    names = with_database(services)
    bring_up(names, settings())
    typer.echo(f"newest schema: {', '.join(names)}")


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail where a page is behind the code.")] = False,
    folder: Annotated[Path, typer.Option()] = Path("docs"),
) -> None:
    """Generate the pages that come from code."""
    from tradelane import docs as pages

    behind = pages.check(folder) if check else pages.write(folder)
    typer.echo(f"{'behind the code' if check else 'written'}: {', '.join(behind) or 'none'}")
    raise typer.Exit(int(check and bool(behind)))


@accounts_app.command("create")
def create_account(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(help="The person's name.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, e.g. DE.")],
    role: Annotated[list[str], typer.Option(help="buyer, supplier, operator, carrier, warehouse or service; may be given again.")],
    company: Annotated[str | None, typer.Option()] = None,
    verified: Annotated[bool, typer.Option("--verified", help="You know them to be who they say: no verification is asked for.")] = False,
) -> None:
    """Make an account in any role. The password is asked for, or read from ACCOUNT_PASSWORD or standard input."""
    from tradelane import accounts

    account = accounts.create(email, _password(), name, country, company, role, verified=verified)
    typer.echo(json.dumps(account, indent=2))


def _password() -> str:
    if given := os.environ.get("ACCOUNT_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _stop(*_: Any) -> NoReturn:
    raise SystemExit(143)


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(1)
