"""A suite's folder: what is read, counted and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation.suite.folders import write_suite

from textrae.errors import CorpusError
from textrae.evaluation.suite import reading
from textrae.evaluation.suite.reading import read_suite


def test_every_kind_is_read_in_a_fixed_order(tmp_path: Path) -> None:
    suite = read_suite(write_suite(tmp_path))
    assert [(task.kind, task.name) for task in suite.tasks] == [
        ("similarity", "pairs"), ("labels", "animal"), ("retrieval", "end"), ("clusters", "animal"),
        ("probing", "some:length"), ("probing", "some:word"), ("probing", "some:order"),
    ]  # fmt: skip
    pairs, labels, retrieval, clusters, *_ = suite.tasks
    assert (pairs.gold[:7].tolist(), len(pairs.sentences)) == ([0, 1, 2, 3, 4, 5, 0], 80)
    assert labels.labels == ("dog", "other")
    assert len(retrieval.columns) == 2
    assert clusters.labels == ("cat", "dog", "friend")
    assert len(suite.sentences) == len(set(suite.sentences))
    assert len(suite.files) == 5
    assert read_suite(tmp_path).sentences == suite.sentences != read_suite(tmp_path, seed=1).sentences


def test_blank_lines_and_foreign_bytes_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "similarity" / "x.tsv"
    file.parent.mkdir()
    file.write_bytes(b"\xef\xbb\xbf1\ta\tb\r\n \n\n2\ta\xff\tc\xe2\x80\xa8d\n")
    (tmp_path / ".hidden").write_text("")
    (file.parent / ".DS_Store").write_text("")
    with pytest.raises(CorpusError, match=r"x\.tsv: line 4, byte 4: 0xff is not UTF-8"):
        read_suite(tmp_path)
    suite = read_suite(tmp_path, errors="replace")
    assert suite.tasks[0].sentences == ["a", "b", "a\ufffd", "c\u2028d"]
    assert suite.notes == [
        f"{file}: 2 of 4 lines were blank, left out",
        f"{file}: 1 lines held bytes that are not UTF-8, now U+FFFD",
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("labels/x.tsv", "a\tone\nb\n", "x.tsv: line 2: 1 fields between tabs; give label<tab>sentence"),
        ("labels/x.tsv", "a\tone\n\t two\n", "x.tsv: line 2: the label is blank"),
        ("labels/x.tsv", "a\tone\nb\ttwo\n", "x.tsv: label 'a' stands on 1 lines; 5 folds of cross-validation"),
        ("labels/x.tsv", "a\tone\na\ttwo\n", "x.tsv: 1 different labels; give 2 to 200"),
        ("clusters/x.tsv", "".join(f"{n}\tone\n" for n in range(201)), "x.tsv: 201 different labels"),
        ("similarity/x.tsv", "1\ta\tb\n\n1\ta\t\n", "x.tsv: line 3: the sentence 2 is blank"),
        ("similarity/x.tsv", "1\ta\tb\nhigh\ta\tc\n", "x.tsv: line 2: the score is 'high'; give a finite"),
        ("similarity/x.tsv", "1\ta\tb\nnan\ta\tc\n", "x.tsv: line 2: the score is 'nan'"),
        ("similarity/x.tsv", "1\ta\tb\n1\ta\tc\n", "x.tsv: all scores are 1; give two different ones"),
        ("retrieval/x.tsv", "q\ta\nr\ta\n", "x.tsv: a single answer"),
        ("retrieval/x.tsv", "q\ta\tb\n", "x.tsv: line 1: 3 fields between tabs; give query<tab>answer"),
        ("retrieval/x.tsv", "\n \n", "x.tsv: no line in it but blank ones"),
        ("probing/x.txt", "one\ntwo\n", "x.txt: too few sentences, or too much alike"),
        ("labels/x.txt", "a\tone\n", r"x.txt: is no part of a suite: labels has \*.tsv; take it out"),
        ("README.md", "words", "README.md: is no part of a suite, whose folders are similarity, labels,"),
        ("other/x.tsv", "words", "other: is no part of a suite"),
        (".hidden", "", "no file of a suite in it; put some there as similarity/"),
    ],
)  # fmt: skip
def test_what_is_no_suite_is_refused_with_file_and_line(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(CorpusError, match=said) as raised:
        read_suite(tmp_path)
    assert "\n" not in str(raised.value)


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(tmp_path)
    for name, value, said in (
        ("LARGEST", 2**10, r"pairs\.tsv: [\d,]+ bytes; a file of a suite has"),
        ("MOST_LINES", 39, r"pairs\.tsv: a file of a suite has 39 lines at most"),
        ("_MOST_FILES", 4, "5 files; a suite has 4 at most"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(reading, name, value)
            with pytest.raises(CorpusError, match=said):
                read_suite(tmp_path)
    with pytest.raises(CorpusError, match="no such folder"):
        read_suite(tmp_path / "none")
    with pytest.raises(CorpusError, match="is a file; give the folder"):
        read_suite(tmp_path / "probing" / "some.txt")
