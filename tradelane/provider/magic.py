"""The numbers that the sandbox takes, and what becomes of payments by each. It takes no others, so that nobody's real number ends up here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`pending`: seconds until a payment is decided; `reason`: why it is declined, None where it is not.

    `lapses`: its authorization is over before it can be captured. `refund`: seconds until a refund is decided; `refund_fails`: and how.
    """

    reason: str | None = None
    pending: float = 0
    lapses: bool = False
    refund: float = 0
    refund_fails: bool = False


BEHAVIOURS = {
    "always_ok": Behaviour(),
    "declined": Behaviour("declined"),
    "insufficient_funds": Behaviour("insufficient_funds"),
    "authentication_required": Behaviour("authentication_required"),
    "fraud_suspected": Behaviour("fraud_suspected"),
    "limit_exceeded": Behaviour("limit_exceeded"),
    "account_closed": Behaviour("account_closed"),
    "slow": Behaviour(pending=2),
    "slow_declined": Behaviour("declined", pending=2),
    "lapses": Behaviour(lapses=True),
    "refund_slow": Behaviour(refund=2),
    "refund_fails": Behaviour(refund=2, refund_fails=True),
    # A bank takes its time over everything, and captures what it does not decline.
    "bank_ok": Behaviour(pending=1, refund=1),
    "bank_insufficient_funds": Behaviour("insufficient_funds", pending=1),
    "bank_account_closed": Behaviour("account_closed", pending=1),
}


@dataclass(frozen=True, slots=True)
class Number:
    """What one types in: a card's number, a wallet's account or an IBAN."""

    kind: str
    number: str
    brand: str
    behaviour: str

    @property
    def last4(self) -> str:
        return "" if self.kind == "wallet" else self.number[-4:]

    @property
    def label(self) -> str:
        return self.brand if self.kind == "wallet" else f"{self.brand} •••• {self.last4}"


# fmt: off
NUMBERS = (
    Number("card",       "4242424242424242",                "Visa",         "always_ok"),
    Number("card",       "5555555555554444",                "Mastercard",   "always_ok"),
    Number("card",       "4000000000000002",                "Visa",         "declined"),
    Number("card",       "4000000000009995",                "Visa",         "insufficient_funds"),
    Number("card",       "4000000000003220",                "Visa",         "authentication_required"),
    Number("card",       "4100000000000019",                "Visa",         "fraud_suspected"),
    Number("card",       "4000000000006975",                "Visa",         "limit_exceeded"),
    Number("card",       "4000000000000077",                "Visa",         "slow"),
    Number("card",       "4000000000000341",                "Visa",         "slow_declined"),
    Number("card",       "4000000000000259",                "Visa",         "lapses"),
    Number("card",       "4000000000007726",                "Visa",         "refund_slow"),
    Number("card",       "4000000000005126",                "Visa",         "refund_fails"),
    Number("wallet",     "ok@wallet.example",               "Wallet",       "always_ok"),
    Number("wallet",     "declined@wallet.example",         "Wallet",       "declined"),
    Number("wallet",     "insufficient@wallet.example",     "Wallet",       "insufficient_funds"),
    Number("wallet",     "slow@wallet.example",             "Wallet",       "slow"),
    Number("wallet",     "closed@wallet.example",           "Wallet",       "account_closed"),
    Number("bank_debit", "DE89370400440532013000",          "Bank account", "bank_ok"),
    Number("bank_debit", "DE62370400440532013001",          "Bank account", "bank_insufficient_funds"),
    Number("bank_debit", "DE35370400440532013002",          "Bank account", "bank_account_closed"),
)
# fmt: on

_BY_NUMBER = {(each.kind, each.number): each for each in NUMBERS}


def find(kind: str, number: str) -> Number | None:
    """The number as one types it, blanks and case aside."""
    compact = number.replace(" ", "")
    return _BY_NUMBER.get((kind, compact.lower() if kind == "wallet" else compact.upper()))
