from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.accounts.application.handlers import create_account
from shared.platform.settings import settings
from tradelane import cli
from tradelane.databases import database
from tradelane.demo.trade_file import shipped

run = CliRunner().invoke


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Databases as files in a folder of the test's own."""
    for name in ("BROKER", "DATABASE", "ACCOUNT_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_help_loads_neither_services_nor_their_libraries() -> None:
    code = "import sys, tradelane.cli; print(*sorted({'eventlet', 'nameko', 'kombu', 'sqlalchemy', 'marshmallow', 'services'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


@pytest.mark.parametrize("command", ["demo", "up", "run", "migrate", "health", "reconcile", "docs", "topology", "accounts", "keys", "tariffs", "provider"])
def test_every_command_tells_what_it_is_for(command: str) -> None:
    answer = run(cli.app, [command, "--help"])
    assert answer.exit_code == 0
    assert command in run(cli.app, ["--help"]).output


def test_the_shipped_trades_are_listed() -> None:
    assert run(cli.app, ["demo", "--list"]).output.split() == shipped()


@pytest.mark.parametrize("command", [["run", "warehouse"], ["health", "warehouse"], ["migrate", "orders", "warehouse"]])
def test_a_service_that_does_not_exist_is_refused(command: list[str]) -> None:
    answer = run(cli.app, command)
    assert answer.exit_code == 2
    assert "warehouse" in answer.output


def test_a_file_that_is_no_trade_ends_the_demo_before_anything_is_started(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("title: Nothing but a title", encoding="utf-8")
    answer = run(cli.app, ["demo", "--trade", str(path), "--out", str(tmp_path / "out")])
    assert answer.exit_code == 2
    assert "buyer: Missing data" in answer.output
    assert not (tmp_path / "out").exists()


def test_a_system_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    answer = run(cli.app, ["demo", "--url", "http://127.0.0.1:1", "--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert "No system answers at http://127.0.0.1:1." in answer.output


def create(*roles: str, email: str = "ops@platform.example", country: str = "CH", password: str = "correct horse battery\n") -> int:
    options = [option for role in roles for option in ("--role", role)]
    return run_main("accounts", "create", email, "--name", "Ops", "--country", country, *options, typed=password)


def run_main(*words: str, typed: str) -> int:
    """Through `main`, as from a shell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["tradelane", *words])
        patch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


@pytest.mark.usefixtures("embedded")
def test_an_operators_account_is_made_once_with_the_password_from_standard_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli.app, ["migrate", "accounts"]).exit_code == 0
    assert create("operator", "carrier") == 0
    assert '"roles": [\n    "carrier",\n    "operator"\n  ]' in capsys.readouterr().out
    assert create("operator", email="OPS@platform.example") == 1
    assert "email: Has an account already." in capsys.readouterr().err


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ({"email": "nobody"}, "email: Not a valid email address."),
        ({"country": "XX"}, "country: Not an ISO 3166-1"),
        ({"password": "short\n"}, "password: Length must be between 10 and 200."),
        ({"password": "password1234\n"}, "password: This is one of the commonest"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused_by_field(mistake: dict[str, str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(cli.app, ["migrate", "accounts"])
    assert create("operator", **mistake) == 1
    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("embedded")
def test_a_role_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run(cli.app, ["migrate", "accounts"])
    assert create("king") == 1
    assert "roles: Must be of" in capsys.readouterr().err


@pytest.mark.usefixtures("embedded")
def test_who_has_lost_their_second_factor_is_told_whether_there_was_one(capsys: pytest.CaptureFixture[str]) -> None:
    run(cli.app, ["migrate", "accounts"])
    create("operator")
    assert run_main("accounts", "totp-off", "ops@platform.example", typed="") == 0
    assert "no second factor" in capsys.readouterr().out
    with database("accounts", settings()) as work:
        work(lambda tx: create_account(tx, None, "a hash", "Li Na", "CN", ["buyer"], user_name="li.na"))
    assert run_main("accounts", "totp-off", "Li.Na", typed="") == 0
    for nobody in ("nobody@platform.example", "nobody"):
        assert run_main("accounts", "totp-off", nobody, typed="") == 1


@pytest.mark.usefixtures("embedded")
def test_signing_keys_are_made_listed_and_retired(capsys: pytest.CaptureFixture[str]) -> None:
    run(cli.app, ["migrate", "accounts"])

    def keys(*words: str, status: int = 0) -> str:
        assert run_main("keys", *words, typed="") == status
        return "".join(capsys.readouterr())

    assert "there is no key yet" in keys("list")
    assert "signs from" in keys("rotate")
    assert "will sign from" in keys("rotate", status=1)
    signs, comes = json.loads(keys("list", "--json"))
    assert (signs["state"], comes["state"]) == ("signs", "coming")
    assert f"retired; {comes['kid']} signs now" in keys("retire", "--", signs["kid"])
    assert "There is no signing key" in keys("retire", "--", signs["kid"], status=1)
    [left] = json.loads(keys("list", "--json"))
    assert (left["kid"], left["state"], left["needed_until"]) == (comes["kid"], "signs", None)


@pytest.mark.usefixtures("embedded")
def test_a_service_account_is_given_a_key_that_is_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    run(cli.app, ["migrate", "accounts"])
    create("service", email="robot@platform.example")
    create("operator", email="desk@platform.example")
    capsys.readouterr()

    def key(*words: str) -> str:
        assert run_main("accounts", "key", *words, typed="") == 0
        return capsys.readouterr().out

    made = json.loads(key("create", "Robot@platform.example", "--name", "Stock robot", "--scope", "catalog:write", "--scope", "orders:read"))
    assert (made["key"][:4], made["scopes"], made["expires_at"]) == ("tlk_", ["catalog:write", "orders:read"], None)
    [listed] = json.loads(key("list", "robot@platform.example", "--json"))
    assert listed["id"] == made["id"]
    assert made["key"] not in json.dumps(listed)
    assert "Stock robot" in key("list", "robot@platform.example")
    assert "revoked" in key("revoke", made["id"])
    assert "no API key" in key("list", "robot@platform.example")
    for words, told in (
        (("revoke", made["id"]), "There is no API key"),
        (("create", "robot@platform.example", "--name", "R", "--scope", "everything"), "scopes.0: Must be one of: accounts:read"),
        (("create", "desk@platform.example", "--name", "R", "--scope", "orders:read"), "is no service account"),
        (("list", "nobody@platform.example"), "There is no account with the e-mail address or user name nobody@platform.example"),
    ):
        assert run_main("accounts", "key", *words, typed="") == 1
        assert told in capsys.readouterr().err


def test_settings_that_contradict_each_other_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    settings.cache_clear()
    monkeypatch.setenv("BROKER", "amqp://nowhere")
    monkeypatch.setenv("DATABASE", "")
    assert run_main("migrate", typed="") == 1
    assert "BROKER and DATABASE go together" in capsys.readouterr().err
    settings.cache_clear()
