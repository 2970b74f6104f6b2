"""A supplier's freight account: what a charge comes to, when it is refused and what to do then, and what a credit gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from services.payments.domain.exchange import share
from shared.kit.errors import Conflict, Invalid
from shared.kit.money import Money

CHARGE, CREDIT = DIRECTIONS = ("charge", "credit")

# A charge is charged, or refused for good, or outstanding until there are funds, or withdrawn before; a credit is credited, or there was nothing to give back.
CHARGED, CREDITED, REFUSED, OUTSTANDING, WITHDRAWN = STATES = ("charged", "credited", "refused", "outstanding", "withdrawn")
MOVED = (CHARGED, CREDITED)
"""The states of entries that have moved money, if only nothing."""

REWEIGHING = "reweighing"
"""The kind of item that is owed whether it can be paid or not: the parcel is under way already."""

BIND, TOP_UP = "POST /v1/freight-account", "POST /v1/freight-account/top-ups"


@dataclass(frozen=True, slots=True)
class Item:
    kind: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Due:
    """Freight as logistics tells of it: charged, or given back, all of it or none."""

    charge_id: str
    order_id: str
    supplier_id: str
    items: tuple[Item, ...]

    @property
    def amount(self) -> Money:
        """All items; Invalid `freight_invalid` where there is none, or they are of two currencies."""
        try:
            return reduce(Money.__add__, (each.amount for each in self.items))
        except (TypeError, ValueError) as error:
            raise Invalid("freight_invalid", "Freight has one item or more, all of one currency.") from error

    @property
    def stays_due(self) -> bool:
        """Whether it is still owed when it cannot be paid."""
        return all(each.kind == REWEIGHING for each in self.items)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was charged or credited: `amount` as it was billed, `moved` in the account's currency."""

    direction: str
    amount: Money
    moved: Money

    @property
    def sign(self) -> int:
        return 1 if self.direction == CHARGE else -1


class FreightRefused(Conflict):
    """The charge is not taken; `code` is the reason, `message` what to do about it."""


def no_account(due: Due) -> FreightRefused:
    """The supplier has bound no freight account."""
    return FreightRefused(
        "freight_account_missing",
        f"{due.amount} of freight are due, and there is no freight account to take them from: bind one ({BIND}) and top it up ({TOP_UP}) "
        f"with at least as much. {_afterwards(due)}",
    )


def no_rate(due: Due, currency: str) -> FreightRefused:
    """Nothing says what the charge is in the account's currency."""
    return FreightRefused(
        "freight_currency_mismatch",
        f"{due.amount} of freight are due, and the freight account is in {currency}: there is no exchange rate between the two at this time. "
        f"Ask the platform's operators for one. {'It is charged with the next top-up after that.' if due.stays_due else _afterwards(due)}",
    )


def check_funds(due: Due, taken: Money, balance: Money) -> None:
    """FreightRefused `insufficient_freight_funds` where the account has not what is to be taken."""
    if balance < taken:
        converted = "" if taken.currency == due.amount.currency else f" ({taken})"
        raise FreightRefused(
            "insufficient_freight_funds",
            f"{due.amount} of freight are due{converted} and the freight account has {balance}: top it up ({TOP_UP}) with at least {taken - balance}. "
            f"{_afterwards(due)}",
        )


def given_back(due: Due, entries: Sequence[Entry], currency: str) -> Money:
    """What the credit is in the account's `currency`, at the rates that the order's freight was charged at; `entries` are that order's.

    All that is left of what was billed gives back all that is left of what was taken. Conflict `credit_exceeds_charges` where less is left.
    """
    billed = [each for each in entries if each.amount.currency == due.amount.currency]
    left = Money(sum(each.sign * each.amount.minor for each in billed), due.amount.currency)
    if left < due.amount:
        raise Conflict("credit_exceeds_charges", f"{due.amount} are to be given back, and {left} of the order's freight are left.")
    worth = Money(sum(each.sign * each.moved.minor for each in billed), currency)
    return share(due.amount, left, worth) if left.minor else worth


def _afterwards(due: Due) -> str:
    return "Then it is charged by itself." if due.stays_due else "Then create the logistics order again."
