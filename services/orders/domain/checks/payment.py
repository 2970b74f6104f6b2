"""Cross-checks of the buyer's payment and of the supplier's confirmation that it has come."""

from __future__ import annotations

from services.orders.domain.checks.facts import Form, OrderFacts, Problems
from shared.kit.money import Money

BOUND = ("card", "wallet", "bank_debit")
"""Methods by which a payment provider takes the money for the platform: of those the buyer has bound one, or more."""


def check_payment(form: Form, facts: OrderFacts) -> Problems:
    """The method is one the settlement allows, the amount the order's total."""
    problems = Problems()
    bound = form["method"] in BOUND
    through_us = bound or form["method"] == "balance"
    if facts.terms.settlement == "escrow":
        ours = "Under escrow the platform takes the money: balance, for what the buyer has on it, card, wallet or bank_debit."
        problems.unless(through_us, "method", ours)
    else:
        problems.unless(
            not through_us, "method", "Under direct settlement the money goes to the supplier: any method but balance, card, wallet and bank_debit."
        )
    if bound:
        problems.unless("payment_method_id" in form, "payment_method_id", "Which of your payment methods? Give its id.")
    else:
        problems.unless("payment_method_id" not in form, "payment_method_id", f"Only with {', '.join(BOUND)}.")
    problems.unless(form["currency"] == facts.payable.currency, "currency", f"The order is in {facts.payable.currency}.")
    problems.unless(_is_total(form, facts.payable), "amount", f"The order's total is {facts.payable}.")
    problems.unless_between(form["paid_on"], "paid_on", facts, after=())
    return problems


def check_payment_confirmation(form: Form, facts: OrderFacts) -> Problems:
    """What was received is the order's total."""
    problems = Problems()
    problems.unless(
        form["received_amount"] == facts.payable, "received_amount", f"The total is {facts.payable}: where another amount came, raise an exception."
    )
    problems.unless_between(form["received_on"], "received_on", facts, after=["payment.paid_on"])
    return problems


def _is_total(form: Form, total: Money) -> bool:
    try:
        return Money.of(form["amount"], total.currency) == total
    except ValueError:
        return False
