"""Asking a carrier over HTTP: always with a deadline, and whatever goes wrong is one error."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import requests

from services.logistics.application.carriers.port import CarrierUnavailable

TIMEOUT = (5.0, 20.0)
"""Seconds for the connection, and between two pieces of the answer."""
LARGEST = 4 << 20
"""Bytes of an answer, unpacked."""


def ask_json(code: str, method: str, url: str, *, empty: Collection[int] = (), **more: Any) -> dict[str, Any]:
    """The JSON object that the carrier answers with 200 (an empty one for statuses that are `empty`). `more` is as `requests.request` takes it."""
    try:
        with requests.request(method, url, timeout=TIMEOUT, allow_redirects=False, stream=True, **more) as response:
            content = b""
            for piece in response.iter_content(1 << 16):
                content += piece
                if len(content) > LARGEST:
                    raise CarrierUnavailable(f"{code} answers without end")
    except requests.RequestException as error:
        raise CarrierUnavailable(f"{code} cannot be reached: {type(error).__name__}") from error
    if response.status_code in empty:
        return {}
    if response.status_code != requests.codes.ok:
        raise CarrierUnavailable(f"{code} answers {response.status_code}")
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CarrierUnavailable(f"{code} does not answer in JSON") from error
    if not isinstance(answer, dict):
        raise CarrierUnavailable(f"{code} does not answer with a JSON object")
    return answer
