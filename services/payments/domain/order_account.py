"""An order's account: which event moves what, in which state, and what is told of it; when a payment is refused. The table is the rule.

Under escrow the platform holds the buyer's funds: from the buyer's balance, or through a payment provider, to which they go back the same way.
Under direct settlement it only keeps the books: a claim walks from receivable over in transit to settled, and from there, if the order is given
up, to refund due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.domain.exchange import Agreed, convert, share
from services.payments.domain.ledger import MOVEMENTS, PAYMENTS, Transfer, balance_after
from services.payments.domain.provider_payment import METHOD_KINDS
from shared.kit.errors import Conflict, Invalid
from shared.kit.money import Money

# How much a row moves. What there is, is the balance of the account that it is taken from.
DUE = "due"  # the invoice's amount
ALL = "all"  # all there is
WORTH = "worth"  # all there is, which the other side gets in the order's own currency
EXACT = "exact"  # what the event says, which must be all there is
CLAIM = "claim"  # what the event says, but never more than there is; where that is nothing, the account is closed
SAID = "said"  # what the event says: it has been moved

# What `provider_payment` finds out, and nobody else tells.
CAPTURED, RETURNED = "provider.payment_captured", "provider.refund_returned"


@dataclass(frozen=True, slots=True)
class Row:
    """On `event`, an account paid this way, in state `source` (None: not there yet), moves `amount`, is then in `target`, and `tells` so."""

    way: str
    source: str | None
    event: str
    movement: str | None
    amount: str | None
    target: str
    tells: str | None

    def takes_from(self, account: OrderAccount) -> list[str]:
        """The codes of the ledger accounts whose balances bound the amount; none where nothing is taken away from anywhere."""
        return MOVEMENTS[self.movement].lowered(account.owners) if self.movement else []


ROWS = (
    #    way        source         event                           movement                       amount  target        tells
    Row("direct",   None,         "orders.order_placed.v1",       "invoiced",                     DUE,   "open",       "payments.account_opened.v1"),
    Row("direct",   "open",       "orders.payment_submitted.v1",  "payment_reported",             DUE,   "reported",   "payments.payment_recorded.v1"),
    Row("direct",   "reported",   "orders.payment_confirmed.v1",  "payment_confirmed",            EXACT, "settled",    "payments.invoice_settled.v1"),
    Row("direct",   "open",       "orders.order_rejected.v1",     "invoice_voided",               ALL,   "closed",     None),
    Row("direct",   "open",       "orders.order_cancelled.v1",    "invoice_voided",               ALL,   "closed",     None),
    Row("direct",   "reported",   "orders.order_cancelled.v1",    "refund_of_reported_claimed",   CLAIM, "refund_due", "payments.refund_due.v1"),
    Row("direct",   "settled",    "orders.order_cancelled.v1",    "refund_of_settled_claimed",    CLAIM, "refund_due", "payments.refund_due.v1"),
    Row("direct",   "refund_due", "orders.refund_received.v1",    "refund_settled",               ALL,   "refunded",   "payments.refund_settled.v1"),

    Row("escrow",   None,         "orders.order_placed.v1",       None,                           DUE,   "open",       "payments.account_opened.v1"),
    Row("escrow",   "open",       "orders.payment_submitted.v1",  "escrow_paid",                  DUE,   "held",       "payments.payment_recorded.v1"),
    Row("escrow",   "held",       "orders.protection_ended.v1",   "escrow_released",              WORTH, "released",   "payments.funds_released.v1"),
    Row("escrow",   "open",       "orders.order_rejected.v1",     None,                           None,  "closed",     None),
    Row("escrow",   "open",       "orders.order_cancelled.v1",    None,                           None,  "closed",     None),
    Row("escrow",   "held",       "orders.order_cancelled.v1",    "escrow_refunded",              ALL,   "refunded",   "payments.refund_made.v1"),

    Row("provider", "open",       CAPTURED,                       "escrow_captured",              DUE,   "held",       "payments.payment_recorded.v1"),
    Row("provider", "held",       "orders.protection_ended.v1",   "escrow_released",              WORTH, "released",   "payments.funds_released.v1"),
    Row("provider", "held",       "orders.order_cancelled.v1",    "escrow_returning",             ALL,   "returning",  None),
    Row("provider", "returning",  RETURNED,                       None,                           SAID,  "refunded",   "payments.refund_made.v1"),
)  # fmt: skip

ESCROW_METHODS = ("balance", *METHOD_KINDS)

STATES = tuple(dict.fromkeys(row.target for row in ROWS))

_ROWS = {(row.way, row.source, row.event): row for row in ROWS}
if len(_ROWS) != len(ROWS):
    raise ValueError("two rows answer the same event in the same state")


@dataclass(frozen=True, slots=True)
class OrderAccount:
    """What one order owes, between whom and how it is settled; `state` is None before it is opened, `provider` where none has its payment."""

    order_id: str
    buyer_id: str
    supplier_id: str
    settlement: str
    due: Money
    state: str | None = None
    exchange: Agreed | None = None  # where what is due is in another currency than the order
    provider: str | None = None

    @property
    def way(self) -> str:
        """Which rows of the table are the account's: those of its settlement, or of escrow through a provider."""
        return "provider" if self.provider else self.settlement

    @property
    def owners(self) -> dict[str, str]:
        """Whose ledger accounts the order's movements are made on."""
        return {"order": self.order_id, "buyer": self.buyer_id, "supplier": self.supplier_id, "provider": self.provider or ""}

    def worth(self, amount: Money) -> Money:
        """What a part of what is due is in the order's own currency, all of it being exactly the order's total."""
        return share(amount, self.due, self.exchange.order_total) if self.exchange else amount

    def payable(self, said: Money | None) -> Money | None:
        """What is said, in the currency of what is due: orders may say it in the order's own."""
        if said and self.exchange and said.currency == self.exchange.order_total.currency:
            return share(said, self.exchange.order_total, self.due)
        return said


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event makes of an account: its next state, the transfers that go with it, and the event that tells of `amount`."""

    state: str
    amount: Money
    transfers: Sequence[Transfer]
    tells: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where an order's money stands: paid in all, held in escrow now, owed back by the supplier now."""

    paid: Money
    held: Money
    refund_due: Money


