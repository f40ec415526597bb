"""How text is read, split and cut into tokens."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from textrae.settings.fields import STRICT, Positive, Seed

CorpusFormat = Literal["auto", "text", "jsonl", "csv", "tsv", "parquet", "datasets"]


@dataclass(frozen=True, config=STRICT)
class CorpusConfig:
    """How text is read, split and cut into tokens."""

    format: CorpusFormat = "auto"
    """The corpus's format; ``auto`` goes by the file's ending, then takes it for a `datasets` name."""
    column: str | None = None
    """The column that holds the sentences, in a table; the default is ``text`` or the only text column."""
    errors: Literal["strict", "replace"] = "strict"
    """What to do with bytes that are not UTF-8: stop and name the place, or read each as U+FFFD and count the lines."""
    vocab_size: Annotated[int, Field(ge=300, le=65_535)] = 5_000
    """Pieces of the tokenizer (fewer where the corpus does not support so many)."""
    whole_words: bool = False
    """Whether the commonest words, as spaces separate them, are a piece each, instead of byte-pair encoding deciding."""
    tokenizer: str | None = None
    """A SentencePiece model to use instead of training one."""
    target_column: str | None = None
    """Of parallel text in a table: the column of the target sentences."""
    tokenizers: Literal["joint", "separate"] = "joint"
    """Of parallel text: one tokenizer for both sides, whose embeddings they share, or one for each."""
    target_tokenizer: str | None = None
    """A SentencePiece model for the target side."""
    max_length: Annotated[int, Field(ge=2, le=4_096)] = 128
    """Tokens a sentence may have; a longer one is cut and counted."""
    valid_size: Positive = 2_000
    """Sentences held out for validation, at most; never more than a tenth of the corpus. Of a validation file, which is read
    whole, the first so many are measured on."""
    seed: Seed = 0
    """Seed of the split and of the tokenizer's sample."""

    @model_validator(mode="after")
    def _tokenizers_agree(self) -> Self:
        if self.target_tokenizer is not None and self.tokenizers == "joint":
            raise ValueError(
                "target_tokenizer: a joint tokenizer is the source's; give tokenizers separate too"
            )
        return self
