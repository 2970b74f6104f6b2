"""Text set into boxes on a page: broken into lines, made smaller where it must be, and cut, seen to be cut, where the smallest size does not do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from services.logistics.application.fonts import BOLD, REGULAR, characters, stretches

LEADING = 1.22
"""From line to line, in font sizes."""

_Line = list[tuple[str, str]]
_REGULAR, _BOLD = REGULAR.fontName, BOLD.fontName


class Box(NamedTuple):
    """From its top left corner, in points; `top` as PDF counts, from below."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top - self.height


def set_right(canvas: Canvas, words: str, right: float, baseline: float, size: float, width: float, *, bold: bool = True) -> None:
    """On one line that ends at `right`, smaller where it must be: a number that is broken, or cut, is misread."""
    font = _BOLD if bold else _REGULAR
    natural = stringWidth(words, font, size)
    canvas.setFont(font, size if natural <= width else size * width / natural)
    canvas.drawRightString(right, baseline, words)


def set_text(
    canvas: Canvas, lines: Sequence[str], box: Box, largest: float, smallest: float | None = None, *, bold: bool = False, first_bold: bool = False
) -> None:
    """The lines broken to the box's width, in the largest size in which they fit it."""
    size = largest
    while True:
        fonts = [_BOLD if bold or (first_bold and place == 0) else _REGULAR for place in range(len(lines))]
        rows = [row for each, font in zip(lines, fonts, strict=True) for row in wrapped(each, font, size, box.width)]
        room = max(1, int(box.height / (size * LEADING)))
        if len(rows) <= room or size <= (smallest or largest):
            break
        size -= 0.5
    if len(rows) > room:
        rows = [*rows[: room - 1], _cut(rows[room - 1], size, box.width)]
    for place, row in enumerate(rows):
        left, baseline = box.left, box.top - size - place * size * LEADING
        for font, words in stretches(row):
            canvas.setFont(font, size)
            canvas.drawString(left, baseline, words)
            left += sum(_breadth(font, each) for each in words) * size


def wrapped(words: str, font: str, size: float, width: float) -> list[_Line]:
    """Broken at blanks, around characters of Asian scripts, and within words that are wider than a line."""
    left, lines = characters(words, font), []
    while left:
        ends = accumulate(_breadth(*each) * size for each in left)
        fit = max(1, next((place for place, end in enumerate(ends) if end > width), len(left)))
        cut = next((place for place in range(fit, 0, -1) if _may_break(left, place, font)), fit)
        lines.append(left[:cut])
        left = left[cut + 1 :] if cut < len(left) and left[cut][1] == " " else left[cut:]
    return lines


def _may_break(line: _Line, place: int, font: str) -> bool:
    return place == len(line) or " " in (line[place][1], line[place - 1][1]) or font not in {line[place][0], line[place - 1][0]}


def _cut(line: _Line, size: float, width: float) -> _Line:
    ellipsis = (_REGULAR, "…")
    while line and sum(_breadth(*each) for each in [*line, ellipsis]) * size > width:
        line = line[:-1]
    return [*line, ellipsis]


@lru_cache(8192)
def _breadth(font: str, character: str) -> float:
    """In a font size of 1."""
    return stringWidth(character, font, 1)
