"""Every problem's code as a page, docs/problems.md, from the catalogue that the gateway serves at `/problems/{code}`."""

from __future__ import annotations

from collections.abc import Iterator

from services.gateway.application.catalogue import PROBLEMS

INTRODUCTION = """# Problems

Generated from `services/gateway/data/problems.csv`: change that, then run `tradelane docs`.

Every error is a problem document ([how to read one](http-api.md#when-something-is-refused)). Its `type` is `/problems/` and its `code`: a running system serves there what stands
below, as JSON or, to a browser, as a page. Codes without a status come as the `reason` of a refusal that an answer or event tells of, since it was another service that
refused, later.
"""


def markdown() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield "| code | status | meaning | what to do |"
    yield "| --- | --- | --- | --- |"
    for each in PROBLEMS.values():
        yield f"| `{each.code}` | {' '.join(map(str, each.statuses)) or '–'} | {each.meaning} | {each.advice} |"
