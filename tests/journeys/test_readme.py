"""What the README has newcomers paste into a terminal does what it says, to the last line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from tests.builders.system import System

ROOT = Path(__file__).parents[2]


def blocks(heading: str) -> list[str]:
    """The shell blocks of a section."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(which("curl") is None, reason="the section is about curl")
def test_the_section_on_the_api_leads_from_registration_to_a_completed_order(embedded: System) -> None:
    script = "\n".join(blocks("Use the API"))
    environment = embedded.environment | {"URL": embedded.url, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "completed"
