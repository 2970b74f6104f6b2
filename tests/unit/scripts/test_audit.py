"""What `make audit` makes of what the advisory services say, and of their silence."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(**vulnerabilities: list[dict[str, Any]] | None) -> dict[str, Any]:
    """As pip-audit writes it: a library without a list was not looked up."""
    found = [{"name": name, "version": "1.0"} | ({"skip_reason": "not found"} if each is None else {"vulns": each}) for name, each in vulnerabilities.items()]
    return {"dependencies": found}


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (report(a=[], b=[]), 0, "2 libraries looked up at osv: no known vulnerability"),
        (report(a=[], b=[{"id": "CVE-1", "fix_versions": ["1.1"]}]), 1, "b 1.0: CVE-1, mended in 1.1"),
        (report(a=[{"id": "CVE-2", "fix_versions": []}]), 1, "a 1.0: CVE-2, mended in nowhere yet"),
        (report(a=[], b=None), 1, "osv does not know b"),
    ],
)
def test_a_known_vulnerability_fails_and_so_does_half_an_answer(
    audit: ModuleType, capsys: pytest.CaptureFixture[str], said: dict[str, Any], status: int, words: str
) -> None:
    assert audit.verdict(said, "osv") == status
    assert words in capsys.readouterr().out


def test_where_nobody_answers_it_says_so_and_passes(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9") | {"NO_PROXY": "", "no_proxy": ""}
    done = subprocess.run([sys.executable, SCRIPT, lock], env=os.environ | nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "NOT AUDITED"), done.stdout + done.stderr


def test_a_lock_that_cannot_be_read_fails(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("idna\n")
    done = subprocess.run([sys.executable, SCRIPT, lock], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "idna" in done.stdout
