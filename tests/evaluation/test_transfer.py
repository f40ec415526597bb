"""A sweep of strengths judges what was moved."""

from __future__ import annotations

import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.evaluation.transfer import sweep


def test_a_sweep_tells_how_far_sentences_were_moved(model: SentenceAutoencoder) -> None:
    today = [one for one in sentences() if one.endswith("today.")]
    again = [one for one in sentences() if one.endswith("again!")]
    some = today[::20]

    def move(strength: float) -> list[str]:
        changed = round(strength * len(some))
        moved = [one.replace("today.", "again!") for one in some[:changed]] + some[changed:]
        return moved if strength <= 1 else [" ".join(reversed(one.split())) for one in moved]

    found = sweep(move, some, today, again, [0.0, 0.5, 1.0, 2.0], model.run.tokenizer, steps=60)
    assert found.classifier == 1.0
    assert [row.strength for row in found.rows] == [0.0, 0.5, 1.0, 2.0]
    assert [row.accuracy for row in found.rows[:3]] == [0.0, 0.5, 1.0]
    assert found.rows[0].bleu == pytest.approx(100)
    assert found.rows[0].bleu > found.rows[1].bleu > found.rows[2].bleu
    assert found.rows[3].perplexity > 2 * found.rows[2].perplexity
    lines = found.table().splitlines()
    assert [line.split()[0] for line in lines] == ["strength", "0", "0.5", "1", "2"]
    assert len({len(line) for line in lines}) == 1


def test_a_text_without_spaces_is_judged_by_its_characters(model: SentenceAutoencoder) -> None:
    first = [f"我们{a}天在{b}看书" for a in "今昨明每前后" for b in ["家里", "学校", "湖边"]]
    second = [one.replace("书", "报") for one in first]
    found = sweep(lambda _: second, first, first, second, [1.0], model.run.tokenizer, steps=20)
    assert found.unit == "char"
    assert 50 < found.rows[0].bleu < 100
    assert found.table().split()[3] == "ppl/char"
