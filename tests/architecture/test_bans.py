"""Nameko's stock entrypoints and clients, which lose, repeat or leak, are banned by a lint rule: nobody uses them, and the rule bites."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUFF = Path(sys.executable).parent / "ruff"


def ruff(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RUFF, "check", "--no-cache", "--select", "TID251", *arguments], cwd=ROOT, input=code, capture_output=True, text=True, timeout=60, check=False
    )


def test_nobody_uses_what_is_banned() -> None:
    done = ruff("services", "shared", "tradelane")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("from nameko.rpc import rpc", "shared.platform.rpc"),
        ("from nameko.rpc import ServiceRpc", "shared.platform.client"),
        ("import nameko.rpc", "shared.platform.rpc"),
        ("from nameko.events import event_handler", "shared.platform.consumer"),
        ("from nameko.events import EventDispatcher", "the transaction"),
        ("from nameko.messaging import Publisher", "the transaction"),
        ("from nameko.timer import timer", "shared.platform.timer"),
        ("from nameko.web.handlers import http", "the gateway's own server"),
        ("from nameko.standalone.rpc import ClusterRpcProxy", "shared.platform.client"),
        ("from nameko.standalone.events import event_dispatcher", "shared.platform.client"),
    ],
)
def test_a_stock_entrypoint_or_client_is_refused_with_what_to_use_instead(code: str, instead: str) -> None:
    done = ruff("--stdin-filename", "services/orders/service.py", "-", code=f"{code}\n")
    assert done.returncode == 1
    assert instead in done.stdout
