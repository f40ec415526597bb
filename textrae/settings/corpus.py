"""How text is read, split and cut into tokens."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from textrae.errors import ConfigError
from textrae.settings.fields import Positive, Seed, Whole, refuse, settings

CorpusFormat = Literal["auto", "text", "jsonl", "csv", "tsv", "parquet", "datasets"]


DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
"""Characters that a delimiter may be called by name."""


def character(delimiter: str) -> str:
    """Return the character that parts columns, which may be called by its name."""
    return DELIMITERS.get(delimiter, delimiter)


@settings
class CorpusConfig:
    """How text is read, split and cut into tokens."""

    format: CorpusFormat = "auto"
    """Format of the corpus.

    ``auto`` goes by the file's ending, and takes any other name for a `datasets` name.
    """
    column: str | None = None
    """Column of a table: a name, number or path (default: text, or the only text column).

    A path such as ``translation.en`` leads into a nested column. The default is ``text``, then ``sentence``, then that.
    A name comes before a number or a path. A name that differs by capitals or spaces is taken if no other is as near.
    """
    delimiter: str | None = None
    """What parts columns of .csv and .tsv: a character, or tab (default: told from rows)."""
    errors: Literal["strict", "replace"] = "strict"
    """What to do with bytes that are not UTF-8: stop there, or read U+FFFD and count the lines."""
    vocab_size: Annotated[int, Whole, Field(ge=300, le=65_535)] = 5_000
    """Pieces of the tokenizer.

    There are fewer where the corpus does not support that many.
    """
    whole_words: bool = False
    """Make each of the commonest words, as spaces separate them, one piece.

    Otherwise byte-pair encoding decides.
    """
    tokenizer: str | None = None
    """SentencePiece model to use instead of training one."""
    target_column: str | None = None
    """Column of a table that holds the target sentences of parallel text."""
    tokenizers: Literal["joint", "separate"] = "joint"
    """Of parallel text: one joint tokenizer for both sides, or a separate one for each.

    With a joint tokenizer both sides share their embeddings.
    """
    target_tokenizer: str | None = None
    """SentencePiece model for the target side, with separate tokenizers."""
    max_length: Annotated[int, Whole, Field(ge=2, le=4_096)] | Literal["auto"] = "auto"
    """Tokens at which a longer sentence is truncated, or auto for what 99.5% of lines need.

    ``auto`` counts the tokens of every line, of parallel text of the longer side. It rounds up to a multiple of 8, and takes
    at least 128 and at most 512: longer texts need a number. A run keeps the number that was found.
    """
    valid_size: Positive = 2_000
    """Sentences held out for validation, at most; never more than a tenth of the corpus.

    A validation file is read whole, and its first N sentences are measured on.
    """
    seed: Seed = 0
    """Seed of the split and of the tokenizer's sample."""

    @property
    def longest(self) -> int:
        """Tokens of a sentence at most, as the corpus or the user has decided.

        Raises:
            ConfigError: it is still ``auto``, as no corpus was read with these settings.
        """
        if isinstance(self.max_length, str):
            raise ConfigError(f"`max_length`: no corpus has decided what {self.max_length} is; give a number")
        return self.max_length

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        mark = self.delimiter
        refuse(
            mark is not None and (len(character(mark)) != 1 or character(mark) in '"\r\n\0'),
            f"`delimiter`: {mark!r} cannot part columns; give one character, or comma, semicolon, tab, bar or space",
        )
        refuse(
            self.target_tokenizer is not None and self.tokenizers == "joint",
            "`target_tokenizer`: a joint tokenizer is the source's; give `tokenizers=separate` too",
        )
        return self
