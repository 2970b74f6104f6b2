"""The whole way of an account holder, with the mails read back: from a mail server on real servers, from the folder on the embedded default."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.builders.mail_server import MailServer, mail_arrives, mails_in, text_of, token_in
from tests.builders.system import System
from tests.journeys.problems import refused
from tradelane.client import Client, Refused

OLD, NEW = "a long walk to the port", "a short sail to the isle"
EMBEDDED, REAL = "in a folder, on the embedded default", "by a mail server, on real servers"


@pytest.fixture(params=[EMBEDDED, REAL])
def place(request: pytest.FixtureRequest) -> tuple[System, Callable[[str], list[EmailMessage]]]:
    """A system, and the mails that it sent to an address."""
    if request.param == EMBEDDED:
        embedded: System = request.getfixturevalue("embedded")
        return embedded, partial(mails_in, Path(embedded.environment["DATA"]) / "mail")
    server: MailServer = request.getfixturevalue("mail_server")
    return request.getfixturevalue("system"), server.mails


def status_of(client: Client, method: str, path: str, **body: str) -> int:
    with pytest.raises(Refused) as caught:
        client.request(method, path, json=body)
    return caught.value.status


def test_from_registration_over_a_forgotten_password_to_signing_out(place: tuple[System, Callable[[str], list[EmailMessage]]]) -> None:
    system, mails_to = place
    user_name = f"ada.{secrets.token_hex(5)}"
    email = f"{user_name}@buyer.example"
    mails = partial(mails_to, email)
    anybody, ada = Client(system.url), Client(system.url)
    ada.register(email=email, user_name=user_name, password=OLD, name="Ada", country="NO", role="buyer", phone="+47 22 00 00 00")

    confirmation = mail_arrives(mails)
    assert (confirmation["From"], confirmation["Subject"]) == ("Tradelane <tradelane@localhost>", "Confirm your e-mail address")
    assert ada.get("/v1/me")["email_confirmed_at"] is None
    token = token_in(text_of(confirmation))
    assert anybody.post("/v1/email-confirmations", {"token": token}) == {"email": email}
    assert ada.get("/v1/me")["email_confirmed_at"] is not None
    refused(anybody.session.post(f"{system.url}/v1/email-confirmations", json={"token": token}), 422, "mailed_token_invalid", {"token": "used up"})

    assert [anybody.post("/v1/password-resets", {"email": each}) for each in (email.upper(), f"nobody.{email}")] == [{}, {}]
    token = token_in(text_of(mail_arrives(mails, 2)))
    anybody.put("/v1/password-resets", {"token": token, "password": NEW})
    assert mail_arrives(mails, 3)["Subject"] == "Your password has changed"
    assert mails_to(f"nobody.{email}") == []
    assert status_of(anybody, "PUT", "/v1/password-resets", token=token, password=OLD) == 422
    assert status_of(anybody, "POST", "/v1/sessions", email=email, password=OLD) == 401
    assert status_of(ada, "DELETE", "/v1/me/sessions") == 401, "the session is over, though its access token is not"

    elsewhere = anybody.post("/v1/sessions", {"email": email, "password": NEW})
    tokens = requests.post(
        f"{system.url}/v1/sessions", json={"user_name": user_name.upper(), "password": NEW}, headers={"User-Agent": "Phone/1.0"}, timeout=30
    ).json()
    ada.session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    here, other = ada.get("/v1/me/sessions")["items"]
    assert (here["current"], here["user_agent"], here["address"]) == (True, "Phone/1.0", "127.0.0.1")
    assert (other["current"], other["id"]) == (False, elsewhere["refresh_token"].partition(".")[0])

    ada.request("DELETE", f"/v1/me/sessions/{other['id']}")
    assert status_of(anybody, "POST", "/v1/sessions/refresh", refresh_token=elsewhere["refresh_token"]) == 401
    tokens = anybody.post("/v1/sessions/refresh", {"refresh_token": tokens["refresh_token"]})
    ada.request("DELETE", "/v1/me/sessions")
    assert status_of(anybody, "POST", "/v1/sessions/refresh", refresh_token=tokens["refresh_token"]) == 401
    assert status_of(ada, "PUT", "/v1/me/password", password=NEW, new_password=OLD) == 401


def test_an_account_is_changed_only_as_it_was_last_seen(embedded: System) -> None:
    ada = Client(embedded.url)
    ada.register(user_name=f"ada.{secrets.token_hex(5)}", password=OLD, name="Ada", country="NO", role="buyer")
    seen = ada.request("GET", "/v1/me").headers["ETag"]
    changed = ada.request("PATCH", "/v1/me", json={"company": "Ada & Co"}, headers={"If-Match": seen})
    assert (changed.json()["company"], changed.headers["ETag"] != seen) == ("Ada & Co", True)
    late = ada.session.patch(f"{embedded.url}/v1/me", json={"company": "Another"}, headers={"If-Match": seen})
    refused(late, 412, "version_changed")
    assert ada.get("/v1/me")["company"] == "Ada & Co"
