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
        ({"max_length": 1}, "max_length"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build(CorpusConfig, values)
    assert "\n" not in str(caught.value)


def test_separate_tokenizers_may_be_given() -> None:
    config = CorpusConfig(tokenizer="a.model", tokenizers="separate", target_tokenizer="b.model")
    assert (config.tokenizer, config.target_tokenizer) == ("a.model", "b.model")
