"""Operators' files of tariffs, read and loaded: all of a file, or nothing. What is shipped is loaded for channels that have no tariff."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import resources
from pathlib import PurePath

from sqlalchemy import select

from services.logistics.application import tariffs
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.tariff_csv import read_csv
from services.logistics.application.tariff_file import TariffFile
from services.logistics.application.tariff_yaml import read_yaml
from services.logistics.models import tariffs as table
from shared.kit.errors import Conflict, Invalid
from shared.platform.database import Transaction

SHIPPED = resources.files("services.logistics").joinpath("data/tariffs.yaml")

READERS: dict[str, Callable[[TariffFile, str], None]] = {".yaml": read_yaml, ".yml": read_yaml, ".csv": read_csv}


def read_file(name: str, content: bytes) -> TariffFile:
    """The tariffs in a file, and what is wrong with it."""
    file = TariffFile()
    reader = READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        file.wrong("", f"The file's name has to end in {', '.join(READERS)}.")
        return file
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        file.wrong("", "Not text in UTF-8.", (content.count(b"\n", 0, error.start) + 1, 1))
        return file
    reader(file, text)
    file.check()
    return file


def add_file(tx: Transaction, file: TariffFile, by: str) -> dict[str, tuple[str, bool]]:
    """By channel, its tariff's id and whether it is new. Invalid `tariff_file_wrong` where the file has problems, or shows some here: nothing is loaded then."""
    added = {}
    for tariff in file.tariffs:
        try:
            added[tariff.channel] = tariffs.add(tx, tariff, by)
        except Invalid as error:
            file.refuse(tariff.channel, error)
    if file.problems:
        raise Invalid("tariff_file_wrong", "The file cannot be loaded.")
    return added


def add_shipped(tx: Transaction) -> None:
    """The tariffs that are shipped, for channels that have none."""
    have = set(tx.execute(select(table.c.channel).distinct()).scalars())
    if have.issuperset(CHANNELS):
        return
    for tariff in read_file("tariffs.yaml", SHIPPED.read_bytes()).tariffs:
        if tariff.channel not in have:
            with suppress(Conflict):  # another one does the same
                tariffs.add(tx, tariff, "shipped")
