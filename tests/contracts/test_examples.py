"""Each operation shows what is sent and what is answered, by an example that its schema takes and that somebody might really send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from marshmallow import Schema

from services.gateway.application.examples import example
from services.gateway.application.pages import document
from services.gateway.application.routes import ROUTES, Route
from shared.contracts.forms import FORMS
from shared.contracts.loading import load

MADE_UP = ("string", "text", "foo", "bar", "lorem", "example", "test", "todo", "xxx")


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return document()


def shown(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type and parameter of the document, with its place."""
    if isinstance(value, dict):
        if "schema" in value and isinstance(value["schema"], dict):
            yield where, value
        for name, each in value.items():
            if name not in ("schema", "schemas", "example", "examples"):
                yield from shown(each, f"{where} {name}")
    elif isinstance(value, list):
        for each in value:
            yield from shown(each, f"{where} {each.get('name', '')}" if isinstance(each, dict) else where)


def examples(part: dict[str, Any]) -> list[Any]:
    if "examples" in part:
        return [each["value"] for each in part["examples"].values()]
    return [part["example"]] if "example" in part else list(part["schema"].get("examples", []))


def test_every_body_answer_and_parameter_has_an_example_that_its_schema_takes(made: dict[str, Any]) -> None:
    wrong = []
    for where, part in shown({"paths": made["paths"], "components": {"responses": made["components"]["responses"]}}):
        if part["schema"].get("format") == "binary":
            continue
        given = examples(part)
        validator = Draft202012Validator({**part["schema"], "components": made["components"]}, format_checker=FormatChecker())
        wrong += (
            [f"{where}: none"]
            if not given
            else [f"{where}: {error.json_path} {error.message[:200]}" for each in given for error in validator.iter_errors(each)]
        )
    assert wrong == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation.name)
def test_what_an_example_sends_is_loaded_by_the_operation(route: Route) -> None:
    if not (route.body_as or route.is_callback or route.takes_document):
        asked: Schema = route.operation.request(exclude=route.elsewhere)
        load(asked, example(asked, answered=False))


@pytest.mark.parametrize("name", FORMS)
def test_what_an_example_of_a_form_sends_is_loaded(name: str) -> None:
    load(FORMS[name](), example(FORMS[name](), answered=False))


def test_no_example_is_a_word_for_nothing(made: dict[str, Any]) -> None:
    def words(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value.lower()
        elif isinstance(value, (dict, list)):
            for each in value.values() if isinstance(value, dict) else value:
                yield from words(each)

    assert [word for _, part in shown(made["paths"]) for each in examples(part) for word in words(each) if word in MADE_UP] == []
