"""The catalogue of problems against the code: every code that may be answered is there with its statuses, and nothing else is."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.gateway.application.catalogue import PROBLEMS, operation_problems, read_problems
from services.gateway.application.openapi_parts import ANYWHERE
from shared.kit.errors import KINDS
from shared.platform.web.problems import STATUS
from shared.platform.web.protocol import CODES

ROOT = Path(__file__).parents[2]
ERRORS = {kind.__name__: STATUS[name] for name, kind in KINDS.items()}
REFUSALS = {"Refusal"}
"""What tells a reason and is answered as an error, if at all, by who gets it; the classes that services derive from the errors are others."""

HTTP = {404: "no_such_path", 405: "method_not_allowed", 415: "unsupported_media_type", 500: "internal_error"} | CODES | {400: "bad_request"}
"""What the server itself answers, by status."""

PASSED_ON = {
    # where an error is raised with no code that could be read off: one that another one had: its code is found where that one is made
    "services/gateway/application/handling.py": "error.code",
    "services/logistics/application/booking.py": "refusal.reason",
    "services/logistics/application/label_orders.py": "refusal.reason",
    "services/orders/application/paying.py": "error.code",
    "services/payments/application/providers/stripe.py": "reasons of the provider, which are told as payment_method_refused or in a payment's `reason`",
    "services/payments/application/providers/sandbox.py": "the same",
    "shared/platform/web/protocol.py": "CODES",
}


@cache
def trees() -> dict[str, ast.Module]:
    files = [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")]
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in files}


def derived() -> dict[str, str]:
    """The errors that services and the platform derive from the kinds, each with its kind."""
    classes = [node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {each.name: base.id for each in classes for base in each.bases if isinstance(base, ast.Name) and base.id in ERRORS and each.name not in ERRORS}


def makings() -> Iterator[tuple[str, str, ast.expr]]:
    """Wherever an error or refusal is made: file, class, and what is given as its code."""
    classes = derived()
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in classes:
                yield from ((file, classes[node.name], call.args[0]) for call in ast.walk(node) if _is_init(call))
            elif isinstance(node, ast.Call) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
                if name in {*ERRORS, *REFUSALS, *classes} and not _sets_its_own(name):
                    yield file, name, node.args[0]


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__" and bool(node.args) and isinstance(node.args[0], ast.Constant)


@cache
def _sets_its_own(name: str) -> bool:
    """Whether the class gives its code by itself, so that its first argument is none."""
    return any(
        isinstance(node, ast.ClassDef) and node.name == name and any(map(_is_init, ast.walk(node))) for tree in trees().values() for node in ast.walk(tree)
    )


def literals(code: ast.expr) -> Iterator[str]:
    if isinstance(code, ast.Constant):
        yield str(code.value)
    elif isinstance(code, ast.IfExp):
        yield from literals(code.body)
        yield from literals(code.orelse)


def test_every_code_that_may_be_answered_is_in_the_catalogue_with_its_statuses() -> None:
    statuses, reasons = defaultdict[str, set[int]](set), set[str]()
    for _, name, code in makings():
        for literal in literals(code):
            if name in ERRORS:
                statuses[literal].add(ERRORS[name])
            else:
                reasons.add(literal)
    for status, code in HTTP.items():
        statuses[code].add(status)
    statuses["password_required"] = {422}  # the gateway makes it a field that is missing
    missing = sorted((statuses.keys() | reasons) - PROBLEMS.keys())
    assert missing == [], "describe these in services/gateway/data/problems.csv, then run `tradelane docs`"
    assert sorted(PROBLEMS.keys() - statuses.keys() - reasons) == [], "nothing in the code answers these any more"
    told = {code: set(PROBLEMS[code].statuses) for code in statuses}
    assert {code: found for code, found in statuses.items() if not found <= told[code]} == {}, "their statuses are not those of the catalogue"
    assert {code: said for code, said in told.items() if code not in reasons and said != statuses[code]} == {}, "the catalogue has other statuses"


def test_a_code_that_is_passed_on_is_one_that_is_found_where_it_is_made() -> None:
    passed_on = {file for file, _, code in makings() if not list(literals(code))}
    assert passed_on == PASSED_ON.keys()


def test_a_reason_that_is_answered_as_an_error_is_a_conflict_or_an_invalid_value() -> None:
    """As `booking` does it; all others are told in an answer or event."""
    reasons = {literal for _, name, code in makings() if name not in ERRORS for literal in literals(code)}
    errors = {literal for _, name, code in makings() if name in ERRORS for literal in literals(code)}
    assert {code for code in reasons - errors if not set(PROBLEMS[code].statuses) <= {404, 409, 422}} == set()


@pytest.mark.parametrize(
    "row",
    [
        "Not snake case,400,It is.,Do.",
        "code,four,It is.,Do.",
        "code,400,,Do.",
        "code,400,It is.",
        "b,400,It is.,Do.\na,400,It is.,Do.",
        "a,400,It is.,Do.\na,400,It is.,Do.",
    ],
)
def test_a_wrong_row_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match=r"problems|invalid literal"):
        read_problems(["code,status,meaning,advice", *row.split("\n")])


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        # what refuses them in the journeys, and comes from all over: handlers, domain, what several services share, tables, other services' operations, refusals
        (
            "act_on_order",
            {"action_not_allowed", "not_your_step", "submission_under_way", "form_disagrees", "version_changed", "not_found", "password_required"},
        ),
        ("add_product", {"sku_taken", "masses_disagree", "role_required", "sign_in_required", "verification_required"}),
        ("place_order", {"lines_invalid", "terms_invalid", "no_exchange_rate", "payment_method_missing"}),
        ("create_logistics_order", {"too_heavy", "special_goods_not_taken", "outside_pickup_range", "logistics_order_exists", "not_ready_to_ship"}),
        ("get_label", {"label_not_found", "too_many_packages"}),
        ("list_products", {"cursor_invalid"}),
        ("add_payment_method", {"payment_method_refused", "provider_busy"}),
        ("sign_in", {"credentials_incorrect", "sign_in_locked", "totp_required"}),
        ("track", {"number_unknown"}),
    ],
)
def test_an_operation_lists_what_its_service_may_refuse_it_with(operation: str, codes: set[str]) -> None:
    assert codes <= set(operation_problems()[operation])


def test_an_operation_does_not_list_what_is_never_reached_from_it() -> None:
    listed = operation_problems()
    assert set(listed["get_product"]) == {"product_not_found", "role_required", "sign_in_required"}
    assert "sku_taken" not in listed["list_products"]
    assert not {"form_disagrees", "lines_invalid"} & set(listed["get_order"])


def test_what_any_operation_may_answer_is_in_the_catalogue_with_that_status() -> None:
    assert all(status in PROBLEMS[code].statuses for status, codes in ANYWHERE.items() for code in codes)
