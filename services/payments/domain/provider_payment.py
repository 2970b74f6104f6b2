"""A payment at a provider, and a refund: what is asked of the provider next, and what an answer makes of it. The two tables are the rule.

A payment walks requested → authorizing → authorized → capturing → captured; only then is its money the order's. One that is given up, because
the order is over or the provider took too long, is cancelled at the provider; should it be captured all the same, it is undue and goes back.
What fits no row changes nothing: answers may come late, twice and in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# What is asked of the provider.
AUTHORIZE, CAPTURE, CANCEL, REFUND, LOOK = "authorize", "capture", "cancel", "refund", "look"

# What happens besides the provider's answers (which are named as the port names a payment's and a refund's states).
ASKED = "asked"  # somebody is about to ask the next thing
GIVEN_UP = "given_up"  # the order is over
OVERDUE = "overdue"  # the buyer has waited long enough

# What comes of it for the order's account.
HOLD = "hold"  # the money is there for the order
REFUSE = "refuse"  # the buyer is told why not
GIVE_BACK = "give_back"  # taken though nobody wants it any more: it goes back
RETURNED = "returned"  # the buyer has the refund
CREDITED = "credited"  # the provider cannot send it back: it goes to the buyer's balance
BOUNCED = "bounced"  # it was sent, and came back from the buyer's bank: the same


@dataclass(frozen=True, slots=True)
class Row:
    """A payment or refund in state `source` of which this is `said` is then in `target`, with this effect."""

    source: str
    said: str
    target: str
    effect: str | None = None


Rows = tuple[Row, ...]

PAYMENT: Rows = (
    #    source         said          target         effect
    Row("requested",   ASKED,        "authorizing"),
    Row("requested",   GIVEN_UP,     "cancelled"),

    Row("authorizing", "authorized", "authorized"),
    Row("authorizing", "captured",   "captured",    HOLD),  # a bank debit has nothing to capture
    Row("authorizing", "declined",   "declined",    REFUSE),
    Row("authorizing", "cancelled",  "cancelled",   REFUSE),
    Row("authorizing", GIVEN_UP,     "cancelling"),
    Row("authorizing", OVERDUE,      "cancelling",  REFUSE),

    Row("authorized",  ASKED,        "capturing"),
    Row("authorized",  "captured",   "captured",    HOLD),
    Row("authorized",  "declined",   "declined",    REFUSE),
    Row("authorized",  "cancelled",  "cancelled",   REFUSE),
    Row("authorized",  GIVEN_UP,     "cancelling"),
    Row("authorized",  OVERDUE,      "cancelling",  REFUSE),

    Row("capturing",   "captured",   "captured",    HOLD),
    Row("capturing",   "declined",   "declined",    REFUSE),
    Row("capturing",   "cancelled",  "cancelled",   REFUSE),
    Row("capturing",   GIVEN_UP,     "cancelling"),
    Row("capturing",   OVERDUE,      "cancelling",  REFUSE),

    Row("cancelling",  "cancelled",  "cancelled"),
    Row("cancelling",  "declined",   "cancelled"),
    Row("cancelling",  "captured",   "undue",       GIVE_BACK),
    Row("cancelled",   "captured",   "undue",       GIVE_BACK),
    Row("declined",    "captured",   "undue",       GIVE_BACK),
)  # fmt: skip

REFUNDS: Rows = (
    Row("requested",   ASKED,        "refunding"),
    Row("refunding",   "made",       "made",        RETURNED),
    Row("refunding",   "failed",     "credited",    CREDITED),
    Row("made",        "failed",     "credited",    BOUNCED),
)  # fmt: skip

LIVE = ("requested", "authorizing", "authorized", "capturing")
"""A payment whose outcome its order waits for."""
TAKEN = ("captured", "undue")
"""A payment of which the provider has, or had, the money."""
METHOD_KINDS = ("card", "wallet", "bank_debit")
REFUND_TELLS = {"whole": "payments.refund_made.v1", "part": "payments.part_refunded.v1", "undue": None}
"""What a refund may be of an order's payment, and the event that tells when the buyer has it."""
ON_ITS_WAY = ("requested", "refunding")
"""A refund that the buyer does not have yet."""


def _states(rows: Rows) -> tuple[str, ...]:
    return tuple(dict.fromkeys(state for row in rows for state in (row.source, row.target)))


PAYMENT_STATES, REFUND_STATES = _states(PAYMENT), _states(REFUNDS)

_STEPS: dict[Rows, dict[tuple[str, str], Row]] = {table: {(row.source, row.said): row for row in table} for table in (PAYMENT, REFUNDS)}
_ENDS: dict[Rows, frozenset[str]] = {table: frozenset(_states(table)) - {"cancelling", "refunding", *LIVE} for table in (PAYMENT, REFUNDS)}

UNANSWERED = timedelta(minutes=2)
PENDING = {"card": timedelta(minutes=15), "wallet": timedelta(minutes=15), "bank_debit": timedelta(days=21)}
"""How long the buyer waits for a provider that does not answer at all, and for one that says pending."""

LONGEST_PAUSE = timedelta(minutes=5)


def step(table: Rows, state: str, said: str | None) -> Row:
    """What is to be done about a payment or refund in `state` of which this is said (None: nothing); the state's own row where that is nothing."""
    return _STEPS[table].get((state, said or ""), Row(state, said or "", state))


def is_over(table: Rows, state: str) -> bool:
    """Whether nothing more is asked about it, unless the provider says that something happened."""
    return state in _ENDS[table]


def question(state: str, reference: str | None, said: str | None) -> str:
    """What to ask about a payment of which the provider last `said` this; without its `reference` it is not known there yet, or not to us.

    One that was given up before it was known is asked for with the same key: so we learn what there is to cancel.
    """
    if reference is None:
        return AUTHORIZE
    if said == "pending" or state not in ("capturing", "cancelling"):
        return LOOK
    return CAPTURE if state == "capturing" else CANCEL


def overdue(state: str, kind: str, reference: str | None, since: datetime, now: datetime) -> bool:
    """Whether the buyer has waited for this payment long enough."""
    return state in LIVE and now - since >= (UNANSWERED if reference is None else PENDING[kind])


def pause(attempts: int) -> timedelta:
    """Until the same is asked again, after so many times without anything new."""
    return min(LONGEST_PAUSE, timedelta(seconds=2.0 ** (min(attempts, 10) - 2)))
