"""The accounts service on the bus. Passwords are hashed between transactions, never within one: it takes tens of milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.accounts.application import handlers, queries, sessions
from services.accounts.application.passwords import hash_password, is_password
from shared.contracts import accounts as contract
from shared.kit.errors import Forbidden, Unauthenticated
from shared.platform.calls import Call
from shared.platform.cpu import offload
from shared.platform.rpc import rpc
from shared.platform.store import Store


class AccountsService:
    name = "accounts"
    store = Store()

    @rpc(contract.REGISTER)
    def register(self, call: Call) -> Mapping[str, Any]:
        password_hash = offload(hash_password, call.data["password"], call.data["email"])
        return self.store.write(call, handlers.register, password_hash)

    @rpc(contract.SIGN_IN)
    def sign_in(self, call: Call) -> Mapping[str, Any]:
        account = self.store.run(queries.credentials, call.data["email"])
        if not offload(is_password, call.data["password"], account and account.password_hash):
            raise Unauthenticated("credentials_incorrect", "The e-mail address or the password is not right.")
        return self.store.run(sessions.open_session, account.id)

    @rpc(contract.REFRESH)
    def refresh(self, call: Call) -> Mapping[str, Any]:
        tokens = self.store.run(sessions.refresh, call)
        if tokens is None:
            raise Unauthenticated("refresh_token_invalid", "This session is over; sign in again.")
        return tokens

    @rpc(contract.ME)
    def me(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.me)

    @rpc(contract.CHECK_PASSWORD)
    def check_password(self, call: Call) -> Mapping[str, Any]:
        if not offload(is_password, call.data["password"], self.store.read(call, queries.own_password_hash)):
            raise Forbidden("password_incorrect", "The password is not right.", {"password": ["Is not your password."]})
        return {}

    @rpc(contract.SIGNING_KEYS)
    def signing_keys(self, call: Call) -> Mapping[str, Any]:
        return self.store.read(call, queries.signing_keys)
