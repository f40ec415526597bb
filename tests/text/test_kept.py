"""Columns that are carried along stay with their rows, however they are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.blocks import ReadCounts
from textrae.text.kept import Kept
from textrae.text.lines import read_lines


def read(path: Path, names: Sequence[str], **config: Any) -> tuple[list[str], dict[str, list[Any]]]:
    """Sentences and kept values; a few are taken as soon as they are there."""
    counts = ReadCounts(kept=Kept(names))
    assert counts.kept is not None
    lines: list[str] = []
    found: dict[str, list[Any]] = {name: [] for name in names}
    for batch in read_lines([str(path)], CorpusConfig(**config), counts, keep_blank=True):
        lines += batch
        for count in (len(batch) // 3, len(batch) - len(batch) // 3):
            for name, values in counts.kept.take(count).items():
                found[name] += values if isinstance(values, list) else values.to_pylist()
    return lines, found


def refused(path: Path, names: Sequence[str], said: str) -> None:
    with pytest.raises(CorpusError, match=said) as caught:
        read(path, names)
    assert "\n" not in str(caught.value)


COUNT = 5_000
ROWS = [{"id": n, "text": f"text {n}", "date": f"2024-{n % 12 + 1:02d}"} for n in range(COUNT)]


def test_columns_of_csv_are_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "id;text;date\n" + "".join(f"0{row['id']};{row['text']};{row['date']}\n" for row in ROWS) + "\n"
    )
    lines, found = read(path, ["date", "id"])
    assert lines == [row["text"] for row in ROWS] + [""] * (len(lines) - COUNT)
    assert found["id"][:COUNT] == [f"0{n}" for n in range(COUNT)]
    assert found["date"][:COUNT] == [row["date"] for row in ROWS]
    assert all(len(values) == len(lines) for values in found.values())
    refused(path, ["id", "when"], "no column 'when'; it has 'id', 'text', 'date'")


def test_columns_of_json_keep_their_kinds(tmp_path: Path) -> None:
    path, array = tmp_path / "t.jsonl", tmp_path / "t.json"
    rows: list[Any] = [{**row, "in": {"de": [row["id"]]}, "a.b": None} for row in ROWS]
    del rows[7]["id"]
    rows[9] = {"id": {"x": 1}, "text": "nine"}
    array.write_text(json.dumps(rows))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[:10]) + "\n")
    for file, given in ((path, rows[:10]), (array, rows)):
        lines, found = read(file, ["id", "in.de", "a.b"])
        assert lines[: len(given)] == [row["text"] for row in given]
        assert found["id"][: len(given)] == [row.get("id") for row in given]
        assert found["in.de"][: len(given)] == [row.get("in", {}).get("de") for row in given]
        assert found["a.b"] == [None] * len(lines)
    assert (lines[-1], len(lines)) == (rows[-1]["text"], COUNT)
    refused(path, ["id", "when"], r"no row up to here has a column 'when' to `keep`; there is 'id', 'text'")
    refused(array, ["when"], r"row 1000: no row up to here has a column 'when'")


def test_rows_whose_column_is_looked_for_keep_their_values(tmp_path: Path) -> None:
    """The first 1,500 objects have no text: they are blank rows with an id."""
    path = tmp_path / "t.jsonl"
    path.write_text(
        "".join(json.dumps({"id": n} | ({"text": "t"} if n >= 1_500 else {})) + "\n" for n in range(2_000))
    )
    lines, found = read(path, ["id"], column="text")
    assert lines == [""] * 1_500 + ["t"] * 500
    assert found["id"] == list(range(2_000))


def test_strings_and_lines_have_no_columns(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('["a", "b"]')
    refused(tmp_path / "t.json", ["id"], "no columns to `keep`")
    (tmp_path / "t.txt").write_text("a\nb\n")
    refused(
        tmp_path / "t.txt", ["id"], "has no column 'id', as it is read as lines of text; leave `keep` out"
    )


def test_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "id": pa.array(range(COUNT), pa.uint16()),
        "text": [row["text"] for row in ROWS],
        "both": [{"en": str(n), "n": n} for n in range(COUNT)],
        "tags": [["x"] * (n % 3) for n in range(COUNT)],
        "group": pa.array([row["date"] for row in ROWS]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), path, row_group_size=1_700)
    names = ["group", "id", "both.n", "tags", "both", "text"]
    lines, found = read(path, names)
    assert lines == columns["text"]
    assert found == {
        "group": [row["date"] for row in ROWS],
        "id": list(range(COUNT)),
        "both.n": list(range(COUNT)),
        "tags": columns["tags"],
        "both": columns["both"],
        "text": columns["text"],
    }
    kept = Kept(["id"])
    for _ in read_lines([str(path)], CorpusConfig(), ReadCounts(kept=kept), keep_blank=True):
        pass
    assert kept.take(3_000)["id"].type == pa.uint16()
    refused(path, ["when"], "no column 'when'; it has 'id', 'text', 'both', 'tags', 'group', 'both.en'")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])], ["text", "id", "id"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    refused(tmp_path / "twice.parquet", ["id"], "columns 2 and 3 have the name")
    assert read(tmp_path / "twice.parquet", ["3"])[1] == {"3": [2]}


def test_shards_whose_columns_have_other_types_are_refused(tmp_path: Path) -> None:
    for number, kind in enumerate((pa.int32(), pa.int64())):
        table = pa.table({"text": ["a"], "id": pa.array([1], kind)})
        pq.write_table(table, tmp_path / f"part-{number}.parquet")
    counts = ReadCounts(kept=Kept(["id"]))
    with pytest.raises(CorpusError) as caught:
        list(read_lines([str(tmp_path)], CorpusConfig(), counts))
    assert str(caught.value) == (
        f"{tmp_path}/part-1.parquet: column 'id' is int64, and int32 in the files before it; write them with one type"
    )
