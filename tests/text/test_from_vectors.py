"""Sentences beside vectors: each vector stays with its line, and what is no table of vectors is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import TEXT, sentences
from text.reading import files

from textrae.errors import CorpusError, VectorError
from textrae.text.from_vectors import VectorTable, prepare_given
from textrae.text.rows import line_numbers


def numbered(folder: Path, count: int, name: str = "v.npy") -> VectorTable:
    """A table whose vectors hold their numbers twice."""
    np.save(folder / name, np.arange(count, dtype=np.float64)[:, None].repeat(2, 1))
    return VectorTable(folder / name)


def test_the_right_vector_stays_with_its_line(tmp_path: Path) -> None:
    """Blank lines and repeats lie between them."""
    lines = ["", *sentences()[:50], "", sentences()[0], "  "]
    prepared = prepare_given(
        files(tmp_path, t=lines), numbered(tmp_path, len(lines)), TEXT, tmp_path / "cache"
    )
    assert prepared.targets is not None
    said = prepared.stats.describe()[0]
    assert said.startswith("read 54 lines and their vectors from ")
    assert "(50 distinct, " in said
    assert "; 3 blank dropped, " in said
    tokens = int(prepared.targets.train.gather(np.arange(len(prepared.train)))[1][-1])
    assert f", {tokens} tokens)" in said
    found = {}
    for rows, texts in ((prepared.train, prepared.targets.train), (prepared.valid, prepared.targets.valid)):
        every = np.arange(len(rows))
        ids, offsets = texts.gather(every)
        pieces = [ids[a:b].tolist() for a, b in pairwise(offsets)]
        for number, text in zip(
            line_numbers(rows.gather(every)[0]), prepared.tokenizer.decode(pieces), strict=True
        ):
            found[int(number)] = text
    assert all(lines[number] == text for number, text in found.items())
    assert len(found) == 51 - prepared.stats.repeats
    assert prepared.stats.blank == 3


def test_vectors_are_gathered_by_the_halves_of_their_numbers(tmp_path: Path) -> None:
    table = numbered(tmp_path, 70_000)
    assert (len(table), table.width) == (70_000, 2)
    found = table.gather(np.array([1, 0, 0, 7, 1, 4_463], dtype=np.uint16))
    assert found.dtype == np.float32
    assert found.tolist() == [[65_536, 65_536], [7, 7], [69_999, 69_999]]


def test_a_validation_file_has_vectors_of_its_own(tmp_path: Path) -> None:
    train, valid = files(tmp_path, t=sentences()[:50], v=["", sentences()[3], "new"])
    table, held = numbered(tmp_path, 50), numbered(tmp_path, 3, "w.npy")
    prepared = prepare_given([train], table, TEXT, tmp_path / "cache", (valid, held))
    assert line_numbers(prepared.valid.gather(np.arange(2))[0]).tolist() == [1, 2]
    assert len(prepared.train) == 50
    assert (prepared.stats.overlap, prepared.stats.valid_blank) == (1, 1)
    assert prepared.stats.vectors


def test_lines_and_vectors_are_as_many(tmp_path: Path) -> None:
    (path,) = files(tmp_path, t=[*sentences()[:50], ""])
    for count in (50, 52):
        with pytest.raises(CorpusError, match=rf"t\.txt: 51 lines, and v\.npy has {count} vectors: row n"):
            prepare_given([path], numbered(tmp_path, count), TEXT, tmp_path / "cache")
        assert list((tmp_path / "cache").iterdir()) == []


def test_aligned_files_have_equally_many_lines(tmp_path: Path) -> None:
    one, same, short = files(tmp_path, a=sentences()[:50], b=["", *sentences()[50:99]], c=sentences()[:49])
    prepared = prepare_given([one, same], None, TEXT, tmp_path / "cache", aligned=True)
    assert prepared.stats.ends == (50, 100)
    with pytest.raises(CorpusError, match=r"c\.txt: 49 lines, and .*a\.txt has 50: line n of each"):
        prepare_given([one, same, short], None, TEXT, tmp_path / "other", aligned=True)
    assert list((tmp_path / "other").iterdir()) == []
    assert prepare_given([one, short], None, TEXT, tmp_path / "other").stats.ends == (50, 99)


def test_what_is_no_table_of_vectors_is_refused(tmp_path: Path) -> None:
    spoilt = np.zeros((9, 4))
    spoilt[5, 2] = np.nan
    for array, said in ((spoilt, "row 5"), (np.zeros(3), "shape"), (np.zeros((2, 2), int), "floating-point")):
        np.save(tmp_path / "odd.npy", array)
        with pytest.raises(VectorError, match=said):
            VectorTable(tmp_path / "odd.npy")
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(VectorError, match="not a readable"):
        VectorTable(tmp_path / "pickle.npy")
