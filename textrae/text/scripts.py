"""Scripts: whether spaces part the words of a text, and whether its lines are joined by one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

_LETTERS_OF_A_WORD: Final = 6
"""Letters for each space, at most, in a text of these scripts that was cut into words."""

Writing = Literal["spaced", "chinese", "japanese", "unspaced"]
"""How a text is written: words parted by spaces, or not, in Chinese, in Japanese, or in another script."""

_SCRIPTS: Final[dict[str, Writing]] = {
    "CJK": "chinese",
    "IDEOGRAPHIC": "chinese",
    "HIRAGANA": "japanese",
    "KATAKANA": "japanese",
    "KATAKANA-HIRAGANA": "japanese",
    "HALFWIDTH KATAKANA": "japanese",
    **dict.fromkeys(
        ("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "TAI LE", "NEW TAI LUE", "TAI THAM", "TAI VIET"),
        "unspaced",
    ),
}
"""Scripts whose words no space parts, as the names of their characters begin in Unicode."""


def writing(texts: Sequence[str]) -> Writing:
    """Return how texts are written, which most of their letters decide.

    A text of Chinese, Japanese, Thai and the like that was cut into words, with a space between them, is ``spaced``.
    """
    counts: Counter[Writing] = Counter()
    characters: Counter[str] = Counter()
    for text in texts:
        characters.update(text)
    for character, count in characters.items():
        if (script := _script(character)) is not None:
            counts[script] += count
    unspaced = counts.total() - counts["spaced"]
    if unspaced <= counts["spaced"] or _cut_into_words(texts, unspaced):
        return "spaced"
    if counts["unspaced"] * 2 > unspaced:
        return "unspaced"
    # Japanese is about half kana, and a Chinese text has hardly any
    return "japanese" if counts["japanese"] * 10 > unspaced else "chinese"


def words_parted(texts: Sequence[str]) -> bool:
    """Return whether spaces part the words of texts, so that figures a word mean something."""
    return writing(texts) == "spaced"


def units(text: str, words: bool) -> int:
    """Return the number of words of a text between white space, or of its characters if `words` is not set."""
    return len(text.split()) if words else sum(map(len, text.split()))


@cache
def is_unspaced(character: str) -> bool:
    """Return whether a character is of a script whose lines are joined without a space: a letter, mark, sign or digit.

    Wide signs and digits are, as of Chinese and Japanese (as CSS Text 3 joins lines); those of Korean are not.
    """
    if _unspaced_script(unicodedata.name(character, "")) is not None:
        return True
    return unicodedata.category(character)[0] in "PN" and unicodedata.east_asian_width(character) in "WFH"


@cache
def _script(character: str) -> Writing | None:
    """Return how the script of a letter is written; None for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return None
    return _unspaced_script(unicodedata.name(character, "")) or "spaced"


def _unspaced_script(name: str) -> Writing | None:
    return next((kind for script, kind in _SCRIPTS.items() if name.startswith(f"{script} ")), None)


def _cut_into_words(texts: Sequence[str], letters: int) -> bool:
    """Return whether spaces stand among the letters of scripts without spaces as often as between words."""
    gaps = 0
    for text in texts:
        parts = sum(any(_script(one) not in (None, "spaced") for one in part) for part in text.split())
        gaps += max(0, parts - 1)
    return gaps * _LETTERS_OF_A_WORD >= letters
