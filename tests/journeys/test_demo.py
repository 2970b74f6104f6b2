"""`tradelane demo` as people run it: in a system of its own, or in one that is there; what it shows, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.builders.system import System
from tradelane.demo.trade_file import DEFAULT, SHIPPED, shipped


def environment(data: Path) -> dict[str, str]:
    """Embedded, whatever this process's own settings are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BROKER", "DATABASE"))}
    return kept | {"DATA": str(data), "PYTHONWARNINGS": "ignore"}


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tradelane", "demo", "--out", str(folder / "out"), *options]
    return subprocess.run(command, env=environment(folder / "data"), capture_output=True, text=True, timeout=110, check=False)


def test_with_nothing_installed_a_whole_trade_is_shown_from_start_to_end(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in (
        "CIF Hamburg",
        "Counter-offer",
        "Export customs: Save",
        "held_for_inspection",
        "export_customs_exception",
        " ✔  Receiving",
        " ◉  End",
    ):
        assert part in done.stdout
    assert "completed in" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("The system has stopped")
    assert {path.name for path in (tmp_path / "out" / DEFAULT).iterdir()} >= {"commercial_invoice.pdf", "packing_list.pdf"}

    again = demo(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    audit = subprocess.run(
        [sys.executable, "-m", "tradelane", "reconcile"], env=environment(tmp_path / "data") | {"COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
    assert audit.returncode == 0, audit.stdout
    assert "checked 2," in audit.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_it_stops_its_system_too(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tradelane", "demo", "--out", str(tmp_path), *(option for name in shipped() for option in ("--trade", name))]
    process = subprocess.Popen(command, env=environment(tmp_path / "data"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with process:
        assert process.stdout is not None
        url = next(line for line in process.stdout if line.startswith("The system is up")).split()[5]
        assert requests.get(f"{url}/healthz", timeout=30).ok
        next(line for line in process.stdout if "Enquiry" in line)
        process.send_signal(number)
        told = process.stdout.read()
    assert process.returncode not in (0, None)
    assert "Traceback" not in told
    assert "stopped" in (tmp_path / "system.log").read_text()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/healthz", timeout=30)


@pytest.fixture(scope="module")
def desk(system: System) -> dict[str, str]:
    """An operator's address, and their password as the demonstration reads it."""
    email, password = "demo.operator@platform.example", "correct horse battery"
    made = system.command("accounts", "create", email, "--role", "operator", "--name", "Ops", "--country", "CH", ACCOUNT_PASSWORD=password)
    assert made.returncode == 0, made.stderr
    return {"email": email, "OPERATOR_PASSWORD": password}


def run_demo(system: System, desk: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    password = desk["OPERATOR_PASSWORD"]
    return system.command("demo", "--url", system.url, "--operator", desk["email"], *options, OPERATOR_PASSWORD=password)


def test_in_a_system_that_is_there_with_an_operator_of_its_own(system: System, desk: dict[str, str], tmp_path: Path) -> None:
    options = ["--trade", "teaware-parcel", "--trade", DEFAULT, "--out", str(tmp_path)]
    without = system.command("demo", "--url", system.url, *options)
    assert without.returncode == 2
    assert "--operator" in without.stdout
    done = run_demo(system, desk, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 trades completed." in done.stdout


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('amount: "{amount}"', 'amount: "1.00"', ["Refused: 422", "amount: The order's total is 157840.00 USD."]),
        ("stock: 900", "stock: 9", ["rejected", "out_of_stock"]),
        ("reason: held_for_inspection", "reason: bad_weather", ["The form of “Exception” is not as asked for", "reason: 'bad_weather' is not one of"]),
        ("discharge: DEHAM\n        estimated", "discharge: NLRTM\n        estimated", ["Refused: 422", "port_of_discharge"]),
    ],
)
def test_a_trade_that_does_not_come_to_its_end_says_why_and_fails(
    system: System, desk: dict[str, str], tmp_path: Path, was: str, now: str, told: list[str]
) -> None:
    text = (SHIPPED / f"{DEFAULT}.yaml").read_text(encoding="utf-8")
    assert was in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(was, now), encoding="utf-8")
    done = run_demo(system, desk, "--trade", str(path), "--out", str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    for part in told:
        assert part in done.stdout
