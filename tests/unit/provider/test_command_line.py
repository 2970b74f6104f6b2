"""How the sandbox is started: by hand, and beside a system."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shared.platform.settings import read
from tests.builders.provider import running_provider
from tradelane.provider.child import CALLBACK_PATH, command

KEYS = {"PROVIDER_KEY": "sk", "PROVIDER_PUBLIC_KEY": "pk", "PROVIDER_WEBHOOK_SECRET": "wh"}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"PROVIDER_KEY": ""}, "settings: PROVIDER_KEY is empty; the provider needs one."),
        ({"PROVIDER_PUBLIC_KEY": ""}, "settings: PROVIDER_PUBLIC_KEY is empty; the provider needs one."),
        ({"PROVIDER_WEBHOOK_SECRET": ""}, "settings: PROVIDER_WEBHOOK_SECRET is empty; the provider needs one."),
        ({"PROVIDER_MISCHIEF": "a bit"}, "settings: PROVIDER_MISCHIEF is not JSON."),
        (
            {"PROVIDER_MISCHIEF": '{"decline": 7}'},
            "Some fields are missing or wrong.\n  decline: Must be greater than or equal to 0 and less than or equal to 1.",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_told_in_a_sentence(tmp_path: Path, environment: dict[str, str], told: str) -> None:
    started = provider(tmp_path, environment)
    assert (started.returncode, started.stderr.strip()) == (1, told)


def test_a_second_one_on_the_same_file_is_refused(tmp_path: Path) -> None:
    with running_provider(tmp_path):
        second = provider(tmp_path, {})
    assert second.returncode == 1
    assert second.stderr.startswith(f"A provider runs on {tmp_path}/provider.sqlite3 already")


def provider(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-W", "ignore", "-m", "tradelane", "provider", "--port", "0", "--file", str(folder / "provider.sqlite3")]
    return subprocess.run(line, env=os.environ | KEYS | environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("host", "callback"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123"),
        ("0.0.0.0", "http://127.0.0.1:8123"),
        ("::", "http://[::1]:8123"),
        ("gateway.internal", "http://gateway.internal:8123"),
    ],
)
def test_beside_a_system_it_calls_back_at_the_gateway(host: str, callback: str) -> None:
    words = command(replace(read(), http_host=host, http_port=8123))
    assert words[words.index("--webhook-url") + 1] == callback + CALLBACK_PATH


def test_a_gateway_at_any_port_cannot_be_called_back() -> None:
    assert "--webhook-url" not in command(replace(read(), http_port=0))
