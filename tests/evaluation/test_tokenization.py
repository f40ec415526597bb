"""BLEU's tokenizer follows the script of the text."""

from __future__ import annotations

import importlib.util

import pytest

from textrae.errors import ConfigError
from textrae.evaluation.tokenization import check_tokenizer, tokenizer_for

CHINESE = "我们今天下午在图书馆看书，他说：“好的！”"
JAPANESE = "私は昨日、東京駅で友達に会いました。"
THAI = "วันนี้เราไปตลาดและซื้อผลไม้ ฉันชอบมะม่วงมากที่สุด"


def test_bleus_tokenizer_follows_the_script() -> None:
    japanese = "ja-mecab" if importlib.util.find_spec("MeCab") else "char"
    for text, name in ((CHINESE, "zh"), (JAPANESE, japanese), (THAI, "char"), ("A cat.", "none")):
        assert tokenizer_for([text], "auto", "none") == name
        assert tokenizer_for([text], "intl", "none") == "intl"
    assert tokenizer_for(["A cat."], "auto", "13a") == "13a"


def test_what_is_no_tokenizer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("auto", "none", "13a", "intl", "zh", "char"):
        check_tokenizer(name)
    with pytest.raises(
        ConfigError, match="`tokenize=foo`: there is none; give auto, none, 13a, intl, zh, char"
    ):
        tokenizer_for(["a"], "foo", "none")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs MeCab; install it with: pip install 'sacrebleu\[ja\]'"):
        check_tokenizer("ja-mecab")
    assert tokenizer_for([JAPANESE], "auto", "none") == "char"
