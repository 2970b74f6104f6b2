"""All settings, read once from the environment; every one has a default that runs the embedded system."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env, EnvError
from fsspec import get_filesystem_class
from limits import RateLimitItem, parse_many
from marshmallow import validate

from shared.platform import hardening

SERVICES = ("accounts", "catalog", "orders", "payments", "logistics", "gateway")
EMBEDDED_BROKER = "memory://"
CARRIER_APIS = ("standard", "dhl", "fedex", "ups")

UNLIMITED = {"RATE_LIMIT": "", "RATE_LIMIT_ADDRESS": "", "RATE_LIMIT_CREDENTIALS": ""}
"""The environment of a gateway that answers as often as it can: for benchmarks and fault tests, which ask for all their traders from one place."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
_CARRIER = re.compile(r"CARRIER_(?P<code>[A-Z0-9_]{1,19})_(?P<what>SECRET|URL|KEY|API)")


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are in seconds, sizes in bytes."""

    production: bool
    data: Path
    broker: str = field(repr=False)  # what is kept out of the repr is secret or has a password in it: production looks at each (hardening.py)
    database: str = field(repr=False)
    overrides: dict[str, str] = field(repr=False)  # BROKER_<SERVICE> and DATABASE_<SERVICE>
    broker_management: str = field(repr=False)
    http_host: str
    http_port: int
    http_body_limit: int
    http_bodies_limit: int
    http_connections: int
    http_header_timeout: float
    http_body_timeout: float
    http_idle_timeout: float
    http_hsts: int
    trusted_proxies: int
    rate_limit: RateLimitItem | None
    rate_limit_address: RateLimitItem | None
    rate_limit_credentials: RateLimitItem | None
    cors_origins: tuple[str, ...]
    documents: str = field(repr=False)  # a folder, or what fsspec reaches: s3://bucket/prefix, sftp://user:password@host/folder, …
    document_limit: int
    document_quota: int
    signing_key_days: int
    event_streams: int
    event_streams_per_account: int
    metrics_port: int
    rpc_workers: int
    event_workers: int
    rpc_in_flight: int
    rpc_timeout: float
    drain_timeout: float
    statement_timeout: float
    retry_attempts: int
    retry_backoff: float
    gap_patience: float
    provider: str
    provider_url: str
    provider_public_url: str
    provider_public_key: str
    provider_key: str = field(repr=False)
    provider_webhook_secret: str = field(repr=False)
    mail_url: str = field(repr=False)
    mail_from: str
    log_format: str
    log_level: str
    crash_point: str
    carriers: dict[str, dict[str, str]] = field(repr=False)  # CARRIER_<CODE>_SECRET, _URL, _KEY, _API: by code in lower case

    @property
    def embedded(self) -> bool:
        """Whether all services share one process and kombu's in-memory transport."""
        return self.broker == EMBEDDED_BROKER

    def broker_of(self, service: str) -> str:
        return self.overrides.get(f"BROKER_{service.upper()}", self.broker)

    def database_of(self, service: str) -> str:
        """The service's own database: its override, one file each below `data`, or its own schema in the shared server."""
        own = self.overrides.get(f"DATABASE_{service.upper()}", self.database)
        return own or f"sqlite:///{self.data / service}.sqlite3"

    def require_real_provider(self) -> None:
        """ValueError where the sandbox would be production's payment provider: whoever knows its made-up cards would pay with nothing."""
        if self.production and self.provider == "sandbox":
            raise ValueError(
                "settings: PROVIDER=sandbox takes made-up cards and moves no money; TRADELANE_MODE=production needs PROVIDER=stripe, with its keys."
            )


