"""The sandbox beside a system that `tradelane up` starts: a process of its own, started again when it ends, and stopped with the system.

Its port is open before it runs, so that nobody has to wait for it. It ends with its standard input, however the system ends.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import eventlet

from shared.platform import settings as platform
from shared.platform.settings import Settings

log = logging.getLogger("tradelane")

CALLBACK_PATH = "/v1/payment-callbacks/sandbox"
LOOK_PAUSE = 0.5
RESTART_PAUSE = 2.0
STOP_SECONDS = 10.0


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """Run one through the block where the settings ask for the sandbox and name none; from then on the environment, and so the settings, name it."""
    if settings.provider != "sandbox" or settings.provider_url:
        yield
        return
    settings.require_real_provider()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        os.environ["PROVIDER_URL"] = url
        for name, value in {
            "PROVIDER_KEY": settings.provider_key,
            "PROVIDER_PUBLIC_KEY": settings.provider_public_key,
            "PROVIDER_WEBHOOK_SECRET": settings.provider_webhook_secret,
        }.items():
            os.environ[name] = value or secrets.token_urlsafe(24)
        platform.settings.cache_clear()
        child = _Child([*command(settings), "--socket", str(listening.fileno())], listening.fileno())
        keeper = eventlet.spawn(child.keep)
        try:
            yield
        finally:
            keeper.kill()
            child.stop()


def command(settings: Settings) -> list[str]:
    """How it is started beside a system of these settings."""
    words = [sys.executable, "-m", "tradelane", "provider", "--while-stdin"]
    if not settings.http_port:  # the gateway takes any port: callbacks wait, and states are asked for
        return words
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.http_host, settings.http_host)  # noqa: S104 - compared with, not bound to
    return [*words, "--webhook-url", f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}{CALLBACK_PATH}"]


class _Child:
    def __init__(self, command: list[str], descriptor: int) -> None:
        self._command, self._descriptor = command, descriptor
        self._start()

    def _start(self) -> None:
        # A group of its own: Ctrl-C reaches the system alone, which stops it last.
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, pass_fds=(self._descriptor,), process_group=0)
        self._started = time.monotonic()

    def keep(self) -> None:
        while True:
            eventlet.sleep(LOOK_PAUSE)
            if self._process.poll() is not None and time.monotonic() - self._started > RESTART_PAUSE:
                log.error("provider ended with status %s, starting it again", self._process.returncode)
                self._close()
                self._start()

    def stop(self) -> None:
        self._close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.error("provider did not stop in time and is killed")
            self._process.kill()
            self._process.wait()

    def _close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
