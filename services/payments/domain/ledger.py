"""The chart of accounts, and every movement there is between them. Which event makes which movement is told in `order_account`.

Double entry: a transfer debits one account and credits another with one positive amount in one currency, so the books balance
by construction. An account of the debit side grows by debits (something somebody has, or may claim); one of the credit side by
credits (something owed to somebody). No account may fall below zero. A code is `kind:owner`, e.g. `escrow:<order id>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.kit.money import Money


@dataclass(frozen=True, slots=True)
class AccountKind:
    """`side` is `debit` or `credit`: which of the two makes the account grow."""

    name: str
    side: str
    meaning: str


CHART = {
    kind.name: kind
    for kind in (
        # Funds on the platform: what it has at the bank is what it owes to the parties and holds for orders.
        AccountKind("bank",       "debit",  "the platform's own account at its bank"),
        AccountKind("balance",    "credit", "a party's funds on the platform"),
        AccountKind("escrow",     "credit", "held for an order until it is released or refunded"),
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
    """A kind of transfer. `debit` and `credit` are codes with the owner's part left open: `{order}`, `{buyer}`, `{supplier}`."""

    kind: str
    debit: str
    credit: str

    def transfer(self, owners: Mapping[str, str], amount: Money) -> Transfer:
        return Transfer(self.kind, self.debit.format_map(owners), self.credit.format_map(owners), amount)

    def lowered(self, owners: Mapping[str, str]) -> list[str]:
        """The accounts that it takes from, by code: they bound its amount."""
        sides = ((self.debit, "credit"), (self.credit, "debit"))
        return [template.format_map(owners) for template, side in sides if kind_of(template).side == side]


MOVEMENTS = {
    movement.kind: movement
    for movement in (
        #         kind                          debit                  credit
        Movement("deposit",                    "bank:platform",       "balance:{party}"),
        Movement("escrow_paid",                "balance:{buyer}",     "escrow:{order}"),
        Movement("escrow_refunded",            "escrow:{order}",      "balance:{buyer}"),
        Movement("escrow_released",            "escrow:{order}",      "balance:{supplier}"),
        Movement("invoiced",                   "receivable:{order}",  "sale:{order}"),
        Movement("invoice_voided",             "sale:{order}",        "receivable:{order}"),
        Movement("payment_reported",           "in_transit:{order}",  "receivable:{order}"),
        Movement("payment_confirmed",          "settled:{order}",     "in_transit:{order}"),
        Movement("refund_of_reported_claimed", "refund_due:{order}",  "in_transit:{order}"),
        Movement("refund_of_settled_claimed",  "refund_due:{order}",  "settled:{order}"),
        Movement("refund_settled",             "sale:{order}",        "refund_due:{order}"),
    )
}  # fmt: skip

# Those by which a buyer pays.
PAYMENTS = frozenset({"escrow_paid", "payment_reported"})


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
