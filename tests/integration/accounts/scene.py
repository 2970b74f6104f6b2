"""The accounts service as the bus meets it, on a test's own database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from services.accounts.application import mailing
from services.accounts.application.mailing import Letter
from services.accounts.application.storage import Storage
from services.accounts.service import AccountsService
from shared.contracts.documents import OWN_ORDERS_AMONG
from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.calls import Call, actor_data, read_error
from shared.platform.database import Transaction, begin, run
from shared.platform.store import Handle
from tests.builders.database import TestDatabase
from tests.builders.mail_server import token_in

PASSWORD = "a long walk to the port"

LI: dict[str, Any] = {"email": "Li@Example.com", "password": PASSWORD, "name": "Li Na", "country": "CN", "role": "supplier"}


class Frozen(TestDatabase):
    """A database whose transactions are all at one time, which stands still until a test moves it."""

    __test__ = False

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.now = utc_now()

    def transaction(self, later: timedelta = timedelta(0)) -> AbstractContextManager[Transaction]:
        return begin(self.engine, lambda tx: self.now + later - tx.now)

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        return run(self.engine, work, lambda tx: self.now - tx.now)[0]


@dataclass
class Orders:
    """The orders service, as far as accounts asks it."""

    trades: dict[str, set[str]]

    def call(self, operation: Operation, data: Mapping[str, Any], call: Call) -> dict[str, list[str]]:
        assert operation is OWN_ORDERS_AMONG
        assert call.actor
        return {"ids": sorted(self.trades.get(call.actor.id, set()) & set(data["ids"]))}


@dataclass
class Accounts:
    """Calls answer their result as JSON, or raise the error that the caller would be told."""

    database: Frozen
    storage: Storage = field(default_factory=lambda: Storage(f"memory://{new_id()}"))
    trades: dict[str, set[str]] = field(default_factory=dict)
    """Account → the orders that it is a party to."""

    def call(self, operation: str, data: Mapping[str, Any], actor: Actor | None = None, command_id: str | None = None) -> Any:
        service = AccountsService()
        service.store, service.storage, service.bus = Handle(self.database), self.storage, Orders(self.trades)
        answer = getattr(service, operation)({"data": data, "actor": actor_data(actor), "command_id": command_id or new_id()})
        if error := answer.get("error"):
            raise read_error(error)
        return answer["result"]

    def register(self, **facts: Any) -> Any:
        return self.call("register", LI | facts)

    def register_and_confirm(self, **facts: Any) -> Any:
        """An account whose address is known to be its holder's."""
        account = self.register(**facts)
        self.call("confirm_email", {"token": self.mailed_token()})
        return account

    def sign_in(self, email: str = LI["email"], password: str = PASSWORD, remote_address: str = "192.0.2.1", **more: Any) -> Any:
        login = {"email" if "@" in email else "user_name": email}
        return self.call("sign_in", {**login, "password": password, "remote_address": remote_address, "user_agent": "a test", **more})

    def refresh(self, token: str, remote_address: str = "192.0.2.1", user_agent: str = "a test") -> Any:
        return self.call("refresh", {"refresh_token": token, "remote_address": remote_address, "user_agent": user_agent})

    def signed_in(self, account: Mapping[str, Any], password: str = PASSWORD) -> Actor:
        """The account's holder in a new session."""
        session_id = self.sign_in(account["email"] or account["user_name"], password)["refresh_token"].partition(".")[0]
        return replace(actor_of(account), session_id=session_id)

    def mails(self) -> list[Letter]:
        """What has to be sent by now leaves: these."""
        post = Post()
        mailing.work_off(lambda work, *args: self.database.run(lambda tx: work(tx, *args)), post)
        return sorted(post.letters, key=lambda letter: letter.created_at)

    def mailed_token(self) -> str:
        """That of the one mail that has to be sent by now."""
        [letter] = self.mails()
        return token_in(letter.text)


class Post:
    """Carries mails no further."""

    place = "here"

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def deliver(self, letter: Letter) -> None:
        self.letters.append(letter)


def actor_of(account: Mapping[str, Any]) -> Actor:
    return Actor(account["id"], frozenset(account["roles"]), account["name"])
