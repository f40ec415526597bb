"""Measures against their definitions."""

from __future__ import annotations

import math

import pytest

from textrae.errors import ConfigError
from textrae.evaluation.reconstruction import Scored, bucket_name, reconstruction_report

ROWS = [
    Scored("a b c d", "a b c d", tokens=5, right=5, nll=1.0),
    Scored("a b c d e f g", "a b c x e f g", tokens=8, right=6, nll=4.0),
    Scored("é", "e", tokens=2, right=1, nll=2.0),
]


def test_measures_follow_their_definitions() -> None:
    overall = reconstruction_report(ROWS).overall
    assert overall.token_accuracy == pytest.approx(12 / 15)
    assert overall.exact == pytest.approx(1 / 3)
    assert overall.perplexity_token == pytest.approx(math.exp(7 / 15))
    assert overall.perplexity_word == pytest.approx(math.exp(7 / (4 + 7 + 1 + 3)))
    assert overall.perplexity_byte == pytest.approx(math.exp(7 / (7 + 13 + 2 + 3)))
    assert 0 < overall.bleu < 100
    assert 0 < overall.chrf < 100


def test_perfect_and_hopeless() -> None:
    perfect = reconstruction_report([Scored("a b c d e", "a b c d e", 6, 6, 0.0)]).overall
    assert (perfect.bleu, perfect.exact) == (pytest.approx(100), 1.0)
    assert perfect.perplexity_token == 1.0
    hopeless = reconstruction_report([Scored("a b c d e", "", 6, 0, 1e9)]).overall
    assert (hopeless.bleu, hopeless.perplexity_token) == (0.0, math.exp(700))  # JSON has no word for infinity


def test_buckets_are_by_tokens_without_the_end() -> None:
    assert [bucket_name(n) for n in (0, 5, 6, 10, 11, 50, 51, 200, 900)] == [
        "0-5", "0-5", "6-10", "6-10", "11-15", "31-50", "51-100", "101-200", "201+",
    ]  # fmt: skip
    assert {name: part.sentences for name, part in reconstruction_report(ROWS).by_length.items()} == {
        "0-5": 2,
        "6-10": 1,
    }


def test_bleu_is_sacrebleus() -> None:
    import sacrebleu

    rebuilt, texts = [row.rebuilt for row in ROWS], [row.text for row in ROWS]
    expected = sacrebleu.corpus_bleu(rebuilt, [texts], tokenize="char").score
    result = reconstruction_report(ROWS, "char")
    assert result.overall.bleu == pytest.approx(expected)
    assert "tok:char" in result.signatures["bleu"]


def test_the_table_has_a_line_a_bucket_and_one_for_all() -> None:
    lines = reconstruction_report(ROWS).table().splitlines()
    assert [line.split()[0] for line in lines] == ["tokens", "0-5", "6-10", "all"]
    assert len({len(line) for line in lines}) == 1


def test_text_without_spaces_is_measured_by_its_characters() -> None:
    """White space would take each sentence for one word: a BLEU of 0 however near, and figures a word of 1e37."""
    near = [
        Scored("我们今天在图书馆看书。", "我们今天在图书馆看报。", 12, 11, 4.0),
        Scored("他喜欢吃苹果。", "他喜欢吃苹果。", 8, 8, 1.0),
    ]
    report = reconstruction_report(near)
    assert "tok:zh" in report.signatures["bleu"]
    assert report.overall.bleu > 75
    assert report.overall.perplexity_word is None
    assert report.overall.perplexity_byte == pytest.approx(math.exp(5 / (33 + 21 + 2)))
    assert report.table().splitlines()[-1].split()[-2] == "-"
    assert reconstruction_report(near, "none").overall.bleu == pytest.approx(0.0)
    assert "tok:none" in reconstruction_report(ROWS).signatures["bleu"]
    with pytest.raises(ConfigError, match="`tokenize=foo`"):
        reconstruction_report(near, "foo")
