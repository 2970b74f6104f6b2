"""What is generated from code stands as the code would write it today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tradelane(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tradelane", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_generated_pages_are_up_to_date() -> None:
    done = tradelane("docs", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_brokers_definitions_are_up_to_date() -> None:
    assert tradelane("topology", "definitions").stdout == (ROOT / "deploy" / "rabbitmq" / "definitions.json").read_text()
