from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from limits import parse

from services.payments.application.providers import configured
from shared.platform.settings import SERVICES, Settings, read
from tradelane.provider.child import beside

REAL = {"BROKER": "amqp://us:s3cret-Vy7wq0PzK2@broker//", "DATABASE": "postgresql://us:s3cret-Vy7wq0PzK2@database/tradelane"}
GOOD = "Vy7wq0PzK2xN4mTd"
COMPOSE = yaml.safe_load((Path(__file__).parents[3] / "docker-compose.yml").read_text())["services"]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["BROKER", "DATABASE", "BROKER_MANAGEMENT", "TRADELANE_MODE", "DATA", "HTTP_PORT", "LOG_FORMAT", "MAIL_URL", "MAIL_FROM"]
    names += ["RATE_LIMIT", "RATE_LIMIT_ADDRESS", "RATE_LIMIT_CREDENTIALS", "CORS_ORIGINS"]
    names += ["PROVIDER", "PROVIDER_URL", "PROVIDER_KEY", "PROVIDER_WEBHOOK_SECRET", "PROVIDER_PUBLIC_URL", "PROVIDER_PUBLIC_KEY"]
    for name in names + [f"{kind}_{service.upper()}" for kind in ("BROKER", "DATABASE") for service in SERVICES]:
        monkeypatch.delenv(name, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_with_nothing_set_everything_is_embedded() -> None:
    settings = read()
    assert settings.embedded
    assert settings.database_of("orders") == f"sqlite:///{Path.cwd()}/var/data/orders.sqlite3"


def test_one_server_serves_all_unless_a_service_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **REAL, DATABASE_ORDERS="postgresql://orders:o@elsewhere/orders", BROKER_ORDERS="amqp://orders:o@broker//")
    settings = read()
    assert (settings.database_of("catalog"), settings.broker_of("catalog")) == (REAL["DATABASE"], REAL["BROKER"])
    assert settings.database_of("orders").endswith("elsewhere/orders")
    assert settings.broker_of("orders") == "amqp://orders:o@broker//"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "eighty"),
        ("PROVIDER", "paypal"),
        ("LOG_FORMAT", "xml"),
        ("TRADELANE_MODE", "prod"),
        ("RATE_LIMIT", "many"),
        ("RATE_LIMIT_ADDRESS", "0/minute"),
        ("RATE_LIMIT_CREDENTIALS", "10/fortnight"),
        ("RATE_LIMIT_CREDENTIALS", "10/second;100/minute"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://shop.example,https://shop.example/page"),
        ("MAIL_FROM", "Tradelane"),
        ("MAIL_FROM", "a@b.example\r\nBcc: c@d.example"),
    ],
)
def test_a_wrong_value_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(ValueError, match=f"settings: .*{name}"):
        read()


def test_streams_of_events_leave_connections_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, HTTP_CONNECTIONS="50")
    assert read().event_streams == 20
    given(monkeypatch, EVENT_STREAMS="50")
    with pytest.raises(ValueError, match="settings: EVENT_STREAMS must be less than HTTP_CONNECTIONS"):
        read()


def test_limits_and_origins_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, RATE_LIMIT="20/second", RATE_LIMIT_ADDRESS="", CORS_ORIGINS="https://shop.example,http://[::1]:3000")
    settings = read()
    assert (settings.rate_limit, settings.rate_limit_address) == (parse("20/second"), None)
    assert settings.cors_origins == ("https://shop.example", "http://[::1]:3000")


@pytest.mark.parametrize("address", ["http://mail.example", "smtp://", "smtp://mail.example:post", "smtp://mail.example:0", "smtps://:465"])
def test_an_address_of_no_mail_server_is_told(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    given(monkeypatch, MAIL_URL=address)
    with pytest.raises(ValueError, match="settings: MAIL_URL is no address"):
        read()


@pytest.mark.parametrize("address", ["", "mail", "/var/spool/mail", "smtp://post:hidden@mail.example", "smtps://mail.example:4650"])
def test_mail_goes_to_a_server_or_a_folder(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    given(monkeypatch, MAIL_URL=address, MAIL_FROM="Tradelane <post@tradelane.example>")
    assert read().mail_url == address
    assert "hidden" not in repr(read())


def test_documents_lie_beside_the_data_unless_they_have_a_place_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DATA="/srv/trade")
    assert read().documents == "/srv/trade/documents"
    given(monkeypatch, DOCUMENTS="memory://papers")
    assert read().documents == "memory://papers"


@pytest.mark.parametrize(("address", "told"), [("s3://bucket/papers", "s3fs"), ("nowhere://bucket", "nowhere")])
def test_a_place_for_documents_that_nothing_installed_reaches_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch, address: str, told: str) -> None:
    given(monkeypatch, DOCUMENTS=address)
    with pytest.raises(ValueError, match=f"settings: DOCUMENTS .*{told}"):
        read()


