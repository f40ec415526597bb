"""Settings of text: what is out of range or does not go together."""

from __future__ import annotations

from typing import Any

import pytest

from textrae import CorpusConfig
from textrae.errors import ConfigError
from textrae.settings.files import build


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"target_tokenizer": "x.model"}, "`target_tokenizer`: .*`tokenizers=separate`"),
        ({"vocab_size": 299}, "`vocab_size`: .*300"),
        ({"vocab_size": 65_536}, "`vocab_size`: .*65535"),
        ({"format": "pdf"}, "`format`: .*'text'"),
        ({"max_length": 1}, "`max_length`: .* than or equal to 2 or 'auto' .given: 1."),
        ({"max_length": 4_097}, "`max_length`: .* than or equal to 4096 or 'auto' .given: 4097."),
        ({"max_length": "all"}, "`max_length`: Input should be a valid integer or 'auto' .given: 'all'."),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build(CorpusConfig, values)
    assert "\n" not in str(caught.value)


def test_separate_tokenizers_may_be_given() -> None:
    config = CorpusConfig(tokenizer="a.model", tokenizers="separate", target_tokenizer="b.model")
    assert (config.tokenizer, config.target_tokenizer) == ("a.model", "b.model")


def test_the_corpus_decides_the_tokens_of_a_sentence() -> None:
    assert CorpusConfig() == CorpusConfig(max_length="auto")
    assert CorpusConfig(max_length=4_096).longest == 4_096
    assert build(CorpusConfig, {"max_length": 1e3}).longest == 1_000
    with pytest.raises(ConfigError, match="`max_length`: no corpus has decided what auto is; give a number"):
        _ = CorpusConfig().longest
