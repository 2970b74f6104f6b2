"""A callback is believed if, and only if, its carrier signed this body a moment ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from services.logistics.application.carriers.signature import TOLERANCE, check, sign
from shared.kit.errors import Unauthenticated

SECRET = "a secret of two parties"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def refused(header: str | None, body: str = "{}", secret: str = SECRET, now: datetime = NOW) -> str:
    with pytest.raises(Unauthenticated) as error:
        check(secret, body, header, now)
    return error.value.code


@given(st.text(), st.text(min_size=1), st.timedeltas(-TOLERANCE, TOLERANCE - timedelta(seconds=1)))
def test_what_is_signed_is_believed(body: str, secret: str, age: timedelta) -> None:
    check(secret, body, sign(secret, body, NOW - age), NOW)


def test_the_signature_is_the_one_that_openssl_makes() -> None:
    assert sign("0123456789abcdef", '{"events": []}', datetime.fromtimestamp(1772366400, UTC)) == (
        "t=1772366400,v1=59fcb342ddf3a1f6811188f826dddd030aa7693192ff3816f0587769617a598f"
    )


@pytest.mark.parametrize("header", [None, "", "v1=abc", "t=,v1=abc", "t=soon,v1=abc", "t=1,t=2,v1=abc", "t=9999999999999999,v1=abc", "t=²,v1=a"])
def test_a_header_without_one_moment_is_no_signature(header: str | None) -> None:
    assert refused(header) == "signature_missing"


def test_another_body_secret_or_moment_is_refused() -> None:
    header = sign(SECRET, "{}", NOW)
    assert refused(header, body="{ }") == "signature_wrong"
    assert refused(header, secret="another secret altogether") == "signature_wrong"
    assert refused(header.replace("t=17", "t=16")) == "signature_wrong"
    assert refused(header.replace("v1=", "v0=")) == "signature_wrong"
    assert refused(header.partition(",")[0]) == "signature_wrong"
    assert refused(header[:-1]) == "signature_wrong"
    assert refused(header + "é") == "signature_wrong"


@pytest.mark.parametrize("away", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_a_signature_from_long_ago_or_ahead_is_refused(away: timedelta) -> None:
    assert refused(sign(SECRET, "{}", NOW - away)) == "signature_old"


def test_one_right_signature_of_several_is_enough() -> None:
    other = sign("the secret that comes next", "{}", NOW).partition(",")[2]
    check(SECRET, "{}", f"{sign(SECRET, '{}', NOW)},{other}", NOW)
    check(SECRET, "{}", f"t={int(NOW.timestamp())}, {other}, {sign(SECRET, '{}', NOW).partition(',')[2]}", NOW)
