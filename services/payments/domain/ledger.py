"""The chart of accounts, and every movement there is between them. Which event makes which movement is told in `order_account`.

Double entry: a transfer debits one account and credits another with one positive amount in one currency, so the books balance
by construction. An account of the debit side grows by debits (something somebody has, or may claim); one of the credit side by
credits (something owed to somebody). No account may fall below zero, but for those of the side `either`. A code is `kind:owner`,
e.g. `escrow:<order id>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.kit.money import Money


@dataclass(frozen=True, slots=True)
class AccountKind:
    """`side` is `debit` or `credit`: which of the two makes the account grow. One of `either` side counts as credit, and may be below zero."""

    name: str
    side: str
    meaning: str


CHART = {
    kind.name: kind
    for kind in (
        # Funds on the platform: what came by bank and lies at providers, less what was paid out, is what it owes to the parties and holds for orders.
        AccountKind("bank",       "debit",  "the platform's own account at its bank"),
        AccountKind("balance",    "credit", "a party's funds on the platform"),
        AccountKind("provider",   "debit",  "what a payment provider holds for the platform"),
        AccountKind("escrow",     "credit", "held for an order until it is released or refunded"),
        AccountKind("returning",  "credit", "on its way back through the provider to an order's buyer"),
        AccountKind("paying_out", "credit", "on its way from a party's balance to their bank account"),
        AccountKind("paid_out",   "credit", "what has left the platform for parties' bank accounts, from wherever it lay"),
        AccountKind("freight",    "credit", "a supplier's freight account: funds that only carriage is paid from"),
        AccountKind("carriage",   "credit", "what the platform has been paid for carriage, and owes the carriers"),
        AccountKind("exchange",   "either", "what the platform took in a currency for what it gave in others"),
        # Direct settlement: no money passes the platform; these are the parties' claims on each other, order by order.
        AccountKind("sale",       "credit", "what the supplier sold, less what was undone"),
        AccountKind("receivable", "debit",  "the supplier's claim on the buyer: not yet paid"),
        AccountKind("in_transit", "debit",  "paid as the buyer says, not yet confirmed by the supplier"),
        AccountKind("settled",    "debit",  "received by the supplier"),
        AccountKind("refund_due", "debit",  "the buyer's claim on the supplier: to be paid back"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transfer:
    """One entry of the ledger: `amount` (positive) debited to one account code and credited to the other."""

    kind: str
    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """A kind of transfer. `debit` and `credit` are codes with the owner's part left open: `{order}`, `{buyer}`, `{supplier}`, `{provider}`, `{party}`, `{payout}`.

    `of` is what it belongs to, by the column that says which: an order, a bank's reference, an entry of a freight account, or nothing (None).
    """

    kind: str
    debit: str
    credit: str
    of: str | None = "order_id"

    def transfer(self, owners: Mapping[str, str], amount: Money) -> Transfer:
        return Transfer(self.kind, self.debit.format_map(owners), self.credit.format_map(owners), amount)

    def exchanged(self, owners: Mapping[str, str], taken: Money, given: Money) -> list[Transfer]:
        """The movement where what one account gives and what the other gets may be of two currencies: then by way of the platform's exchange
        account. What rounding makes nothing of is left out. Those who move two currencies lock them in one order, that of their codes."""
        if taken.currency == given.currency:
            legs = [self.transfer(owners, given)]
        else:
            legs = [
                Transfer(self.kind, self.debit.format_map(owners), EXCHANGE, taken),
                Transfer(EXCHANGED, EXCHANGE, self.credit.format_map(owners), given),
            ]
        return sorted((each for each in legs if each.amount.minor), key=lambda each: each.amount.currency)

    def lowered(self, owners: Mapping[str, str]) -> list[str]:
        """The accounts that it takes from, by code: they bound its amount."""
        sides = ((self.debit, "credit"), (self.credit, "debit"))
        return [template.format_map(owners) for template, side in sides if kind_of(template).side == side]


EXCHANGE, EXCHANGED = "exchange:platform", "exchanged"
"""The account that two currencies meet on, and the kind of transfer by which the second leaves it."""

MOVEMENTS = {
    movement.kind: movement
    for movement in (
        #         kind                          debit                  credit                 of
        Movement("deposit",                    "bank:platform",       "balance:{party}",     "reference"),
        Movement("payout_requested",           "balance:{party}",     "paying_out:{payout}", None),
        Movement("payout_paid",                "paying_out:{payout}", "paid_out:platform",   None),
        Movement("payout_rejected",            "paying_out:{payout}", "balance:{party}",     None),
        Movement("escrow_paid",                "balance:{buyer}",     "escrow:{order}"),
        Movement("escrow_refunded",            "escrow:{order}",      "balance:{buyer}"),
        Movement("escrow_released",            "escrow:{order}",      "balance:{supplier}"),
        Movement("escrow_captured",            "provider:{provider}", "escrow:{order}"),
        Movement("escrow_returning",           "escrow:{order}",      "returning:{order}"),
        Movement("undue_captured",             "provider:{provider}", "returning:{order}"),
        Movement("escrow_returned",            "returning:{order}",   "provider:{provider}"),
        Movement("escrow_credited",            "returning:{order}",   "balance:{buyer}"),
        Movement("escrow_bounced",             "provider:{provider}", "balance:{buyer}"),
        Movement("freight_topped_up",          "balance:{supplier}",  "freight:{supplier}",  None),
        Movement("freight_paid_in",            "provider:{provider}", "freight:{supplier}",  None),
        Movement("freight_charged",            "freight:{supplier}",  "carriage:platform",   "freight_id"),
        Movement("freight_credited",           "carriage:platform",   "freight:{supplier}",  "freight_id"),
        Movement("invoiced",                   "receivable:{order}",  "sale:{order}"),
        Movement("invoice_voided",             "sale:{order}",        "receivable:{order}"),
        Movement("payment_reported",           "in_transit:{order}",  "receivable:{order}"),
        Movement("payment_confirmed",          "settled:{order}",     "in_transit:{order}"),
        Movement("refund_of_reported_claimed", "refund_due:{order}",  "in_transit:{order}"),
        Movement("refund_of_settled_claimed",  "refund_due:{order}",  "settled:{order}"),
        Movement("refund_settled",             "sale:{order}",        "refund_due:{order}"),
    )
}  # fmt: skip

KINDS = (*MOVEMENTS, EXCHANGED)

# Those by which a buyer pays.
PAYMENTS = frozenset({"escrow_paid", "escrow_captured", "payment_reported"})


def kind_of(code: str) -> AccountKind:
    """The chart's kind of an account `kind:owner`."""
    return CHART[code.partition(":")[0]]


def balance(code: str, debits: int, credits: int) -> int:
    """What an account has on its side, in minor units, after these totals."""
    return debits - credits if kind_of(code).side == "debit" else credits - debits


def balance_after(transfers: Sequence[Transfer], code: str) -> int:
    """The same, after these transfers of one currency."""
    debits = sum(each.amount.minor for each in transfers if each.debit == code)
    credits = sum(each.amount.minor for each in transfers if each.credit == code)
    return balance(code, debits, credits)
