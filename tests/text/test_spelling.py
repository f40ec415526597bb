"""How much of a text a tokenizer spells in single bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text.reading import config, files

from textrae.text.corpus import prepare
from textrae.text.parallel import prepare_pairs
from textrae.text.spelling import MUCH, Spelling
from textrae.text.tokenizer import Tokenizer

ENGLISH = [f"a {word} of the house is {n}" for n in range(50) for word in ("door", "wall", "roof")]
CHINESE = [f"房子的{word}是第{sign}号" for sign in "一二三四五六七八九十" for word in ("门", "墙", "顶")]
TOKENIZER = Tokenizer.train(ENGLISH, 300)
SPELLING = Spelling(TOKENIZER)


def test_bytes_without_a_piece_are_counted() -> None:
    assert SPELLING.of(TOKENIZER.encode(["the door"])) == (1 + 8, 0)
    assert SPELLING.of(TOKENIZER.encode(["the 门 of", "é"])) == (1 + 10 + 1 + 2, 3 + 2)
    assert SPELLING.of([]) == (0, 0)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u2581\ufdd0"), max_size=20)
    )
)
def test_every_byte_is_counted_once(texts: list[str]) -> None:
    total, single = SPELLING.of(TOKENIZER.encode(texts))
    assert total == sum(len(f" {text}".encode()) for text in texts if text)
    assert 0 <= single <= total


def test_a_corpus_of_another_script_is_not_known(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path / "english.model")
    english, chinese = files(tmp_path, english=ENGLISH[:30], chinese=CHINESE)
    given_one = config(tokenizer=str(tmp_path / "english.model"))
    for text, low, high in ((english, 0.0, 0.02), (chinese, 0.9, 1.0)):
        corpus = prepare([text], given_one, tmp_path / "cache")
        assert low <= Spelling(corpus.tokenizer).share(corpus.train) <= high
    own = prepare([chinese], config(), tmp_path / "own")
    assert Spelling(own.tokenizer).share(own.train) < MUCH
    pairs = prepare_pairs([english, english], [chinese] * 2, given_one, tmp_path / "pairs", tags=[0, 1])
    assert pairs.targets is not None
    assert Spelling(pairs.targets.tokenizer).share(pairs.targets.train, tagged=True) == pytest.approx(
        1.0, abs=0.1
    )
