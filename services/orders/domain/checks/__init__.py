"""Cross-checks of a submitted form with the order it belongs to. What a form must be by itself (types, ranges, codes) is its contract's.

`check` is the way in; the rules are in a module for each kind of form.
"""

from __future__ import annotations

from collections.abc import Callable

from services.orders.domain.checks.carriage import check_insurance, check_receiving, check_shipping
from services.orders.domain.checks.customs import Gap, check_export_customs, check_import_customs, customs_gaps
from services.orders.domain.checks.facts import Form, Line, OrderFacts, Problems
from services.orders.domain.checks.payment import BOUND, check_payment, check_payment_confirmation

__all__ = ["BOUND", "Gap", "Line", "OrderFacts", "check", "customs_gaps"]

_CHECKS: dict[str, Callable[[Form, OrderFacts], Problems]] = {
    "payment": check_payment,
    "payment_confirmation": check_payment_confirmation,
    "export_customs": check_export_customs,
    "shipping": check_shipping,
    "insurance": check_insurance,
    "import_customs": check_import_customs,
    "receiving": check_receiving,
}


def check(form_name: str, form: Form, facts: OrderFacts, reasons: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """What disagrees, by field path; empty where all is well. An exception's reason must be one of `reasons`, the transition's own."""
    if form_name == "exception":
        problems = Problems()
        problems.unless(form["reason"] in reasons, "reason", f"Must be one of: {', '.join(reasons)}.")
        return problems
    return _CHECKS[form_name](form, facts) if form_name in _CHECKS else {}