class PaymentRefused(Conflict):
    """The buyer's payment is not taken; `code` is the reason."""


def check_exchange(exchange: Agreed, due: Money) -> None:
    """Invalid `exchange_mismatch` where what is due is not what the order's total comes to at the rate that was agreed on."""
    if due != convert(exchange.order_total, exchange.rate, due.currency):
        raise Invalid("exchange_mismatch", f"{exchange.order_total} at {exchange.rate:f} are not {due}.")


def row_for(account: OrderAccount, event: str) -> Row:
    """The row that answers the event in the account's state; Conflict `out_of_turn` where there is none."""
    row = _ROWS.get((account.way, account.state, event))
    if row is None:
        raise Conflict("out_of_turn", f"{event} does not concern an account that is {account.state or 'not open'} under {account.settlement} settlement.")
    return row


def decide(row: Row, account: OrderAccount, available: Money | None, said: Money | None = None) -> Outcome:
    """What the row does to the account.

    `available` is the least that the accounts it takes from have, None where it takes from none; `said` is the amount in the event, if any.
    PaymentRefused `insufficient_funds`; Invalid `amount_mismatch` where what is said must be all there is, and is not.
    """
    said = account.payable(said)
    amount = account.due if available is None or row.amount == DUE else available
    if row.amount == SAID and said:
        amount = said
    if available is not None and available < amount:
        raise PaymentRefused("insufficient_funds", f"{amount} are due, and the buyer's balance has less.")
    if row.amount == EXACT and said != amount:
        raise Invalid("amount_mismatch", f"{said} are confirmed, {amount} were reported.")
    if row.amount == CLAIM:
        amount = min(amount, said or Money(0, amount.currency))
        if amount.minor == 0:
            return Outcome("closed", amount, (), None)
    given = account.worth(amount) if row.amount == WORTH else amount
    transfers = MOVEMENTS[row.movement].exchanged(account.owners, amount, given) if row.movement else ()
    return Outcome(row.target, given, transfers, row.tells)


def check_payment(account: OrderAccount, method: str, amount: str, currency: str) -> None:
    """PaymentRefused where the account does not take a payment by this method of `amount` (in major units)."""
    due = account.due
    if account.state == "closed":
        raise PaymentRefused("account_closed", "The order is over; nothing is due.")
    if account.state != "open":
        raise PaymentRefused("already_paid", f"The order's {due} are paid already.")
    if (method in ESCROW_METHODS) != (account.settlement == "escrow"):
        raise PaymentRefused("method_not_accepted", f"The method {method} is not one of {account.settlement} settlement.")
    if currency != due.currency:
        raise PaymentRefused("currency_mismatch", f"{due} are due; the payment is in {currency}.")
    if not _is(amount, due):
        raise PaymentRefused("amount_mismatch", f"{due} are due, not {amount} {currency}.")


def position(account: OrderAccount, transfers: Sequence[Transfer]) -> Position:
    """After all of the order's transfers."""
    amounts = (
        sum(each.amount.minor for each in transfers if each.kind in PAYMENTS),
        balance_after(transfers, f"escrow:{account.order_id}"),
        balance_after(transfers, f"refund_due:{account.order_id}"),
    )
    return Position(*(Money(minor, account.due.currency) for minor in amounts))


def _is(amount: str, due: Money) -> bool:
    try:
        return Money.of(amount, due.currency) == due
    except ValueError:  # more decimals than the currency has
        return False
