"""Tables: one sentence a row in every format, the column that is read, and one-line errors that name the place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from text.reading import read, read_path, refusal

from textrae.errors import CorpusError
from textrae.text.blocks import ReadCounts

ROWS = ['he said "hi"', "None", "007", "", "a,b\tc".replace("\t", " "), "猫"]


def test_tables_agree(tmp_path: Path) -> None:
    objects = [{"id": i, "text": row, "other": "x"} for i, row in enumerate(ROWS)]
    jsonl = "\n".join(json.dumps(o) for o in objects)
    assert read(jsonl, "a.jsonl", tmp_path) == ROWS
    assert read(gzip.compress(jsonl.encode()), "a.jsonl.gz", tmp_path) == ROWS
    assert read("\n".join(map(json.dumps, ROWS)), "b.jsonl", tmp_path) == ROWS
    quoted = "".join(f'{i},"{row.replace(chr(34), chr(34) * 2)}"\r\n' for i, row in enumerate(ROWS))
    assert read("id,text\r\n" + quoted, "a.csv", tmp_path) == ROWS
    assert (
        read("id\ttext\n" + "".join(f"{i}\t{row}\n" for i, row in enumerate(ROWS)), "a.tsv", tmp_path) == ROWS
    )
    pq.write_table(
        pa.table({"id": list(range(6)), "text": [row or None for row in ROWS]}), tmp_path / "a.parquet"
    )
    assert read_path(str(tmp_path / "a.parquet")) == ROWS


def test_the_column_is_chosen(tmp_path: Path) -> None:
    assert read('{"n": 1, "sentence": "a", "title": "b"}', "a.jsonl", tmp_path) == ["a"]
    assert read('{"n": 1, "title": "b"}', "a.jsonl", tmp_path) == ["b"]
    assert read('{"text": "a", "title": "b"}', "a.jsonl", tmp_path, column="title") == ["b"]
    assert "'x', 'y'" in refusal("x,y\n1,2\n", "a.csv", tmp_path)
    assert "'x', 'y'" in refusal("x\ty\n1\t2\n", "a.tsv", tmp_path, column="z")
    pq.write_table(pa.table({"n": [1], "title": ["b"]}), tmp_path / "a.parquet")
    assert read_path(str(tmp_path / "a.parquet")) == ["b"]
    with pytest.raises(CorpusError, match="holds no text"):
        read_path(str(tmp_path / "a.parquet"), column="n")


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Rather than not used."""
    assert "read as lines of text" in refusal("a\nb\n", "a.txt", tmp_path, column="text")
    assert "line 2: no column 'text'" in refusal('{"text": "a"}\n"b"\n', "a.jsonl", tmp_path, column="text")
    assert read("text\na\n", "a.txt", tmp_path, column="text", format="csv") == ["a"]
    assert read("text\na\n", "a.csv", tmp_path, column="text") == ["a"]


def test_a_sentence_is_not_taken_for_the_header(tmp_path: Path) -> None:
    for first in ("The food was great .", "很好吃。", "Wunderbar!"):
        for name in ("a.csv", "a.tsv"):
            assert "looks like a sentence" in refusal(f"{first}\nAgain\n", name, tmp_path)
    assert read("review\nAgain\n", "a.csv", tmp_path) == ["Again"]
    assert read("my review\nAgain\n", "a.csv", tmp_path, column="my review") == ["Again"]


def test_broken_tables_name_the_line(tmp_path: Path) -> None:
    assert "line 2: not JSON" in refusal('{"text": "a"}\n{"text": \n', "a.jsonl", tmp_path)
    assert "line 2: a number" in refusal('{"text": "a"}\n{"text": 1}\n', "a.jsonl", tmp_path)
    assert "row 1: a number" in refusal("[1]\n", "a.jsonl", tmp_path)
    assert "line 1" in refusal("[" * 100_000, "a.jsonl", tmp_path)
    assert "half a character" in refusal('"\\ud800"', "a.jsonl", tmp_path)
    counts = ReadCounts()
    assert read_path(str(tmp_path / "a.jsonl"), errors="replace", counts=counts) == ["\ufffd"]
    assert counts.undecodable == 1
    assert read('"\\ud83d\\ude00"', "a.jsonl", tmp_path) == ["😀"]
    assert "line 3: 3 fields" in refusal("id,text\n1,a\n2,b,c\n", "a.csv", tmp_path)
    assert "check its quotes" in refusal('id,text\n1,"a\n2,b\n', "a.csv", tmp_path)
    assert "cannot be read as parquet" in refusal(b"PAR1 and then nothing", "a.parquet", tmp_path)


def test_a_name_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import HfApi

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known\nand more")

    monkeypatch.setattr(HfApi, "dataset_info", unreachable)
    for name in ("ag_news", "owner/name", "owner/name:test"):
        with pytest.raises(
            CorpusError, match="no such file, and no data set of that name could be loaded"
        ) as caught:
            read_path(name)
        assert "\n" not in str(caught.value)


def test_a_named_data_set_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    from huggingface_hub import HfApi

    asked: list[tuple[str, str, bool]] = []

    def load(name: str, split: str, streaming: bool) -> Any:
        asked.append((name, split, streaming))
        return datasets.Dataset.from_dict(
            {"label": [0] * 3000, "text": ["a", None, "b"] * 1000}
        ).to_iterable_dataset()

    monkeypatch.setattr(HfApi, "dataset_info", lambda *_, **__: None)
    monkeypatch.setattr(datasets, "load_dataset", load)
    assert read_path("owner/name:test") == ["a", "", "b"] * 1000
    assert asked == [("owner/name", "test", True)]