def read() -> Settings:
    """The environment's settings; a ValueError names the variable that is wrong."""
    env = Env()
    try:
        data, connections = Path(env.str("DATA", "var/data")).absolute(), env.int("HTTP_CONNECTIONS", 500)
        loaded = Settings(
            production=env.str("TRADELANE_MODE", "development", validate=validate.OneOf(("development", "production"))) == "production",
            data=data,
            broker=env.str("BROKER", EMBEDDED_BROKER),
            database=env.str("DATABASE", "").replace("postgres://", "postgresql://", 1),
            overrides={
                name: value
                for service in (*SERVICES, "observer")
                for name in (f"BROKER_{service.upper()}", f"DATABASE_{service.upper()}")
                if (value := env.str(name, ""))
            },
            broker_management=env.str("BROKER_MANAGEMENT", ""),
            http_host=env.str("HTTP_HOST", "127.0.0.1"),
            http_port=env.int("HTTP_PORT", 8000, validate=validate.Range(0, 65535)),
            http_body_limit=env.int("HTTP_BODY_LIMIT", 1 << 20),
            http_bodies_limit=env.int("HTTP_BODIES_LIMIT", 128 << 20),  # of all that are coming in or at work at a time
            http_connections=connections,
            http_header_timeout=env.float("HTTP_HEADER_TIMEOUT", 10.0),  # for a request's head to come,
            http_body_timeout=env.float("HTTP_BODY_TIMEOUT", 30.0),  # for its body, and for its answer to be taken
            http_idle_timeout=env.float("HTTP_IDLE_TIMEOUT", 30.0),  # between requests; make it longer than that of a load balancer in front
            http_hsts=env.int("HTTP_HSTS", 0),  # where TLS ends in front of the gateway: for how long browsers are to use nothing else
            trusted_proxies=env.int("TRUSTED_PROXIES", 0, validate=validate.Range(0, 10)),  # of ours before the gateway, each adding to X-Forwarded-For
            rate_limit=_rate(env, "RATE_LIMIT", "12000/minute"),  # requests of one account; empty: no limit
            rate_limit_address=_rate(env, "RATE_LIMIT_ADDRESS", "6000/minute"),  # from one address, of those who are not signed in
            rate_limit_credentials=_rate(
                env, "RATE_LIMIT_CREDENTIALS", "600/minute"
            ),  # the same, to sign in, register or have a password reset; and of an account's with its password
            cors_origins=tuple(env.list("CORS_ORIGINS", [], subcast=str)),  # https://shop.example, …: whose pages may ask here; none
            documents=env.str("DOCUMENTS", "") or str(data / "documents"),
            # Of one document. It crosses the bus in base 64, and RabbitMQ 4 takes messages of up to 16 MiB.
            document_limit=env.int("DOCUMENT_LIMIT", 5 << 20, validate=validate.Range(1, 10 << 20)),
            document_quota=env.int("DOCUMENT_QUOTA", 1 << 30, validate=validate.Range(1)),  # of all documents of one account, in bytes
            signing_key_days=env.int("SIGNING_KEY_DAYS", 90, validate=validate.Range(0, 3650)),  # after which another key signs access tokens; 0: never
            event_streams=env.int("EVENT_STREAMS", connections * 2 // 5),  # open at a time in this process; each is one of its connections
            event_streams_per_account=env.int("EVENT_STREAMS_PER_ACCOUNT", 10),
            metrics_port=env.int("METRICS_PORT", 0),  # where this process tells its metrics; 0: the gateway alone does, at /metrics
            rpc_workers=env.int("RPC_WORKERS", 20),
            event_workers=env.int("EVENT_WORKERS", 10),
            rpc_in_flight=env.int("RPC_IN_FLIGHT", 200),  # calls of this process to one service; further ones are refused at once
            rpc_timeout=env.float("RPC_TIMEOUT", 10.0),
            drain_timeout=env.float("DRAIN_TIMEOUT", 10.0),
            statement_timeout=env.float("STATEMENT_TIMEOUT", 15.0),
            retry_attempts=env.int("RETRY_ATTEMPTS", 10),
            retry_backoff=env.float("RETRY_BACKOFF", 0.5),
            gap_patience=env.float("GAP_PATIENCE", 30.0),
            provider=env.str("PROVIDER", "sandbox", validate=validate.OneOf(("sandbox", "stripe"))),
            provider_url=env.str("PROVIDER_URL", "").rstrip("/"),  # the sandbox's; `tradelane up` starts a sandbox of its own where it is empty
            provider_public_url=(env.str("PROVIDER_PUBLIC_URL", "") or env.str("PROVIDER_URL", "")).rstrip("/"),  # where clients reach it, to make tokens
            provider_public_key=env.str("PROVIDER_PUBLIC_KEY", ""),
            provider_key=env.str("PROVIDER_KEY", ""),
            provider_webhook_secret=env.str("PROVIDER_WEBHOOK_SECRET", ""),
            mail_url=env.str("MAIL_URL", ""),  # smtp://user:password@host:587, smtps://…, or a folder; DATA/mail where it is empty
            mail_from=env.str(
                "MAIL_FROM", "Tradelane <tradelane@localhost>", validate=validate.Regexp(r"([^<>\r\n]+ <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)\Z")
            ),
            log_format=env.str("LOG_FORMAT", "text", validate=validate.OneOf(("text", "json"))),
            log_level=env.str("LOG_LEVEL", "INFO").upper(),
            crash_point=env.str("CRASH_POINT", "", validate=validate.Regexp(r"(|[a-z_]+:[01](\.\d+)?:\w+)$")),  # see crashpoints.py
            carriers=_carriers(),
        )
    except EnvError as error:
        raise ValueError(f"settings: {error}") from error
    _check_storage(loaded.documents)
    if wrong := [origin for origin in loaded.cors_origins if not _ORIGIN.fullmatch(origin)]:
        raise ValueError(f"settings: CORS_ORIGINS takes origins as browsers send them (https://shop.example, http://localhost:3000), not {wrong[0]}")
    if loaded.event_streams >= loaded.http_connections:
        raise ValueError("settings: EVENT_STREAMS must be less than HTTP_CONNECTIONS: streams would keep everybody else out.")
    if loaded.embedded != loaded.database_of("orders").startswith("sqlite"):
        raise ValueError("settings: BROKER and DATABASE go together: give both (amqp://… and postgresql://…) or neither (embedded).")
    _check_mail(loaded.mail_url)
    if loaded.production:
        _check_for_production(loaded)
    return loaded


def _rate(env: Env, name: str, default: str) -> RateLimitItem | None:
    """How often something may be done; None where nothing is said: as often as one likes."""
    said = env.str(name, default)
    if not said:
        return None
    try:
        [rate] = parse_many(said)
    except ValueError:
        rate = None
    if rate is None or not rate.amount:
        raise ValueError(f"settings: {name} is no limit: give 10/second, 600/minute, 20000/hour, or nothing for none.")
    return rate


def _check_mail(address: str) -> None:
    """What looks like an address has to be one that a mail server can be reached at."""
    try:
        parts = urlsplit(address)
        right = "://" not in address or (parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0)
    except ValueError:  # a port that is no number
        right = False
    if not right:
        raise ValueError("settings: MAIL_URL is no address of a mail server: smtp://user:password@host:587 or smtps://…; it may be a folder, too.")


def _carriers() -> dict[str, dict[str, str]]:
    """How carriers are reached: with SECRET they sign their callbacks, at URL they are asked, with KEY to get in, by the interface API."""
    carriers: dict[str, dict[str, str]] = defaultdict(dict)
    for name, value in os.environ.items():
        if not name.startswith("CARRIER_") or not value:
            continue
        found = _CARRIER.fullmatch(name)
        if found is None:
            raise ValueError(f"settings: {name} says nothing: CARRIER_<CODE>_SECRET, _URL, _KEY and _API do.")
        if found["what"] == "SECRET" and len(value) < hardening.SHORTEST:
            raise ValueError(f"settings: {name} is too short to be a secret; make it {hardening.SHORTEST} characters or more.")
        if found["what"] == "URL" and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError(f"settings: {name} is no address: https://…")
        if found["what"] == "API" and value not in CARRIER_APIS:
            raise ValueError(f"settings: {name} must be one of: {', '.join(CARRIER_APIS)}.")
        carriers[found["code"].lower()][found["what"].lower()] = value
    return dict(carriers)


def _check_storage(address: str) -> None:
    """Whether what reaches it is installed."""
    try:
        get_filesystem_class(urlsplit(address).scheme or "file")
    except (ImportError, ValueError) as error:
        raise ValueError(f"settings: DOCUMENTS cannot be reached: {error}. Give a folder, or install what fsspec needs for it (s3://… takes s3fs).") from error


def _check_for_production(loaded: Settings) -> None:
    """The embedded default is no system of production, and a password that everybody knows is none."""
    if loaded.embedded:
        raise ValueError("settings: TRADELANE_MODE=production needs real servers: BROKER=amqp://… and DATABASE=postgresql://…")
    if loaded.crash_point:
        raise ValueError("settings: CRASH_POINT kills services on purpose; TRADELANE_MODE=production goes without it.")
    hardening.check_secrets(loaded)


@cache
def settings() -> Settings:
    """This process's settings."""
    return read()
