"""Scores of translations, and comparisons of systems."""

from __future__ import annotations

import pytest

from textrae.evaluation.translation import compare, refuse_unpaired, translation_report


def test_scores_by_length_and_paired_bootstrap() -> None:
    references = [f"the {i} cat sat on the mat" + " and slept" * (i % 8) for i in range(80)]
    worse = [one.replace("cat", "dog") if i % 2 else one for i, one in enumerate(references)]
    report = translation_report(references, worse, references)
    assert report.overall.sentences == 80 == sum(part.sentences for part in report.by_length.values())
    assert list(report.by_length) == ["0-10", "11-20", "21-30"]
    assert report.overall.bleu < 100
    assert "tok:13a" in report.signatures["bleu"]
    bleu, _, ter = compare(worse, references, references, samples=200)
    assert (bleu.other, ter.other) == (pytest.approx(100.0), 0.0)
    assert bleu.p < 0.01
    (same, *_) = compare(references, references, references, samples=200)
    assert same.p > 0.9


def test_every_sentence_has_a_reference() -> None:
    refuse_unpaired(["a", "b"], ["c", "d"])
    for sentences, references in (([], []), (["a"], []), (["a"], ["b", "c"])):
        with pytest.raises(ValueError, match="one for each"):
            refuse_unpaired(sentences, references)


def test_the_table_has_a_line_a_bucket_and_one_for_all() -> None:
    lines = translation_report(["a b", "a " * 12], ["x y", "z"], ["x y", "z"]).table().splitlines()
    assert [line.split()[0] for line in lines] == ["words", "0-10", "11-20", "all"]
    assert len({len(line) for line in lines}) == 1


def test_scores_follow_the_script_of_the_references() -> None:
    english, chinese = ["The cat likes apples."] * 2, ["这只猫喜欢吃苹果。", "这只狗喜欢吃苹果。"]
    into = translation_report(english, chinese[:1] * 2, chinese)
    assert ("tok:zh" in into.signatures["bleu"], "asian:yes" in into.signatures["ter"]) == (True, True)
    assert into.overall.bleu > 60
    assert into.overall.ter == pytest.approx(100 / 18)  # one character of eighteen
    assert (into.unit, list(into.by_length)) == ("words", ["0-10"])
    back = translation_report(["这只猫喜欢吃苹果。" * 2] * 2, english, english)
    assert "tok:13a" in back.signatures["bleu"]
    assert (back.unit, list(back.by_length)) == ("chars", ["11-20"])
    assert back.table().splitlines()[0].split()[0] == "chars"
    thai = ["วันนี้เราไปตลาดและซื้อผลไม้", "ฉันชอบมะม่วงมากที่สุด"]
    found = translation_report(english, thai, thai)
    assert "tok:char" in found.signatures["bleu"]
    assert (found.overall.bleu, found.overall.ter) == (pytest.approx(100), None)
    assert found.table().splitlines()[-1].split()[-1] == "-"
    assert [one.metric for one in compare(thai, thai, thai, samples=10)] == ["BLEU", "chrF2++"[:5]]
    assert "tok:intl" in translation_report(english, chinese, chinese, "intl").signatures["bleu"]
