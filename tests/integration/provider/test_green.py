"""A slow provider holds up who asks it, and nobody else in the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from services.payments.application.providers.sandbox import Sandbox
from tests.builders.provider import running_provider

ROOT = Path(__file__).parents[3]


def test_while_one_greenlet_waits_for_a_provider_the_others_run(tmp_path: Path) -> None:
    with running_provider(tmp_path) as own:
        method = Sandbox(own.url, own.key, "").method(own.token()).reference
        own.mischief(slow_s=600)
        command = [sys.executable, "-W", "ignore", "-m", "tests.integration.provider.green", own.url, own.key, method]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
        assert done.stdout.split() == ["authorized", "authorized"], done.stderr
