"""The sandbox as a process: an HTTP server with a thread a connection, one thread that settles what is pending, one that delivers callbacks."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import Schema
from werkzeug.serving import WSGIRequestHandler, make_server

from shared.contracts.validation import instance, load
from shared.platform.settings import settings
from shared.platform.telemetry import set_up_logging
from tradelane.provider import methods, payments
from tradelane.provider.app import Application, Endpoint, Keys, mischief_endpoints
from tradelane.provider.mischief import Dice, Mischief, MischiefShape
from tradelane.provider.payments import Payments
from tradelane.provider.store import Store
from tradelane.provider.webhooks import IDLE, Courier

log = logging.getLogger(__name__)

POLL = 0.2  # seconds until the server notices that it is to stop


@dataclass(frozen=True, slots=True)
class Config:
    """`socket`: the descriptor of a socket that listens already, in place of `host` and `port`. `mischief`: in place of what was set last."""

    file: Path
    keys: Keys = field(repr=False)
    webhook_url: str
    webhook_secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    socket: int | None = None
    mischief: dict[str, Any] | None = None
    while_stdin: bool = False


class _Handler(WSGIRequestHandler):
    timeout = 120  # an idle connection's

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        log.debug("%s %s", self.requestline, code)


class _Round(threading.Thread):
    """Works whenever it is woken, and when `work` said it would be time."""

    def __init__(self, name: str, work: Callable[[], float]) -> None:
        super().__init__(name=name)
        self._work, self._wake, self._stopping = work, threading.Event(), False

    def wake(self) -> None:
        self._wake.set()

    def run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                pause = self._work()
            except Exception:  # what fails now (a full disk) may not fail later
                log.exception("%s failed and goes on", self.name)
                pause = 1.0
            self._wake.wait(pause)

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self.join()


def run(file: Path | None, host: str, port: int, webhook_url: str, mischief: str | None, socket: int | None, *, while_stdin: bool) -> None:
    """As the command line and the settings have it; ValueError where one of them is missing or wrong."""
    ours = settings()
    set_up_logging(ours, "provider")
    for name, value in {
        "PROVIDER_KEY": ours.provider_key,
        "PROVIDER_PUBLIC_KEY": ours.provider_public_key,
        "PROVIDER_WEBHOOK_SECRET": ours.provider_webhook_secret,
    }.items():
        if not value:
            raise ValueError(f"settings: {name} is empty; the provider needs one.")
    try:
        wanted = load(instance(MischiefShape), json.loads(mischief)) if mischief else None
    except ValueError as error:
        raise ValueError("settings: PROVIDER_MISCHIEF is not JSON.") from error
    keys = Keys(ours.provider_public_key, ours.provider_key)
    serve(Config(file or ours.data / "provider.sqlite3", keys, webhook_url, ours.provider_webhook_secret, host, port, socket, wanted, while_stdin))


def serve(config: Config) -> None:
    """Until SIGTERM or SIGINT, or the end of standard input where that is asked for."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if config.while_stdin:
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True).start()
    store = Store(config.file)
    dice = Dice(_mischief(store, config))
    service = Payments(dice)
    courier = Courier(store, config.webhook_url, config.webhook_secret)
    delivering = _Round("delivering", courier.deliver if config.webhook_url else lambda: IDLE)
    settling = _Round("settling", lambda: _settle(store, service, delivering))
    application = Application(_endpoints(service, dice), store, dice, config.keys, settling.wake)
    server = make_server(config.host, config.port, application, threaded=True, request_handler=_Handler, fd=config.socket)
    for thread in (delivering, settling, threading.Thread(target=server.serve_forever, args=(POLL,), name="serving")):
        thread.start()
    log.info("running: provider, at http://%s:%d", server.host, server.port)
    stop.wait()
    server.shutdown()
    settling.stop()
    delivering.stop()
    log.info("stopped")


def _settle(store: Store, service: Payments, delivering: _Round) -> float:
    with store.transaction() as db:
        pause = service.settle(db)
    delivering.wake()
    return pause


def _mischief(store: Store, config: Config) -> Mischief:
    """As it is given, or as it was set last."""
    if config.mischief is not None:
        return Mischief(**config.mischief)
    with store.transaction() as db:
        kept = db.execute("SELECT body FROM mischief").fetchone()
    return Mischief(**json.loads(kept["body"])) if kept else Mischief()


def _watch_stdin(stop: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    stop.set()


def _endpoints(service: Payments, dice: Dice) -> dict[tuple[str, str], Endpoint]:
    def once(act: Callable[..., Any], shape: type[Schema], status: int) -> Endpoint:
        return Endpoint(act, shape, status, once=True, troubled=True)

    def read(act: Callable[..., Any]) -> Endpoint:
        return Endpoint(act, troubled=True)

    return {
        ("POST", "/v1/tokens"): Endpoint(methods.make_token, methods.TokenRequest, 201, public=True),
        ("POST", "/v1/methods"): Endpoint(methods.make_method, methods.MethodRequest, 201, troubled=True),
        ("POST", "/v1/payments"): once(service.authorize, payments.PaymentRequest, 201),
        ("GET", "/v1/payments/<id>"): read(payments.get_payment),
        ("POST", "/v1/payments/<id>/capture"): once(service.capture, payments.Nothing, 200),
        ("POST", "/v1/payments/<id>/cancel"): once(service.cancel, payments.Nothing, 200),
        ("POST", "/v1/refunds"): once(service.refund, payments.RefundRequest, 201),
        ("GET", "/v1/refunds/<id>"): read(payments.get_refund),
        ("GET", "/v1/ledger"): Endpoint(payments.ledger),
        ("GET", "/healthz"): Endpoint(lambda _db: {"status": "ok"}, open=True),
    } | mischief_endpoints(dice)
