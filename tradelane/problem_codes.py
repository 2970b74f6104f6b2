"""Which problems each operation may answer with, found in the code: whatever its method reaches by name, and the codes of the errors that are made there.

A code that is found may need a case that another check rules out. What the gateway and the bus may answer to any request is not looked for.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from services.gateway.application.catalogue import PROBLEMS
from services.logistics.domain.refusal import Refusal
from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.errors import TradeError
from shared.platform.calls import Call
from shared.platform.rpc import Rpc
from shared.platform.topology import SUBSCRIPTIONS

FILE = Path(__file__).parents[1] / "services" / "gateway" / "data" / "operation_problems.json"
_OURS = ("services.", "shared.contracts", "shared.kit", "shared.platform.calls", "shared.platform.pages")
"""Modules that are looked into: the rest of the platform answers for itself, with problems that any operation has."""

Door = tuple[type, FunctionType]
"""A service's class, and its method that answers an operation."""


def listed() -> str:
    """Operation → codes as JSON, one a line."""
    lines = (f" {json.dumps(operation.name)}: {json.dumps(sorted(codes_of(operation)))}" for operation in sorted(doors(), key=lambda each: each.name))
    return "{\n" + ",\n".join(lines) + "\n}\n"


@cache
def doors() -> Mapping[Operation, Door]:
    """Where each operation is answered."""
    found: dict[Operation, Door] = {}
    for service in SUBSCRIPTIONS:
        module = import_module(f"services.{service}.service")
        owner = next(each for each in vars(module).values() if getattr(each, "name", None) == service)
        for method in vars(owner).values():
            found |= {each.operation: (owner, inspect.unwrap(method)) for each in getattr(method, "nameko_entrypoints", ()) if isinstance(each, Rpc)}
    return found


@cache
def codes_of(operation: Operation) -> frozenset[str]:
    """The operation's own codes, and those of the operations that it asks."""
    values = _reached(*doors()[operation])
    makings = [making for value in values if isinstance(value, FunctionType) for making in _makings(value)]
    codes = {literal for made, code in makings if issubclass(made, TradeError) for literal in _literals(made, code)}
    if any(isinstance(code, ast.Attribute) and code.attr == "reason" for _, code in makings):  # a refusal is answered as an error
        codes |= {literal for made, code in makings if made is Refusal for literal in _literals(made, code)}
        codes |= {value.reason for value in values if isinstance(value, Refusal)}
    others = (codes_of(value) for value in values if isinstance(value, Operation) and value is not operation)
    return frozenset(code for code in codes if PROBLEMS[code].statuses).union(*others)


def _reached(owner: type, method: FunctionType) -> set[Any]:
    """All functions that the method may come to, and the operations and refusals that they name."""
    reached, ahead = set[Any](), list[Any]([method])
    while ahead:
        value = ahead.pop()
        if value not in reached:
            reached.add(value)
            if isinstance(value, FunctionType):
                ahead += _named(value, owner)
    return reached


def _named(function: FunctionType, owner: type) -> Iterator[Any]:
    """What the function's names stand for, in its module, in the modules that it names, or as methods of the service, of the call or of who calls."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    scopes = [function.__globals__, *(vars(value) for name in names if isinstance(value := function.__globals__.get(name), ModuleType))]
    for scope in (*scopes, vars(owner), vars(Call), vars(Actor)):
        for name in names & scope.keys():
            yield from _ours(scope[name])


def _ours(value: Any) -> Iterator[Any]:
    """What is looked into: functions, alone, in partials, in tables or as methods; operations; refusals."""
    value = inspect.unwrap(value) if callable(value) else value
    if isinstance(value, partial):
        yield from _ours(value.func)
    elif isinstance(value, (property, staticmethod, classmethod)):
        yield from _ours(value.fget if isinstance(value, property) else value.__func__)
    elif isinstance(value, (Operation, Refusal)) or (isinstance(value, FunctionType) and value.__module__.startswith(_OURS)):
        yield value
    elif isinstance(value, type) and value.__module__.startswith(_OURS) and not issubclass(value, TradeError):
        yield from (each for method in vars(value).values() if not isinstance(method, type) for each in _ours(method))
    elif isinstance(value, Mapping):
        yield from (each for one in value.values() for each in _ours(one))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Of the function and those within it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


@cache
def _makings(function: FunctionType) -> tuple[tuple[type, ast.expr], ...]:
    """The errors and refusals that the function makes, with the expression of their code."""
    calls = [node for node in ast.walk(_tree(function)) if isinstance(node, ast.Call) and node.args]
    made = [(function.__globals__.get(call.func.id), call.args[0]) for call in calls if isinstance(call.func, ast.Name)]
    return tuple((kind, code) for kind, code in made if isinstance(kind, type) and issubclass(kind, (TradeError, Refusal)))


def _tree(function: FunctionType) -> ast.AST:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):  # one that was made, or stands within an expression
        return ast.Module([], [])


def _literals(made: type, code: ast.expr) -> Iterator[str]:
    """The codes that the expression may be, or that which a class of its own has."""
    if own := _own(made):
        yield own
    elif isinstance(code, ast.Constant):
        yield str(code.value)
    elif isinstance(code, ast.IfExp):
        yield from _literals(made, code.body)
        yield from _literals(made, code.orelse)


def _own(made: type) -> str | None:
    """The code that a class gives to all its errors."""
    calls = [node for node in ast.walk(_tree(init)) if isinstance(node, ast.Call)] if isinstance(init := vars(made).get("__init__"), FunctionType) else []
    codes = [call.args[0] for call in calls if ast.unparse(call.func) == "super().__init__" and call.args]
    return next((str(code.value) for code in codes if isinstance(code, ast.Constant)), None)
