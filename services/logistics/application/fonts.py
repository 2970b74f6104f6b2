"""The fonts of all that is printed, and which of them has a character.

Noto Sans is embedded for Latin, Greek and Cyrillic. Chinese, Japanese and Korean are set in Adobe's standard CID fonts, which are not
embedded: the reader's program supplies them. A character that neither has is printed as � so that it is seen to be missing.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from operator import itemgetter
from typing import Any

from pymupdf_fonts import NotoSans_Bold, NotoSans_Regular
from reportlab import rl_config
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

rl_config.useA85 = 0  # a PDF may hold bytes as they are: a fifth smaller, and made in less time


class _Font(TTFont):
    """Embedding a font's subset moves a reading cursor in its face; documents that are finished in several threads each need their own."""

    def addObjects(self, doc: Any) -> None:  # noqa: N802  (reportlab's name)
        mine = copy.copy(self)
        mine.face = copy.copy(self.face)
        TTFont.addObjects(mine, doc)


REGULAR, BOLD = _Font("Tradelane", BytesIO(NotoSans_Regular.fontbuffer)), _Font("Tradelane-Bold", BytesIO(NotoSans_Bold.fontbuffer))
CHINESE, JAPANESE, KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
for _font in (REGULAR, BOLD, *map(UnicodeCIDFont, (CHINESE, JAPANESE, KOREAN))):
    registerFont(_font)

# Each with an encoding of what it has. A Han character is shared by all three: the words around it tell whose it is.
_ASIAN = {CHINESE: "gbk", JAPANESE: "cp932", KOREAN: "cp949"}
_OWN = {JAPANESE: re.compile("[\u3040-\u30ff]"), KOREAN: re.compile("[\uac00-\ud7af]")}


def characters(text: str, font: str) -> list[tuple[str, str]]:
    """Each character with the font that it is set in: `font` where that has it. White space is made one blank each."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    asian = tuple(sorted(_ASIAN, key=lambda name: name not in _OWN or not _OWN[name].search(text)))
    return [_set(each, font, asian) for each in text]


def stretches(characters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same, neighbours of one font together."""
    return [(font, "".join(each for _, each in stretch)) for font, stretch in groupby(characters, key=itemgetter(0))]


@lru_cache(4096)
def _set(character: str, font: str, asian: tuple[str, ...]) -> tuple[str, str]:
    if ord(character) in REGULAR.face.charToGlyph:
        return font, character
    return next(((each, character) for each in asian if _encodes(_ASIAN[each], character)), (font, "\ufffd"))


def _encodes(encoding: str, character: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False
