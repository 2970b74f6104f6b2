"""The words by which a product is found: what case, accents and punctuation hide is brought out the same on both sides."""

from __future__ import annotations

import re
import unicodedata

# A run of letters and digits; a Chinese or Japanese character stands for itself, as those are not written in separate words.
_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")

LONGEST = 40
"""Characters of a word that count."""


def words(*texts: str | None) -> list[str]:
    """The distinct words of the texts, folded, of letters and digits only, in order of appearance."""
    decomposed = unicodedata.normalize("NFKD", " ".join(filter(None, texts)))
    plain = "".join(each for each in decomposed if not unicodedata.combining(each)).casefold()
    return list(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(plain)))
