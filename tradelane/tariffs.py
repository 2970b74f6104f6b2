"""`tradelane tariffs`: the channels' tariffs, in and out of files, in the database of logistics."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.logistics.application.tariff_file import TariffFile
from services.logistics.application.tariff_files import add_file, read_file
from services.logistics.application.tariff_versions import versions, whole
from services.logistics.application.tariff_yaml import write_yaml
from shared.contracts import validation
from shared.contracts.tariffs import GetTariff, TariffSheet
from shared.kit.errors import Invalid, NotFound
from shared.platform.settings import Settings
from tradelane.databases import database
from tradelane.tables import Row

BY = "tradelane tariffs load"


def check(path: Path) -> list[Row]:
    """The tariffs in the file; or all that is wrong with it, which is not `ok`."""
    file = _read(path)
    return _problems(file) or [{"channel": each.channel, "valid_from": each.valid_from, "outcome": "can be loaded", "ok": True} for each in file.tariffs]


def load(path: Path, settings: Settings) -> list[Row]:
    """The same, having loaded the file where nothing is wrong with it."""
    file = _read(path)
    if file.problems:
        return _problems(file)
    try:
        with database("logistics", settings) as run:
            added = run(lambda tx: add_file(tx, file, BY))
    except Invalid:
        return _problems(file)
    rows = [(each, *added[each.channel]) for each in file.tariffs]
    outcomes = {True: "loaded", False: "is there already"}
    return [{"channel": each.channel, "valid_from": each.valid_from, "id": key, "outcome": outcomes[new], "ok": True} for each, key, new in rows]


def listed(settings: Settings) -> list[Row]:
    """All tariffs, past and to come."""
    with database("logistics", settings) as run:
        return [{**row, "ok": True} for row in run(versions)]


def sheet(channel: str, tariff_id: str | None, settings: Settings) -> str:
    """A tariff as a file that can be loaded again: the one of this id, or the channel's that is in force."""
    asked = validation.load(GetTariff(), {"channel": channel, **({"tariff_id": tariff_id} if tariff_id else {})})
    with database("logistics", settings) as run:
        found = run(lambda tx: whole(tx, channel, asked.get("tariff_id")))
    return f"# {channel}, tariff {found['id']}\n" + write_yaml({channel: _filled(TariffSheet().dump(found))})


def _read(path: Path) -> TariffFile:
    try:
        return read_file(path.name, path.read_bytes())
    except OSError as error:
        raise NotFound("file_not_found", f"{path} cannot be read: {error.strerror}.") from error


def _problems(file: TariffFile) -> list[Row]:
    return [{**asdict(each), "ok": False} for each in file.problems]


def _filled(value: Any) -> Any:
    """Without what is not given."""
    if isinstance(value, dict):
        return {name: _filled(each) for name, each in value.items() if each not in (None, [])}
    return [_filled(each) for each in value] if isinstance(value, list) else value
