"""The HTTP contract holds against whatever is made of its own document: Schemathesis asks a running system as everybody, and as nobody.

With all roles at once every case of every field is tried; then each role by itself makes sure that what it may not do is refused as documented.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from services.gateway.application.routes import ROUTES
from shared.kit.actor import ROLES
from tests.builders.system import System, embedded_system

FOLDER = Path(__file__).parent / "fuzzing"

APART = {
    # what would break the system for others, or the account for what follows: in a system of its own
    "advance_clock": "deadlines of others' orders would strike",
    "add_exchange_rates": "others' amounts would be exchanged at them",
    "put_tariff": "others' quotes would change",
    "sign_in": "an address from which a hundred sign-ins fail is locked out",
    "change_password": "so is an account",
    "end_session": "the session that asks would be over",
    "end_all_sessions": "the session that asks would be over",
}
UNTRIED = {"list_events": "it goes on until the client leaves: tests/integration/events and the journeys listen to it"}


def fuzz(system: System, *, token: str | None, only: Collection[str] = (), but: Collection[str] = (), **options: str) -> None:
    """Fails with Schemathesis' own report, which has a curl command for each failure."""
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", FOLDER / "schemathesis.toml", "run", f"{system.url}/openapi.json", "--no-color"]
    command += ["--header", f"Authorization: Bearer {token}"] if token else []
    command += [word for name in only for word in ("--include-operation-id", name)] + [word for name in but for word in ("--exclude-operation-id", name)]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    environment = system.environment | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FOLDER)}
    done = subprocess.run(command, env=environment, cwd=FOLDER, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "Test cases:" in done.stdout, done.stdout


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with embedded_system(tmp_path_factory.mktemp("apart")) as running:
        yield running


def test_what_is_left_out_is_still_there() -> None:
    assert {*APART, *UNTRIED} <= {route.operation.name for route in ROUTES}


@pytest.mark.timeout(900)
def test_every_case_of_every_field_of_every_operation(system: System) -> None:
    fuzz(system, token=token(system, *ROLES), but=[*APART, *UNTRIED], phases="examples,coverage,fuzzing", max_examples="3")


@pytest.mark.timeout(900)
def test_what_would_be_in_the_way_of_others_in_a_system_of_its_own(apart: System) -> None:
    fuzz(apart, token=token(apart, *ROLES), only=APART, phases="examples,coverage,fuzzing", max_examples="3")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_answered_as_documented_wherever_it_asks(apart: System, role: str) -> None:
    fuzz(apart, token=token(apart, role), but=[*APART, *UNTRIED], phases="fuzzing", max_examples="1")


def test_nobody_is_answered_as_documented_wherever_they_ask(apart: System) -> None:
    fuzz(apart, token=None, but=UNTRIED, phases="fuzzing", max_examples="1")


def token(system: System, *roles: str) -> str:
    """Of a new account with these roles."""
    return str(system.session(*roles).session.headers["Authorization"]).removeprefix("Bearer ")
