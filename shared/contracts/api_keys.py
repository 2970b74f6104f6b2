"""Operations of accounts about API keys, with which programs act for an account, and the scopes that say how far."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.fields import Id, Password, Shape, Text, Timestamp
from shared.contracts.operations import ById, ByKey, Empty, Operation

PREFIX = "tlk_"
"""What every key begins with, so that it is told from an access token, and found where it was published by mistake."""

SCOPES = (*(f"{service}:{what}" for service in ("accounts", "catalog", "orders", "payments", "logistics") for what in ("read", "write")), "events:read")
"""`Operation.scope` of all operations, and the stream of events, which is no operation."""


class CreateApiKey(Shape):
    name = Text(80, required=True, metadata={"description": "What it is for, to tell it from others."})
    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        required=True,
        validate=validate.Length(1, len(SCOPES)),
        metadata={"description": "What it may do. `write` includes `read`."},
    )
    expires_at = Timestamp(metadata={"description": "Until when it is good; for ever without it."})
    password = Password()


class ApiKey(Shape):
    id = Id(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = Timestamp(required=True)
    expires_at = Timestamp(required=True, allow_none=True)
    last_used_at = Timestamp(required=True, allow_none=True, metadata={"description": "To ten minutes."})


class NewApiKey(ApiKey):
    key = fields.String(required=True, metadata={"description": "For `Authorization: Bearer`. It is shown this once."})


class ApiKeys(Shape):
    items = fields.List(fields.Nested(ApiKey), required=True)


class CheckApiKey(Shape):
    key = fields.String(required=True, load_only=True)


class Holder(Shape):
    """Whom a key acts for, and how far."""

    id = Id(required=True)
    roles = fields.List(fields.String(), required=True)
    name = fields.String(required=True)
    verified = fields.Boolean(required=True)
    scopes = fields.List(fields.String(), required=True)


CREATE_API_KEY = Operation("accounts", "create_api_key", CreateApiKey, NewApiKey, by_key=ByKey.NEVER)
"""It changes the database but is no command: the key in its answer must not be kept for retries."""
LIST_API_KEYS = Operation("accounts", "list_api_keys", Empty, ApiKeys, by_key=ByKey.NEVER)
REVOKE_API_KEY = Operation("accounts", "revoke_api_key", ById, ApiKeys, writes=True, by_key=ByKey.NEVER)
"""Answers what is left."""
CHECK_API_KEY = Operation("accounts", "check_api_key", CheckApiKey, Holder)
"""For the gateway. Unauthenticated `api_key_invalid` where it is none, or is one no more."""
