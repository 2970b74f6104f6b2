"""Tariffs in YAML: channels by their codes, each with its sheet."""

from __future__ import annotations

from typing import Any

import yaml

from services.logistics.application.tariff_file import Place, TariffFile

DEEPEST = 8
"""Levels; a tariff has six."""

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every value is the text that stands there: no number becomes a binary fraction, and NO stays Norway."""


def read_yaml(file: TariffFile, text: str) -> None:
    """What stands in the text, into the file."""
    try:
        root = yaml.compose(text, Loader=LOADER)
        sheets = _value(file, root, "", DEEPEST) if root else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        words = ", ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", str(error)))))
        file.wrong("", f"Not YAML: {words}.", (mark.line + 1, mark.column + 1) if mark else None)
        return
    if isinstance(sheets, dict):
        file.sheets = sheets
    else:
        file.wrong("", "Has to hold channels by their codes, each with its tariff.")


def write_yaml(sheets: dict[str, Any]) -> str:
    """The other way, of plain JSON: what is read again is the same."""
    return yaml.dump(sheets, Dumper=_Plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


class _Plain(yaml.BaseDumper, yaml.representer.SafeRepresenter):
    """Puts no text into quotes because somebody else might take it for a number."""


def _value(file: TariffFile, node: yaml.Node, path: str, levels: int) -> Any:
    file.places[path] = _place(node)
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if not levels:
        file.wrong(path, "Is nested too deep.")
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_value(file, each, f"{path}.{number}", levels - 1) for number, each in enumerate(node.value)]
    values: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        below = f"{path}.{name}" if path else name
        if name in values:
            file.wrong(below, f"{name} stands there twice.", _place(key))
        values[name] = _value(file, value, below, levels - 1)
    return values


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
