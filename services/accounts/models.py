"""Accounts' tables. No password and no token is in them, only what tells a right one from a wrong one."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint, text

from services.accounts.domain.ticket import STATES as TICKET_STATES
from services.accounts.domain.verification import OPEN, STATES
from shared.platform.columns import Id, Json, UtcDateTime

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("email", String(254)),
    Column("email_key", Text, unique=True),
    Column("email_confirmed_at", UtcDateTime),
    Column("new_email", String(254)),  # what is to take its place
    Column("user_name", String(30)),
    Column("user_name_key", String(30), unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("name", String(120), nullable=False),
    Column("company", String(120)),
    Column("address", Json),
    Column("country", String(2), nullable=False),
    Column("phone", String(40)),
    Column("roles", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("verified_at", UtcDateTime),
)

# One row a sign-in: the family of refresh tokens that came of it, of which only the latest is good.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("account_id", Id(), ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", String(45)),
    Column("user_agent", String(200)),
)

# When an account was last seen, to about a minute. Beside `accounts`, so that their rows stand still.
presence = Table(
    "presence",
    metadata,
    Column("account_id", Id(), ForeignKey(accounts.c.id), primary_key=True),
    Column("last_seen_at", UtcDateTime, nullable=False),
)

# With what programs act for an account.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("account_id", Id(), ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
)

# Second factors: none is asked for before it is confirmed. `last_step` is the latest 30 seconds whose code was taken.
totps = Table(
    "totps",
    metadata,
    Column("account_id", Id(), ForeignKey(accounts.c.id), primary_key=True),
    Column("secret", String(32), nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account_id", Id(), ForeignKey(accounts.c.id), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)

# Failed attempts to prove who one is, by the digest of what they are counted by: see application/lockout.py.
lockouts = Table(
    "lockouts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failed_at", UtcDateTime, nullable=False, index=True),
    Column("locked_until", UtcDateTime, nullable=False),
)

# The keys that access tokens are signed with or were lately, numbered by algorithm, so that of two that are made at once one is kept.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(43), primary_key=True),  # the public key's thumbprint (RFC 7638)
    Column("algorithm", String(10), nullable=False),
    Column("number", Integer, nullable=False),
    Column("private_key", Text, nullable=False),  # PKCS #8, PEM
    Column("public_key", Json, nullable=False),  # as a JSON Web Key
    Column("created_at", UtcDateTime, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    UniqueConstraint("algorithm", "number"),
)

# One row a mail. While it waits, `next_at` is when to try; `purpose` is that of the token it carries, which is made as it leaves.
mails = Table(
    "mails",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("account_id", Id(), ForeignKey(accounts.c.id), index=True),
    Column("recipient", String(254), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("purpose", String(20)),
    Column("state", String(10), CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="mail_state"), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("next_at", UtcDateTime, index=True),
    Column("sent_at", UtcDateTime),
    Column("reason", Text),  # why it was not taken
)

# What was mailed to somebody to show that they have read it.
mailed_tokens = Table(
    "mailed_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", Id(), ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("purpose", String(20), nullable=False),
    Column("email", String(254), nullable=False),  # where it was mailed to
    Column("expires_at", UtcDateTime, nullable=False),
)

# What accounts have uploaded; the bytes are in `application/storage.py`'s keeping.
documents = Table(
    "documents",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("owner_id", Id(), ForeignKey(accounts.c.id), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("name", String(120), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("owner_id", "sha256"),
)

# The orders a document was uploaded for: their parties may see it.
document_orders = Table(
    "document_orders",
    metadata,
    Column("document_id", Id(), ForeignKey(documents.c.id), primary_key=True),
    Column("order_id", Id(), primary_key=True),
)

# Who an account says it is; what has become of that is in its history.
verifications = Table(
    "verifications",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("account_id", Id(), ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("legal_name", String(200), nullable=False),
    Column("date_of_birth", Date),
    Column("registered_on", Date),
    Column("address", Json, nullable=False),
    Column("numbers", Json, nullable=False),
    Column("documents", Json, nullable=False),
    Column("submitted_at", UtcDateTime, nullable=False),
    CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="verifications_state"),
)
_OPEN = text(f"state IN ({', '.join(map(repr, OPEN))})")
Index("verifications_open", verifications.c.account_id, unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN)

# Only added to: triggers see to it.
verification_history = Table(
    "verification_history",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("verification_id", Id(), ForeignKey(verifications.c.id), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor_id", Id(), nullable=False),
    Column("reason", String(1000)),
)

# Requests for help: of an account, or of somebody with an e-mail address. What each side has not read is counted, as it is asked for at every list.
tickets = Table(
    "tickets",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("account_id", Id(), ForeignKey(accounts.c.id)),
    Column("email", String(254)),
    Column("name", String(254), nullable=False),
    Column("state", String(10), CheckConstraint(f"state IN {tuple(TICKET_STATES)}", name="tickets_state"), nullable=False),
    Column("category", String(20), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("order_number", String(20)),
    Column("customer_unread", Integer, nullable=False),
    Column("operator_unread", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("(account_id IS NULL) = (email IS NOT NULL)", name="tickets_customer"),
)
Index("tickets_of_account", tickets.c.account_id, tickets.c.id)
Index("tickets_by_state", tickets.c.state, tickets.c.id)

ticket_messages = Table(
    "ticket_messages",
    metadata,
    Column("id", Id(), primary_key=True),
    Column("ticket_id", Id(), ForeignKey(tickets.c.id), nullable=False),
    Column("side", String(10), nullable=False),
    Column("author", String(254), nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
)
Index("ticket_thread", ticket_messages.c.ticket_id, ticket_messages.c.sent_at, ticket_messages.c.id)
