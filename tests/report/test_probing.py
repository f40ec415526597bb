"""A suite of the sentences that are measured."""

from __future__ import annotations

from pathlib import Path

from conftest import sentences

from textrae.evaluation.suite.reading import read_suite
from textrae.report.probing import write_suite
from textrae.report.studying import Text

LINES = [f"sentence {number} of\tsome" for number in range(12)]


def test_sentences_and_frequent_labels_are_written_as_a_suite_reads_them(tmp_path: Path) -> None:
    lines = sentences()[::3]
    labels = [*"ab" * 199, "rare", "rare"]
    assert write_suite(tmp_path, Text("t", lines, labels=labels)) == [
        "2 sentences of labels that fewer than 5 have are not measured"
    ]
    suite = read_suite(tmp_path, seed=0)
    assert set(lines) <= set(suite.sentences)
    assert "labels" in [task.name for task in suite.tasks]
    assert (tmp_path / "labels" / "labels.tsv").read_text().count("\n") == 398


def test_a_tab_in_a_sentence_is_a_space(tmp_path: Path) -> None:
    write_suite(tmp_path, Text("t", LINES, labels=[*"ab" * 6]))
    assert (tmp_path / "labels" / "labels.tsv").read_text().startswith("a\tsentence 0 of some\n")


def test_labels_that_no_suite_takes_are_left_out_and_told(tmp_path: Path) -> None:
    (note,) = write_suite(tmp_path, Text("t", LINES, labels=["a"] * 12))
    assert note.startswith("The labels are not measured: 1 of them")
    assert [one.name for one in tmp_path.iterdir()] == ["probing"]


def test_without_labels_there_are_probes_only(tmp_path: Path) -> None:
    assert write_suite(tmp_path, Text("t", LINES)) == []
    assert (tmp_path / "probing" / "sentences.txt").read_text().count("\n") == 12
