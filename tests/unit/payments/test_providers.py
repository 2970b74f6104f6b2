"""Which provider a system has, by its settings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.payments.application.providers import configured, shown
from services.payments.application.providers.port import REASONS, Declined
from shared.platform.settings import Settings, read
from tradelane.provider.magic import BEHAVIOURS, NUMBERS

Given = Callable[[dict[str, str]], Settings]

SANDBOX = {"PROVIDER_URL": "http://provider:8100/", "PROVIDER_KEY": "sk", "PROVIDER_WEBHOOK_SECRET": "wh", "PROVIDER_PUBLIC_KEY": "pk"}
STRIPE = {"PROVIDER": "stripe", "PROVIDER_KEY": "sk_live_1", "PROVIDER_WEBHOOK_SECRET": "whsec_1", "PROVIDER_PUBLIC_KEY": "pk_live_1"}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    def settings(environment: dict[str, str]) -> Settings:
        for name in (*SANDBOX, "PROVIDER", "PROVIDER_PUBLIC_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return read()

    return settings


@pytest.mark.parametrize(("environment", "name"), [(SANDBOX, "sandbox"), (STRIPE, "stripe")])
def test_the_settings_say_which(given: Given, environment: dict[str, str], name: str) -> None:
    assert configured(given(environment)).name == name


@pytest.mark.parametrize("environment", [SANDBOX, STRIPE], ids=["sandbox", "stripe"])
@pytest.mark.parametrize("missing", ["PROVIDER_KEY", "PROVIDER_WEBHOOK_SECRET"])
def test_a_missing_secret_is_told_by_its_name(given: Given, environment: dict[str, str], missing: str) -> None:
    with pytest.raises(ValueError, match=f"settings: .* {missing}"):
        configured(given(environment | {missing: ""}))


def test_a_sandbox_has_to_be_somewhere(given: Given) -> None:
    with pytest.raises(ValueError, match="PROVIDER_URL"):
        configured(given(SANDBOX | {"PROVIDER_URL": ""}))


def test_clients_are_shown_where_they_make_tokens_and_no_secret(given: Given) -> None:
    assert shown(given(SANDBOX)) == {"name": "sandbox", "public_key": "pk", "tokens_url": "http://provider:8100/v1/tokens"}
    outside = SANDBOX | {"PROVIDER_PUBLIC_URL": "http://127.0.0.1:8100"}
    assert shown(given(outside))["tokens_url"] == "http://127.0.0.1:8100/v1/tokens"
    assert shown(given(STRIPE)) == {"name": "stripe", "public_key": "pk_live_1", "tokens_url": None}


def test_who_uses_the_sandbox_does_not_load_stripes_library() -> None:
    code = "import sys; import services.payments.application.providers; sys.exit('stripe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_every_reason_of_the_sandbox_is_one_of_the_ports() -> None:
    assert {each.reason for each in BEHAVIOURS.values()} - {None} <= REASONS.keys()
    assert {number.behaviour for number in NUMBERS} == BEHAVIOURS.keys()
    assert Declined("insufficient_funds").message == REASONS["insufficient_funds"]


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def iban(number: str) -> bool:
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


def test_the_sandboxs_numbers_have_right_check_digits_and_none_stands_twice() -> None:
    checks = {"card": luhn, "bank_debit": iban, "wallet": lambda account: account.endswith("@wallet.example")}
    assert [number for number in NUMBERS if not checks[number.kind](number.number)] == []
    assert len({number.number for number in NUMBERS}) == len(NUMBERS)


def test_every_number_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "payment-provider.md").read_text().replace(" ", "")
    assert [number.number for number in NUMBERS if number.number not in page] == []
