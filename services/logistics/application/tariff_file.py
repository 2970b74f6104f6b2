"""What an operator's file of tariffs holds: each channel's sheet, where its parts stand, the tariff that it makes, and all that is wrong, by line and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.logistics.application.channel_list import CHANNELS
from services.logistics.domain.tariff import Tariff
from services.logistics.domain.tariff_sheet import read_tariff
from shared.contracts.tariffs import TariffSheet
from shared.contracts.validation import instance, load
from shared.kit.errors import Invalid

Place = tuple[int, int]
"""Line and column, from 1; a column of CSV is a cell."""


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    column: int
    field: str
    problem: str


@dataclass(slots=True)
class TariffFile:
    """`sheets` are as they stand there, by channel; `places` go by path, e.g. `express.zones.0.breaks.2.price`."""

    sheets: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    tariffs: list[Tariff] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, sentence: str, place: Place | None = None) -> None:
        """At its place; what is not there is told where the part begins that lacks it."""
        known = path
        while place is None and known and known not in self.places:
            known = known.rpartition(".")[0]
        self.problems.append(Problem(*(place or self.places.get(known, (1, 1))), path, sentence))

    def refuse(self, channel: str, error: Invalid) -> None:
        """What is wrong with the channel's tariff, field by field."""
        for path, sentences in error.errors.items():
            self.wrong(channel if path == "_" else f"{channel}.{path}", " ".join(sentences))

    def check(self) -> None:
        """Make tariffs of the sheets."""
        if not (self.sheets or self.problems):
            self.wrong("", "There is no tariff in it.")
        for channel, sheet in self.sheets.items():
            if channel not in CHANNELS:
                self.wrong(channel, f"There is no logistics channel {channel}.")
            try:
                self.tariffs.append(read_tariff(channel, load(instance(TariffSheet), sheet)))
            except Invalid as error:
                self.refuse(channel, error)
        self.problems.sort(key=lambda each: (each.line, each.column))
