"""The accounts service on the bus. Passwords are hashed between transactions, never within one: it takes tens of milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from services.accounts.application import (
    api_keys,
    documents,
    emails,
    handlers,
    lockout,
    mail,
    mailed_tokens,
    mailing,
    password_changes,
    presence,
    proof,
    queries,
    sessions,
    signing_keys,
    tickets,
    totp,
    verification,
    verification_answers,
)
from services.accounts.application.mailer import Mailer
from services.accounts.application.passwords import hash_password
from services.accounts.application.storage import Documents
from shared.contracts import (
    accounts as contract,
    api_keys as api_keys_contract,
    credentials,
    documents as papers,
    presence as presence_contract,
    tickets as support,
    totp as totp_contract,
    verification as identity,
)
from shared.kit.errors import Unauthenticated
from shared.platform.calls import Call
from shared.platform.client import RpcClient
from shared.platform.cpu import offload
from shared.platform.rpc import rpc
from shared.platform.settings import settings
from shared.platform.store import Store
from shared.platform.timer import Bell, every


class AccountsService:
    name = "accounts"
    store = Store(census={"mails": mail.by_state})
    carrier = Mailer()
    mail_waiting = Bell()
    storage = Documents()
    bus = RpcClient()

    @rpc(contract.REGISTER)
    def register(self, call: Call) -> Mapping[str, Any]:
        password_hash = offload(hash_password, call.data["password"], call.data.get("email"), call.data.get("user_name"))
        return self._write(call, handlers.register, password_hash)

    @rpc(contract.SIGN_IN)
    def sign_in(self, call: Call) -> Mapping[str, Any]:
        return proof.sign_in(self.store, call)

    @rpc(contract.REFRESH)
    def refresh(self, call: Call) -> Mapping[str, Any]:
        tokens = self.store.run(sessions.refresh, call)
        if tokens is None:
            raise Unauthenticated("refresh_token_invalid", "This session is over; sign in again.")
        return tokens

    @rpc(contract.ME)
    def me(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.me)

    @rpc(contract.CHANGE_ME)
    def change_me(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, handlers.change_me)

    @rpc(credentials.CONFIRM_EMAIL)
    def confirm_email(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, emails.confirm)

    @rpc(credentials.SEND_EMAIL_CONFIRMATION)
    def send_email_confirmation(self, call: Call) -> Mapping[str, Any]:
        return self._write(call, emails.send_again)

    @rpc(credentials.CHANGE_EMAIL)
    def change_email(self, call: Call) -> Mapping[str, Any]:
        proof.check_password(self.store, call)
        return self._write(call, emails.change)

    @rpc(credentials.CHANGE_PASSWORD)
    def change_password(self, call: Call) -> Mapping[str, Any]:
        def new_hash() -> tuple[str]:
            logins = self.store.run(password_changes.own_logins, call)
            proof.check_password(self.store, call)
            return (offload(partial(hash_password, field="new_password"), call.data["new_password"], *logins),)

        return self._ask_and_write(call, new_hash, password_changes.change)

    @rpc(credentials.ASK_FOR_PASSWORD_RESET)
    def ask_for_password_reset(self, call: Call) -> Mapping[str, Any]:
        return self._write(call, password_changes.ask_for_reset)

    @rpc(credentials.RESET_PASSWORD)
    def reset_password(self, call: Call) -> Mapping[str, Any]:
        def new_hash() -> tuple[str]:
            return (offload(hash_password, call.data["password"], *self.store.run(password_changes.logins_of, call)),)

        return self._ask_and_write(call, new_hash, password_changes.reset)

    @rpc(credentials.LIST_SESSIONS)
    def list_sessions(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, sessions.list_own)

    @rpc(credentials.END_SESSION)
    def end_session(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, sessions.end)

    @rpc(credentials.END_ALL_SESSIONS)
    def end_all_sessions(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, sessions.end_all)

    @rpc(contract.CHECK_PASSWORD)
    def check_password(self, call: Call) -> Mapping[str, Any]:
        proof.check_password(self.store, call)
        return {}

    @rpc(presence_contract.NOTE_SEEN)
    def note_seen(self, call: Call) -> Mapping[str, Any]:
        return self.store.run(presence.note_seen, call)

    @rpc(presence_contract.LAST_SEEN)
    def last_seen(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, presence.last_seen)

    @rpc(support.OPEN_TICKET)
    def open_ticket(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, tickets.open_ticket)

    @rpc(support.LIST_TICKETS)
    def list_tickets(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, tickets.list_tickets)

    @rpc(support.GET_TICKET)
    def get_ticket(self, call: Call) -> Mapping[str, Any]:
        return self.store.run(tickets.get_ticket, call)

    @rpc(support.WRITE_ON_TICKET)
    def write_on_ticket(self, call: Call) -> Mapping[str, Any]:
        return self._write(call, tickets.write)

    @rpc(support.CLOSE_TICKET)
    def close_ticket(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, tickets.act, "close")

    @rpc(support.REOPEN_TICKET)
    def reopen_ticket(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, tickets.act, "reopen")

    @rpc(papers.UPLOAD_DOCUMENT)
    def upload_document(self, call: Call) -> Mapping[str, Any]:
        own = partial(self.store.run, documents.holdings, call.require_actor().id)
        return self.store.ask_and_write(call, lambda: documents.receive(call, self.storage, own, partial(self._own_orders, call)), documents.record)

    @rpc(papers.DESCRIBE_DOCUMENT)
    def describe_document(self, call: Call) -> Mapping[str, Any]:
        return self._document(call)

    @rpc(papers.DOWNLOAD_DOCUMENT)
    def download_document(self, call: Call) -> Mapping[str, Any]:
        return documents.content_of(self._document(call), self.storage)

    @rpc(identity.SUBMIT_VERIFICATION)
    def submit_verification(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, verification.submit)

    @rpc(identity.GET_OWN_VERIFICATION)
    def get_own_verification(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, verification_answers.own)

    @rpc(identity.GET_VERIFICATION)
    def get_verification(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, verification_answers.get)

    @rpc(identity.LIST_VERIFICATIONS)
    def list_verifications(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, verification_answers.page)

    @rpc(identity.APPROVE_VERIFICATION)
    def approve_verification(self, call: Call) -> Mapping[str, Any]:
        return self._write(call, verification.act, "approve")

    @rpc(identity.REFUSE_VERIFICATION)
    def refuse_verification(self, call: Call) -> Mapping[str, Any]:
        return self._write(call, verification.act, "refuse")

    @rpc(identity.WITHDRAW_VERIFICATION)
    def withdraw_verification(self, call: Call) -> Mapping[str, Any]:
        return self._write(call, verification.act, "withdraw")

    @every(seconds=86_400)
    def sweep(self) -> None:
        for work in (mailing.sweep, mailed_tokens.sweep, sessions.sweep):
            self.store.run(work)
        documents.sweep(self.storage, partial(self.store.run, documents.known_ids))

    def _document(self, call: Call) -> Mapping[str, Any]:
        return documents.seen_by(call.require_actor(), self.store.read(call, documents.find), partial(self._own_orders, call))

    def _own_orders(self, call: Call, ids: Sequence[str]) -> Sequence[str]:
        """Those of the orders that the caller may see."""
        return self.bus.call(papers.OWN_ORDERS_AMONG, {"ids": list(ids)}, call)["ids"]

    @rpc(contract.SIGNING_KEYS)
    def signing_keys(self, call: Call) -> Mapping[str, Any]:
        return self.store.run(signing_keys.published, call)

    @rpc(api_keys_contract.CREATE_API_KEY)
    def create_api_key(self, call: Call) -> Mapping[str, Any]:
        proof.check_password(self.store, call)
        return self.store.run(api_keys.create_own, call)

    @rpc(api_keys_contract.LIST_API_KEYS)
    def list_api_keys(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, api_keys.list_own)

    @rpc(api_keys_contract.REVOKE_API_KEY)
    def revoke_api_key(self, call: Call) -> Mapping[str, Any]:
        return self.store.write(call, api_keys.revoke_own)

    @rpc(api_keys_contract.CHECK_API_KEY)
    def check_api_key(self, call: Call) -> Mapping[str, Any]:
        return self.store.run(api_keys.holder, call)

    @rpc(totp_contract.GET_TOTP)
    def get_totp(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, totp.get)

    @rpc(totp_contract.ENROL_TOTP)
    def enrol_totp(self, call: Call) -> Mapping[str, Any]:
        proof.check_password(self.store, call)
        return self.store.run(totp.enrol, call)

    @rpc(totp_contract.CONFIRM_TOTP)
    def confirm_totp(self, call: Call) -> Mapping[str, Any]:
        return self.store.run(totp.confirm, call)

    @rpc(totp_contract.DISABLE_TOTP)
    def disable_totp(self, call: Call) -> Mapping[str, Any]:
        proof.disable_totp(self.store, call)
        return self.store.read(call, totp.get)

    @every(seconds=60.0)
    def tidy(self) -> None:
        self.store.run(lockout.sweep)
        self.store.run(signing_keys.tend, settings().signing_key_days)

    @every(seconds=5.0, bell=mail_waiting)
    def send_mails(self) -> None:
        mailing.work_off(self.store.run, self.carrier)

    def _write(self, call: Call, handler: Callable[..., Any], *args: Any) -> Mapping[str, Any]:
        """What writes a mail, too: it leaves at once."""
        return self._ask_and_write(call, lambda: args, handler)

    def _ask_and_write(self, call: Call, ask: Callable[[], tuple[Any, ...]], handler: Callable[..., Any]) -> Mapping[str, Any]:
        answer = self.store.ask_and_write(call, ask, handler)
        self.mail_waiting.ring()
        return answer
