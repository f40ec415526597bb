"""Rows of a file from one place to another are those of the whole file, however they are shared out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text import ranges
from textrae.text.lines import ReadCounts, locate, read_lines
from textrae.text.ranges import Ranged, ranged, read_range

COUNTED = ("lines", "blank", "cut", "undecodable", "missing")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "STRIDE", 4)
    monkeypatch.setattr(ranges, "_BLOCK", 50)


def opened(path: Path, config: CorpusConfig) -> Ranged:
    return ranged(locate(str(path), config), config)


def shared(path: Path, config: CorpusConfig, places: Sequence[int]) -> tuple[list[str], ReadCounts]:
    """Read a file in the ranges between places, the last first."""
    file = opened(path, config)
    every = sorted({0, file.rows, *(min(place, file.rows) for place in places)})
    counts, found = ReadCounts(), list[str]()
    for first, last in reversed(list(pairwise(every))):
        found[:0] = [text for batch in read_range(file, range(first, last), config, counts) for text in batch]
    return found, counts


def whole(path: Path, config: CorpusConfig) -> tuple[list[str], ReadCounts]:
    counts = ReadCounts()
    read = read_lines([str(path)], config, counts, keep_blank=True)
    return [text for batch in read for text in batch], counts


def check(path: Path, config: CorpusConfig, places: Sequence[int]) -> None:
    (found, counts), (expected, all_counts) = shared(path, config, places), whole(path, config)
    assert found == expected
    assert [getattr(counts, name) for name in COUNTED] == [getattr(all_counts, name) for name in COUNTED]


@given(
    pieces=st.lists(
        st.sampled_from([b"a dog", b"\n", b"\n", b"\r\n", b"  ", b"\xff", "é\u2028".encode(), b"x" * 60]),
        max_size=60,
    ),
    mark=st.booleans(),
    places=st.lists(st.integers(0, 60), max_size=4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text(tmp_path: Path, pieces: list[bytes], mark: bool, places: list[int]) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + b"".join(pieces))
    check(path, CorpusConfig(format="text", errors="replace"), places)


def test_a_bad_byte_is_told_with_its_line_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\n" * 11 + b"tw\xff\n" + b"three\n" * 9)
    config = CorpusConfig()
    with pytest.raises(CorpusError, match=r"a\.txt: line 12, byte 3: 0xff is not UTF-8"):
        shared(path, config, [7, 14])
    assert shared(path, CorpusConfig(errors="replace"), [7, 14])[1].undecodable == 1


def test_long_lines_are_cut_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrae.text.blocks.MAX_LINE", 100)
    monkeypatch.setattr("textrae.text.blocks._BLOCK", 50)
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(b"y" * (90 + 7 * number) + b"\n" for number in range(11)))
    check(path, CorpusConfig(), [2, 5, 6])


@given(
    rows=st.lists(
        st.sampled_from(
            [{"text": "a"}, {"text": ""}, {"id": 1}, {"text": "b", "id": 2}, None, {"text": "\u00e9" * 30}]
        ),
        max_size=40,
    ),
    places=st.lists(st.integers(0, 40), max_size=4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_lines(tmp_path: Path, rows: list[dict[str, object] | None], places: list[int]) -> None:
    path = tmp_path / "a.jsonl"
    lines = ["" if row is None else json.dumps(row) for row in [{"text": "first"}, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    check(path, CorpusConfig(), places)


def test_the_first_lines_of_json_decide_the_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_HEAD", 10)
    monkeypatch.setattr("textrae.text.objects._HELD_ROWS", 10)
    path = tmp_path / "a.jsonl"
    rows: list[object] = [{"said": f"s{n}", "n": n} for n in range(5)] + [{"n": n} for n in range(20)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    check(path, CorpusConfig(), [3, 9, 14])  # ranges without any value of the column
    assert opened(path, CorpusConfig()).read == 'column "said"'
    strings = tmp_path / "b.jsonl"
    strings.write_text('"a"\n"b"\n\n"c"\n' * 4, encoding="utf-8")
    check(strings, CorpusConfig(), [1, 3, 7])
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"n": 3, "other": "text"}\n')
    with pytest.raises(CorpusError, match=r'a\.jsonl: line 26: has "other" too'):
        shared(path, CorpusConfig(), [20])
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"n":')
    with pytest.raises(CorpusError, match=r"a\.jsonl: line 27: not JSON"):
        shared(path, CorpusConfig(column="said"), [20])
    with pytest.raises(CorpusError, match="none of its first 10 rows has a column 'nothing'"):
        opened(path, CorpusConfig(column="nothing"))


@given(
    texts=st.lists(st.sampled_from(["a dog", None, "", " ", "é" * 30]), max_size=40),
    places=st.lists(st.integers(0, 40), max_size=4),
    group=st.integers(1, 12),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parquet(tmp_path: Path, texts: list[str | None], places: list[int], group: int) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())})
    pq.write_table(table, path, row_group_size=group)
    check(path, CorpusConfig(), places)


def test_columns_of_parquet_and_what_is_nested(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    values = [{"en": f"s{n}", "de": "x"} for n in range(9)]
    pq.write_table(pa.table({"translation": values}), path, row_group_size=4)
    check(path, CorpusConfig(column="translation.en"), [2, 5])
    assert opened(path, CorpusConfig(column="translation.en")).rows == 9
    with pytest.raises(CorpusError, match="name the column"):
        opened(path, CorpusConfig())


def test_what_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.txt.gz", gzip.compress(b"a\n"), "is compressed, so that its parts cannot be read apart"),
        ("a.csv", b"text\na\n", "is read as csv"),
        ("a.json", b'[{"text": "a"}]', "is one JSON text, not one a line"),
        ("a.parquet", b"nothing", "cannot be read as parquet"),
        ("b.txt", b'{"text": "a"}\n' * 9, "looks like a table"),
        ("c.txt", "a\n".encode("utf-16"), "UTF-16 text"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(CorpusError, match=said):
            opened(path, CorpusConfig())


def test_places_beyond_the_end_and_files_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb")
    file = opened(path, CorpusConfig())
    assert file.rows == 2
    for rows, expected in ((range(1, 9), ["b"]), (range(2, 9), []), (range(50, 90), []), (range(1, 1), [])):
        found = [text for batch in read_range(file, rows, CorpusConfig(), ReadCounts()) for text in batch]
        assert found == expected
    path.write_bytes(b"")
    assert opened(path, CorpusConfig()).rows == 0
    path.write_bytes(b"x\n" * 9)
    assert opened(path, CorpusConfig()).starts.tolist() == [0, 8, 16]
    assert opened(path, CorpusConfig()).starts.dtype == np.int64
