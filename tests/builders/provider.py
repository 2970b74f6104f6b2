"""The sandbox payment provider as it really runs: `tradelane provider` as a child process, killed and started again at the same address."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from tests.servers.processes import free_port

START_SECONDS = 60

CARD = "4242424242424242"
WALLET = "ok@wallet.example"
IBAN = "DE89370400440532013000"


class ProviderProcess:
    """`start`, `stop` and `kill` may be called in turn: its memory stays. `options` count from its next start on."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.key, self.public_key, self.webhook_secret = (secrets.token_hex(12) for _ in range(3))
        self.log = folder / "provider.log"
        self.options = options
        self._command = [sys.executable, "-m", "tradelane", "provider", "--port", str(self.port), "--file", str(folder / "provider.sqlite3")]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The settings of who works with it."""
        return {
            "PROVIDER": "sandbox",
            "PROVIDER_URL": self.url,
            "PROVIDER_KEY": self.key,
            "PROVIDER_PUBLIC_KEY": self.public_key,
            "PROVIDER_WEBHOOK_SECRET": self.webhook_secret,
        }

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*self._command, *self.options], env=os.environ | self.environment, stdout=log, stderr=log, process_group=0)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/healthz", timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"the provider did not start; its log:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> int:
        """In order; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> requests.Response:
        """Any request, with the secret key unless another is given."""
        headers = {"Authorization": f"Bearer {key or self.key}", **headers}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=30)

    def token(self, kind: str = "card", number: str = CARD, expires: str = "2098-12") -> str:
        """As a client makes one, with the public key."""
        details = {"card": {"number": number, "expires": expires}, "wallet": {"account": number}, "bank_debit": {"iban": number}}[kind]
        answer = self.call("POST", "/v1/tokens", {kind: details}, key=self.public_key)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def mischief(self, **what: float) -> None:
        """From now on this, and nothing else."""
        self.call("PUT", "/v1/mischief", what).raise_for_status()

    def ledger(self) -> dict[str, dict[str, int]]:
        """Its sums in minor units, by currency."""
        items = self.call("GET", "/v1/ledger").json()["items"]
        return {each.pop("currency"): each for each in items}

    def kept(self, currency: str = "USD") -> Decimal:
        """What is left here of all that was captured, in major units of two decimals."""
        sums = self.ledger().get(currency, {"captured": 0, "refunded": 0})
        return Decimal(sums["captured"] - sums["refunded"]).scaleb(-2)


@contextmanager
def running_provider(folder: Path, *options: str) -> Iterator[ProviderProcess]:
    provider = ProviderProcess(folder, *options)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()
