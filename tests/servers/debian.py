"""Debian's (and Ubuntu's) packages of the servers, installed where nothing else gave them: said first, refusable, no service started."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ServerUnavailable
from tests.servers.processes import say

_POLICY = Path("/usr/sbin/policy-rc.d")


def install(package: str) -> None:
    """Installs the package with apt-get. ServerUnavailable, saying what to do, where that is refused, not possible, or fails."""
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    advice = f"install it (`sudo {' '.join(command)}`), start a Docker engine, or name running servers in TEST_BROKER and TEST_DATABASE"
    if not shutil.which("apt-get"):
        raise ServerUnavailable(f"neither Docker nor local binaries nor apt-get found; {advice}")
    if os.environ.get("TRADELANE_NO_APT"):
        raise ServerUnavailable(f"{package} is not installed, and TRADELANE_NO_APT forbids apt-get; {advice}")
    if os.geteuid() != 0:
        raise ServerUnavailable(f"{package} is not installed, and only root may; {advice}")
    say(f"installing Debian's package {package} with apt-get (TRADELANE_NO_APT=1 refuses); its system service is not started")
    with _alone(), _no_service_starts():
        for step in (["apt-get", "update", "-qq"], command):
            done = subprocess.run(
                step, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise ServerUnavailable(f"`{' '.join(step)}` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}\n{advice}")


@contextmanager
def _alone() -> Iterator[None]:
    """One installation at a time: both servers' keepers may come here at once."""
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian's own switch: while this script answers 101, packages start no service. One that is there already is left as it is."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink()
