"""Looks the locked libraries up in public advisories, with pip-audit. Fails where one of them has a known vulnerability, or some are not known there.

usage: python scripts/audit.py [LOCK_FILE]

Where no advisory service answers (no network, a mirror that has none), it says so and ends with 0: that tells nothing about the libraries.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

SERVICES = ("pypi", "osv")  # in turn, until one answers
SECONDS = 120

Report = Mapping[str, Any]


def pip_audit(lock: str, *more: str) -> subprocess.CompletedProcess[str]:
    """One run of it; what takes too long ends as any failure."""
    command = [sys.executable, "-m", "pip_audit", "-r", lock, "--require-hashes", "--disable-pip", "--progress-spinner", "off", "-f", "json", *more]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def ask(lock: str, service: str) -> Report | None:
    """What the service knows of the libraries; None where it knows of none of them, which is how a mirror without advisories looks, or does not answer."""
    done = pip_audit(lock, "-s", service)
    try:
        report: Report = json.loads(done.stdout)
    except ValueError:
        return None
    return report if any("vulns" in each for each in report["dependencies"]) else None


def verdict(report: Report, service: str) -> int:
    """The exit status, and what it is for."""
    libraries = report["dependencies"]
    vulnerable = [(each, vulnerability) for each in libraries for vulnerability in each.get("vulns", ())]
    unknown = [each["name"] for each in libraries if "vulns" not in each]
    for library, vulnerability in vulnerable:
        mended = ", ".join(vulnerability["fix_versions"]) or "nowhere yet"
        print(f"{library['name']} {library['version']}: {vulnerability['id']}, mended in {mended}")
    if unknown:
        print(f"{service} does not know {', '.join(unknown)}: nobody would hear of their vulnerabilities.")
    if not vulnerable and not unknown:
        print(f"{len(libraries)} libraries looked up at {service}: no known vulnerability.")
    return int(bool(vulnerable or unknown))


def main(lock: str = "requirements.lock") -> int:
    """The exit status for a lock file."""
    read = pip_audit(lock, "--dry-run")
    if read.returncode:
        print(read.stderr.strip() or f"{lock} cannot be read.")
        return 1
    for service in SERVICES:
        if report := ask(lock, service):
            return verdict(report, service)
    print(
        f"NOT AUDITED: no advisory service answered from here ({', '.join(SERVICES)}), so that nothing is known about {lock}. Try again where there is a network."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
