"""What stands in a file of each format, by the tools that users read it with."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open

from textrae.errors import VectorError
from textrae.inference.vectors import VectorWriter, read_vectors

VECTORS = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
TEXTS = [f'text {n}\u2028\t"\n,' for n in range(len(VECTORS))]


def write(path: Path, kept: dict[str, Any] | None = None, **options: Any) -> Path:
    with VectorWriter(path, 3, keep=list(kept or {}), **options) as writer:
        for part in (slice(0, 30), slice(30, 40)):
            writer.add(
                TEXTS[part], VECTORS[part], {name: values[part] for name, values in (kept or {}).items()}
            )
    return path


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_npy_is_numpys(tmp_path: Path) -> None:
    np.testing.assert_array_equal(np.load(write(tmp_path / "v.npy"), allow_pickle=False), VECTORS)


def test_safetensors_is_safetensors(tmp_path: Path) -> None:
    with safe_open(write(tmp_path / "v.safetensors", run="0123", storage="float16"), framework="np") as file:
        assert file.keys() == ["vectors"]
        np.testing.assert_array_equal(file.get_tensor("vectors"), VECTORS.astype(np.float16))
        said = json.loads(file.metadata()["textrae"])
    assert said == {"run": "0123", "storage": "float16", "dimensions": 3}


def test_a_table_has_the_sentences_and_the_run(tmp_path: Path) -> None:
    table = pq.read_table(write(tmp_path / "v.parquet", run="0123"))
    assert table.column_names == ["text", "vector"]
    assert table["text"].to_pylist() == TEXTS
    assert json.loads(table.schema.metadata[b"textrae"])["run"] == "0123"
    lines = lines_of(write(tmp_path / "v.jsonl", run="0123"))
    assert [line["text"] for line in lines] == TEXTS
    assert {line["textrae_run"] for line in lines} == {"0123"}
    assert [np.float32(x) for line in lines for x in line["vector"]] == VECTORS.ravel().tolist()
    with write(tmp_path / "v.csv", run="0123").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["text", "textrae_run", "vector_0", "vector_1", "vector_2"]
    assert [row[:2] for row in rows[1:]] == [[text, "0123"] for text in TEXTS]
    assert [np.float32(x) for row in rows[1:] for x in row[2:]] == VECTORS.ravel().tolist()


def test_numbers_of_text_are_the_shortest_that_read_back(tmp_path: Path) -> None:
    vectors = np.array([[0.1, -0.0, 1e-45], [3.4028235e38, 16777216, 1 / 3]], dtype=np.float32)
    for ending in (".jsonl", ".csv"):
        with VectorWriter(tmp_path / f"v{ending}", 3) as writer:
            writer.add(["", ""], vectors)
        assert b"0.1,-0.0,1e-45" in (tmp_path / f"v{ending}").read_bytes()
        (block,) = read_vectors(tmp_path / f"v{ending}", 3)
        assert block.tobytes() == vectors.tobytes()


KEPT: dict[str, Any] = {
    "id": list(range(40)),
    "wide": [2**70, *range(39)],
    "share": [None, 1, *[0.5] * 38],
    "good": [True, None, *[False] * 38],
    "name": ['a "b", c', "", None, *["x"] * 37],
    "parts": [{"a": [1, None]}, [2], *[None] * 38],
    "none": [None] * 40,
}
"""Columns as JSON has them."""


def test_columns_of_json_keep_their_kinds(tmp_path: Path) -> None:
    found = lines_of(write(tmp_path / "v.jsonl", KEPT))
    assert {name: [line[name] for line in found] for name in KEPT} == KEPT
    assert list(found[0]) == ["text", *KEPT, "vector"]
    narrow = {name: values for name, values in KEPT.items() if name != "wide"}
    table = pq.read_table(write(tmp_path / "v.parquet", narrow))
    assert [str(table.schema.field(name).type) for name in narrow] == [
        "int64",
        "double",
        "bool",
        "string",
        "string",
        "string",
    ]
    for name in ("id", "share", "good", "name", "none"):
        assert table[name].to_pylist() == KEPT[name]
    assert table["parts"].to_pylist()[:3] == ['{"a":[1,null]}', "[2]", None]
    with write(tmp_path / "v.csv", KEPT).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [rows[0][name] for name in KEPT] == [
        "0",
        str(2**70),
        "",
        "true",
        'a "b", c',
        '{"a":[1,null]}',
        "",
    ]


ARROW = {
    "small": pa.array([1, None] * 20, pa.int8()),
    "day": pa.array([date(2024, 2, 29)] * 40),
    "when": pa.array([1_700_000_000_123_456_789] * 40, pa.timestamp("ns")),
    "price": pa.array([Decimal("1.10")] * 40),
    "group": pa.array(["a", "b"] * 20).dictionary_encode(),
    "inner": pa.array([{"x": 1, "y": ["z"]}] * 40),
}
"""Columns as Parquet has them."""


def test_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    table = pq.read_table(write(tmp_path / "v.parquet", ARROW))
    for name, values in ARROW.items():
        assert table.schema.field(name).type == values.type
        assert table[name].to_pylist() == values.to_pylist()
    expected = {
        "small": 1,
        "day": "2024-02-29",
        "when": "2023-11-14 22:13:20.123456789",
        "price": "1.10",
        "group": "a",
        "inner": {"x": 1, "y": ["z"]},
    }
    first, second = lines_of(write(tmp_path / "v.jsonl", ARROW))[:2]
    assert {name: first[name] for name in ARROW} == expected
    assert second["small"] is None
    with write(tmp_path / "v.csv", ARROW).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [rows[0][name] for name in ARROW] == [
        "1",
        "2024-02-29",
        "2023-11-14 22:13:20.123456789",
        "1.10",
        "a",
        '{"x":1,"y":["z"]}',
    ]


@pytest.mark.parametrize(
    ("ending", "values"),
    [
        (".parquet", [*range(39), "seven"]),
        (".parquet", [*range(39), 1.5]),
        (".parquet", [*range(39), True]),
        (".parquet", [0.5, *range(38), 2**60 + 1]),
        (".parquet", [*range(39), 2**64]),
        (".parquet", ["a", *range(39)]),
        (".jsonl", pa.array([b"\xff"] * 40)),
        (".csv", pa.array([b"\xff"] * 40)),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused(tmp_path: Path, ending: str, values: Any) -> None:
    with pytest.raises(VectorError, match=r"^`keep`: column 'odd' holds .*write \.(jsonl|parquet)$"):
        write(tmp_path / f"v{ending}", {"odd": values})
    assert not any(tmp_path.iterdir())