@pytest.mark.parametrize("name", ["BROKER", "DATABASE"])
def test_broker_and_database_go_together(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given(monkeypatch, **{name: REAL[name]})
    with pytest.raises(ValueError, match="go together"):
        read()


@pytest.mark.parametrize(
    "wrong",
    [
        {"BROKER": "amqp://guest:guest@broker//"},
        {"DATABASE": "postgresql://admin@database/tradelane"},
        {"DATABASE_PAYMENTS": "postgresql://payments:payments@database/tradelane"},
        {"BROKER_MANAGEMENT": "http://admin:admin@broker:15672"},
        {"BROKER": "amqp://broker//"},
        {"BROKER": "amqp://us:Vy7wq0PzK2@broker//"},
        {"DATABASE_ORDERS": "postgresql://orders:tradelane-password-1@database/tradelane"},
        {"PROVIDER_KEY": "provider"},
        {"PROVIDER_WEBHOOK_SECRET": "provider"},
        {"PROVIDER_KEY": "sk_test_change_me_2026"},
        {"PROVIDER_WEBHOOK_SECRET": "abababababababababab"},
        {"PROVIDER_WEBHOOK_SECRET": "1234567890123456"},
        {"PROVIDER_WEBHOOK_SECRET": GOOD[:15]},
        {"MAIL_URL": "smtp://me:me@host.example:587"},
        {"CARRIER_DHL_SECRET": "carrier-secret-2026"},
    ],
    ids=lambda wrong: "=".join(*wrong.items()),
)
def test_production_refuses_secrets_that_are_none_without_repeating_them(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]) -> None:
    given(monkeypatch, **REAL | wrong)
    read()
    given(monkeypatch, TRADELANE_MODE="production")
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=rf"settings: {name} (is|has|names) .*; TRADELANE_MODE=production needs one of its own") as error:
        read()
    assert value.rpartition("@")[0].rpartition(":")[2] not in str(error.value) or "@" not in value
    assert value not in str(error.value)


def test_production_takes_secrets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **REAL, TRADELANE_MODE="production", PROVIDER="stripe", PROVIDER_KEY=f"sk_live_{GOOD}", PROVIDER_WEBHOOK_SECRET=f"whsec_{GOOD}")
    given(monkeypatch, MAIL_URL="/var/spool/tradelane", CARRIER_DHL_SECRET=GOOD, CARRIER_DHL_KEY="k3y")
    read().require_real_provider()


def test_production_pays_with_no_made_up_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **REAL, PROVIDER_URL="http://provider:8100", PROVIDER_KEY=GOOD, PROVIDER_WEBHOOK_SECRET=GOOD)
    configured(read())
    given(monkeypatch, TRADELANE_MODE="production")
    with pytest.raises(ValueError, match="PROVIDER=sandbox takes made-up cards"):
        configured(read())
    monkeypatch.delenv("PROVIDER_URL")
    with pytest.raises(ValueError, match="PROVIDER=sandbox takes made-up cards"), beside(read()):
        pytest.fail("the system would start")


def composed(service: str, filled: dict[str, str]) -> dict[str, str]:
    """What compose gives a service, with these values in the place of what is shipped."""
    environment = {name: str(value) for name, value in COMPOSE[service]["environment"].items() if value is not None}
    return {name: _VARIABLE.sub(lambda found: filled.get(found[1], found[2]), value) for name, value in environment.items()}


_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
SHIPPED = sorted(
    (service, found[1])
    for service, described in COMPOSE.items()
    if "TRADELANE_MODE" in described.get("environment", {})
    for value in described["environment"].values()
    for found in _VARIABLE.finditer(str(value))
    if re.search("PASSWORD|SECRET|KEY", found[1]) and found[1] != "PROVIDER_PUBLIC_KEY"
)


def test_compose_ships_secrets_for_every_service() -> None:
    assert len(SHIPPED) > 20
    assert {service for service, _ in SHIPPED} == {*SERVICES, "migrate"}


@pytest.mark.parametrize(("service", "variable"), SHIPPED)
def test_production_refuses_each_secret_that_compose_ships(monkeypatch: pytest.MonkeyPatch, service: str, variable: str) -> None:
    filled = {name: GOOD for _, name in SHIPPED} | {"TRADELANE_MODE": "production"}
    given(monkeypatch, **composed(service, filled))
    read()
    del filled[variable]
    given(monkeypatch, **composed(service, filled))
    with pytest.raises(ValueError, match="TRADELANE_MODE=production needs one of its own"):
        read()


def test_whatever_is_secret_is_kept_out_of_sight_and_so_looked_at() -> None:
    shown = [each.name for each in fields(Settings) if each.repr]
    assert [name for name in shown if re.search("key|secret|password|token|mail|broker|database", name)] == [
        "signing_key_days",
        "provider_public_key",
        "mail_from",
    ]


def test_production_refuses_the_embedded_default(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, TRADELANE_MODE="production")
    with pytest.raises(ValueError, match="real servers"):
        read()


def test_no_password_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **REAL, DATABASE_ORDERS="postgresql://orders:hidden@elsewhere/orders", PROVIDER_KEY="hidden", PROVIDER_WEBHOOK_SECRET="hidden")
    assert "hidden" not in repr(read())
    assert "s3cret" not in repr(read())


def test_carriers_are_named_by_the_variables_that_reach_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, CARRIER_DHL_SECRET="sixteen letters!", CARRIER_DHL_URL="https://dhl.example/track", CARRIER_SEA_LINE_KEY="k3y", CARRIER_UPS_KEY="")
    assert read().carriers == {"dhl": {"secret": "sixteen letters!", "url": "https://dhl.example/track"}, "sea_line": {"key": "k3y"}}
    assert "letters" not in repr(read())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARRIER_DHL_SECRET", "too short"),
        ("CARRIER_DHL_URL", "dhl.example"),
        ("CARRIER_DHL_TOKEN", "k3y"),
        ("CARRIER_DHL_API", "telex"),
        ("CARRIER_SECRET", "sixteen letters!"),
    ],
)
def test_a_wrong_setting_of_a_carrier_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(ValueError, match=f"settings: {name}"):
        read()
