from __future__ import annotations

from base64 import b64encode

import pytest

from services.gateway.application.routes import ROUTES
from shared.contracts.documents import DOWNLOAD_DOCUMENT, MEDIA_TYPES, UPLOAD_DOCUMENT
from shared.platform.settings import settings
from tests.unit.gateway.fakes import BUYER, ORDER, Gateway

BYTES = b"%PDF-1.4 \x00\xff"


def test_a_document_is_the_body_and_all_else_is_in_the_query() -> None:
    gateway = Gateway()
    gateway.services.answers[UPLOAD_DOCUMENT] = {"id": BUYER}
    answer = gateway.ask("POST", f"/v1/documents?name=Licence&order_id={ORDER}", BYTES, Content_Type="application/pdf")
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/documents/{BUYER}")
    asked = gateway.services.asked[-1].data
    assert asked == {"name": "Licence", "order_id": ORDER, "media_type": "application/pdf", "content": b64encode(BYTES).decode()}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/documents?name=A", {"Content-Type": "text/html"}, 415),
        ("/v1/documents?name=A", {"Content-Type": "application/json"}, 415),
        ("/v1/documents?name=A", {"Content-Type": "application/pdf", "Content-Encoding": "gzip"}, 415),
        ("/v1/documents?name=A&content=AA", {"Content-Type": "application/pdf"}, 422),
        ("/v1/documents?name=A&media_type=image/png", {"Content-Type": "application/pdf"}, 422),
        ("/v1/documents?name=A&name=B", {"Content-Type": "application/pdf"}, 400),
    ],
)
def test_an_upload_that_says_two_things_or_none_goes_no_further(path: str, headers: dict[str, str], status: int) -> None:
    gateway = Gateway()
    gateway.services.answers[UPLOAD_DOCUMENT] = {"id": BUYER}
    assert gateway.ask("POST", path, BYTES, **headers).status_code == status
    assert [each.operation for each in gateway.services.asked if each.operation is UPLOAD_DOCUMENT] == []


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_document_is_never_shown_by_the_browser_itself(media_type: str) -> None:
    gateway = Gateway()
    gateway.services.answers[DOWNLOAD_DOCUMENT] = {"name": 'Li"cence', "media_type": media_type, "content": b64encode(BYTES).decode()}
    answer = gateway.ask("GET", f"/v1/documents/{BUYER}/content")
    assert (answer.data, answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == (BYTES, media_type, "nosniff")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Li\\"cence.')


def test_only_documents_may_be_larger_than_other_bodies() -> None:
    gateway = Gateway()
    limit = gateway.client.application.body_limit  # type: ignore[attr-defined]
    assert limit("POST", "/v1/documents") == settings().document_limit
    others = [("GET", "/v1/documents"), ("POST", "/v1/documents/"), ("POST", "/nowhere")]
    others += [(each.method, each.path.replace("{id}", BUYER)) for each in ROUTES if each.operation is not UPLOAD_DOCUMENT]
    assert {limit(*each) for each in others} == {None}
