"""A document of the largest size crosses the whole system, on both kinds of bus; what is larger stops at the door."""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.platform.settings import settings
from tests.builders.system import System
from tradelane.client import Client, Refused

MOST = settings().document_limit


@pytest.fixture(params=["system", "embedded"])
def owner(request: pytest.FixtureRequest) -> Client:
    running: System = request.getfixturevalue(request.param)
    client = Client(running.url)
    client.register(role="buyer", name="A buyer", country="CH", email=f"{secrets.token_hex(6)}@buyer.example", password=secrets.token_urlsafe(16))
    return client


def upload(client: Client, content: bytes, **options: Any) -> Any:
    headers = {"Content-Type": "application/pdf", "Idempotency-Key": secrets.token_hex(8)}
    return client.request("POST", "/v1/documents?name=Licence", data=content, headers=headers, **options).json()


def status(act: Any, *arguments: Any) -> int:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value.status


def test_documents_of_the_largest_size_come_and_go_several_at_a_time_and_nothing_larger_does(owner: Client) -> None:
    papers = [b"%PDF-1.4\n" + os.urandom(MOST - 9) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda each: upload(owner, each), papers))
        back = list(pool.map(lambda each: owner.request("GET", f"/v1/documents/{each['id']}/content"), made))
    assert [each["size"] for each in made] == [MOST] * 3
    assert [each.content for each in back] == papers
    assert back[0].headers["Content-Disposition"] == "attachment; filename=Licence.pdf"
    assert status(upload, owner, papers[0] + b"x") == 413
    assert status(upload, owner, iter([papers[0], b"x"])) == 413, "in chunks"
    assert status(owner.post, "/v1/enquiries", {"message": "x" * settings().http_body_limit}) == 413
