"""Files of vectors being read: every way that others write them, and damage."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

from textrae.errors import VectorError
from textrae.inference.vectors import ENDINGS, VectorWriter, fingerprint_of, read_vectors
from textrae.inference.vectors.reading import _rows_at_once

VECTORS = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
MARKED = (".safetensors", ".parquet", ".jsonl", ".csv")
"""Endings of files that know which run encoded them."""


def written(path: Path, run: str | None = "ab12") -> Path:
    with VectorWriter(path, 4, run=run) as writer:
        writer.add([f"text {n}" for n in range(20)], VECTORS)
    return path


def read(path: Path, width: int = 4, run: str | None = None) -> Any:
    return np.concatenate([np.empty((0, width), np.float32), *read_vectors(path, width, run)])


def refused(path: Path, said: str, width: int = 4, run: str | None = None) -> None:
    with pytest.raises(VectorError, match=said) as caught:
        read(path, width, run)
    assert "\n" not in str(caught.value)


def parquet(path: Path, column: Any) -> Path:
    pq.write_table(pa.table({"id": pa.array(range(len(column))), "vector": column}), path)
    return path


ROWS = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [-1.0, 0.0, 0.5, 0.25]]


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float32()),
        pa.list_(pa.float64()),
        pa.list_(pa.float16()),
        pa.large_list(pa.float32()),
        pa.large_list(pa.float64()),
        pa.list_(pa.float32(), 4),
        pa.list_(pa.float64(), 4),
        pa.list_view(pa.float32()),
        pa.large_list_view(pa.float64()),
    ],
    ids=str,
)
def test_every_kind_of_list_is_read(tmp_path: Path, kind: Any) -> None:
    """polars and duckdb write large lists, pandas lists of doubles, others lists of one size."""
    numbers = [[np.float16(x) for x in row] for row in ROWS] if kind.value_type == pa.float16() else ROWS
    path = parquet(tmp_path / "v.parquet", pa.array(numbers, kind))
    np.testing.assert_array_equal(read(path), np.array(ROWS))
    refused(path, "row 0 .counted from 0. has 4 numbers, .* of 5 dimensions", width=5)


def test_tensors_of_arrow_and_whole_numbers_are_read(tmp_path: Path) -> None:
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(VECTORS)
    np.testing.assert_array_equal(read(parquet(tmp_path / "t.parquet", tensors)), VECTORS)
    whole = pa.array([[1, 2, 3, 4]], pa.list_(pa.int64()))
    np.testing.assert_array_equal(read(parquet(tmp_path / "w.parquet", whole)), [[1, 2, 3, 4]])


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list, pa.list_view])
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[1, 2, 3], [4, 5, 6, 7, 8]], r"row 0 \(counted from 0\) has 3 numbers"),
        ([ROWS[0], [1, 2, 3, 4, 5], [1, 2, 3]], r"row 1 \(counted from 0\) has 5 numbers"),
        ([ROWS[0], []], r"row 1 \(counted from 0\) has 0 numbers"),
        ([ROWS[0], None], r"row 1 \(counted from 0\) has no vector"),
        ([*ROWS, [1, None, 3, 4]], r"row 3 \(counted from 0\) has a gap"),
    ],
)
def test_a_row_of_another_length_or_with_a_gap_is_named(
    tmp_path: Path, kind: Any, rows: Any, said: str
) -> None:
    refused(parquet(tmp_path / "v.parquet", pa.array(rows, kind(pa.float32()))), said)


def test_rows_are_counted_over_blocks_and_slices(tmp_path: Path) -> None:
    rows = [[1.0, 2.0, 3.0, 4.0]] * 9_000
    rows[8_500] = [1.0]
    refused(parquet(tmp_path / "v.parquet", pa.array(rows)), r"row 8500 ")
    gaps: list[Any] = [[1.0, 2.0, 3.0, 4.0]] * 9_000
    gaps[8_300] = [1.0, 2.0, 3.0, None]
    refused(parquet(tmp_path / "g.parquet", pa.array(gaps, pa.list_(pa.float32(), 4))), r"row 8300 .* gap")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[True, False, True, True]]),
        pa.array([["1", "2", "3", "4"]]),
        pa.array([[[1.0, 2.0], [3.0, 4.0]]]),
        pa.array([1.0, 2.0]),
        pa.array(["[1, 2, 3, 4]"]),
    ],
)
def test_columns_that_hold_no_lists_of_numbers_are_refused(tmp_path: Path, column: Any) -> None:
    refused(parquet(tmp_path / "v.parquet", column), "it must hold lists of numbers")


def test_columns_of_other_names_are_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "embedding": [[1.0]]}), tmp_path / "v.parquet")
    refused(tmp_path / "v.parquet", "no column `vector`; it has text, embedding")
    twice = pa.Table.from_arrays([pa.array([[1.0]])] * 2, names=["vector", "vector"])
    pq.write_table(twice, tmp_path / "w.parquet")
    refused(tmp_path / "w.parquet", "several columns `vector`")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"vector": [1, 2, true, 4]}', "line 2: not"),
        ("[1, 2, false, 4]", "line 2: not"),
        ('{"vector": [1, 2, "3", 4]}', "line 2: not"),
        ('{"vector": [1, 2, null, 4]}', "line 2: not"),
        ('{"vector": [[1, 2], [3, 4]]}', "line 2: not"),
        ('{"vector": "1234"}', "line 2: not"),
        ('{"vectors": [1, 2, 3, 4]}', "line 2: not"),
        ('{"vector": [1, 2, NaN, 4]}', "line 2: not JSON .* at character 19"),
        ('{"vector": [1, 2, 1%s, 4]}' % ("0" * 400), "line 2: not JSON"),
        ("[" * 100_000, "line 2: not JSON"),
        ('{"vector": [1, 2, 3]}', "line 2: 3 dimensions; this run decodes 4"),
        ("nonsense", "line 2: not JSON"),
        ("", "line 2: not JSON"),
        ('{"vector": [1, 2, 3, 4], "a": "%s"}' % ("x" * (1 << 24)), "line 2: longer than"),
    ],
)
def test_a_line_that_holds_no_vector_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('{"vector": [1, 2, 3, 4]}\n' + line + "\n[4, 3, 2, 1]\n")
    refused(path, said)


def test_lines_may_be_lists_and_have_wide_numbers(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('[1, 2.5, 1e3, -0.0]\n{"vector": [100000000000000000000, 1, 2, 3], "id": 7}')
    np.testing.assert_array_equal(read(path), np.array([[1, 2.5, 1e3, -0.0], [1e20, 1, 2, 3]], np.float32))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("text,vector_0,vector_1\na,1\n", "line 2: 2 fields where the header has 3"),
        ("text,vector_0,vector_1\na,1,x\n", "line 2: a field of the vector holds no number"),
        ("text,vector_0,vector_1\na,1,\n", "line 2: a field of the vector holds no number"),
        ("vector_0,vector_1,vector_2\n1,2,3\n", "line 2: 3 dimensions; this run decodes 2"),
        ("vector_1,vector_0\n1,2\n", "no columns `vector_0`"),
        ("text,vector\na,1\n", "no columns `vector_0`"),
        ("", "no columns `vector_0`"),
        ("vector_0,id,vector_1\n1,2,3\n", "other columns stand between"),
        ('vector_0,vector_1\n1,"2\n', "check its quotes"),
        ("vector_0,vector_1\n1,\udcff\n", "not a readable"),
    ],
)
def test_a_table_that_holds_no_vectors_is_refused(tmp_path: Path, table: str, said: str) -> None:
    (tmp_path / "v.csv").write_bytes(table.encode(errors="surrogateescape"))
    refused(tmp_path / "v.csv", said, width=2)


def test_tables_of_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text('\ufeffvector_0,vector_1,note\r\n1,-2e-3,"a\r\nb"\r\n0.5,7,\r\n')
    np.testing.assert_array_equal(read(tmp_path / "v.csv", 2), np.array([[1, -2e-3], [0.5, 7]], np.float32))


def test_arrays_of_others_are_read(tmp_path: Path) -> None:
    save_file({"embeddings": VECTORS.astype(np.float64)}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read(tmp_path / "a.safetensors"), VECTORS)
    half = torch.from_numpy(VECTORS).bfloat16()
    save_tensors({"x": torch.ones(3), "vectors": half}, tmp_path / "b.safetensors")
    np.testing.assert_array_equal(read(tmp_path / "b.safetensors"), half.float().numpy())
    np.save(tmp_path / "c.npy", np.asfortranarray(VECTORS.astype(">f8")))
    np.testing.assert_array_equal(read(tmp_path / "c.npy"), VECTORS)
    save_file({"a": VECTORS, "b": VECTORS}, tmp_path / "d.safetensors")
    refused(tmp_path / "d.safetensors", "no array `vectors`; it has 'a', 'b'")
    save_file({"a": VECTORS > 0}, tmp_path / "e.safetensors")
    refused(tmp_path / "e.safetensors", "other values than numbers")
    np.save(tmp_path / "f.npy", VECTORS > 0)
    refused(tmp_path / "f.npy", "vectors of bool")


def safetensors(entry: object, data: bytes = b"") -> bytes:
    said = json.dumps({"vectors": entry}).encode()
    return len(said).to_bytes(8, "little") + said + data


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npy", b"nonsense", "not a readable"),
        ("a.npy", b"\x93NUMPY\x01\x00\x28\x23" + b"[" * 9_000, "its header is malformed"),
        ("a.npy", b"", "not a readable"),
        ("a.parquet", b"", "not a readable"),
        ("a.parquet", b"PAR1nonsensePAR1", "not a readable"),
        ("a.safetensors", b"", "not a readable"),
        ("a.safetensors", b"\xff" * 40, "no safetensors file"),
        ("a.safetensors", safetensors([]), "malformed"),
        (
            "a.safetensors",
            safetensors({"dtype": "F32", "shape": [1, 4], "data_offsets": [0, 16]}),
            "16 bytes",
        ),
        (
            "a.safetensors",
            safetensors({"dtype": "F32", "shape": [-1, 4], "data_offsets": [0, 0]}),
            "malformed",
        ),
        (
            "a.safetensors",
            safetensors({"dtype": "F32", "shape": [0, 2**63], "data_offsets": [0, 0]}),
            "malformed",
        ),
        (
            "a.safetensors",
            safetensors({"dtype": "F32", "shape": [0, 2**59], "data_offsets": [0, 0]}),
            "decodes",
        ),
        ("a.safetensors", safetensors({"dtype": "F32", "shape": "4", "data_offsets": [0, 0]}), "malformed"),
        (
            "a.safetensors",
            safetensors({"dtype": "F32", "shape": [1, 4], "data_offsets": [0, 16]}, b"x" * 20),
            "holds 20",
        ),
        ("a.txt", b"", "vectors are read from"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, said)
    if said != "decodes" and name != "a.npy":
        with pytest.raises(VectorError):
            fingerprint_of(tmp_path / name)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_cut_or_of_another_width_is_refused(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"v{ending}")
    refused(path, "decodes", width=5)
    path.write_bytes(path.read_bytes()[:-9])
    refused(path, "not a readable|line 20: not JSON|last line is cut")
    refused(tmp_path / f"none{ending}", "no such file")


def test_pickled_arrays_are_never_read(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(tmp_path / "objects.npy", "other values than numbers")


def test_a_page_that_does_not_fit_its_checksum_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet")
    content = bytearray(path.read_bytes())
    at = content.find(VECTORS[10].tobytes())
    assert at > 0
    content[at] ^= 1
    path.write_bytes(content)
    refused(path, "CRC")


@pytest.mark.parametrize("ending", MARKED)
def test_vectors_of_another_run_are_refused(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"v{ending}")
    assert fingerprint_of(path) == "ab12"
    np.testing.assert_array_equal(read(path, run="ab12"), VECTORS)
    np.testing.assert_array_equal(read(path, run=None), VECTORS)
    refused(path, "another run encoded these vectors .*ab12.*cd34.*`any_run=True`", run="cd34")
    unmarked = written(tmp_path / f"w{ending}", run=None)
    assert fingerprint_of(unmarked) is None
    np.testing.assert_array_equal(read(unmarked, run="cd34"), VECTORS)


def test_rows_of_two_runs_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    path.write_bytes(
        written(tmp_path / "a.jsonl").read_bytes() + written(tmp_path / "b.jsonl", run="cd34").read_bytes()
    )
    refused(path, "line 21: another run", run="ab12")


def test_a_npy_file_has_no_fingerprint(tmp_path: Path) -> None:
    assert fingerprint_of(written(tmp_path / "v.npy")) is None


@given(st.sampled_from(ENDINGS), st.data())
@settings(max_examples=250, deadline=None)
def test_a_changed_file_is_read_or_refused_in_one_line(ending: str, data: st.DataObject) -> None:
    """Of Parquet, values never change in silence: pages have checksums."""
    with TemporaryDirectory() as folder:
        path = written(Path(folder) / f"v{ending}")
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, 200) | st.integers(0, len(content)))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        path.write_bytes(content)
        try:
            fingerprint_of(path)
            found = read(path, run="ab12")
        except VectorError as error:
            said = str(error)
        else:
            said = ""
            assert found.shape == VECTORS.shape or ending in (".jsonl", ".csv")
            if ending == ".parquet":
                np.testing.assert_array_equal(found, VECTORS)
        assert "\n" not in said


def test_fewer_long_vectors_are_read_at_once(tmp_path: Path) -> None:
    """A row of zeros takes a few bytes, however long it is."""
    wide = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(6_000_000, np.float32)), 2_000_000)
    path = parquet(tmp_path / "v.parquet", wide)
    assert path.stat().st_size < 100_000
    assert _rows_at_once(pq.read_metadata(path)) == 8
    assert [block.shape for block in read_vectors(path, 2_000_000)] == [(3, 2_000_000)]
    refused(path, "row 0 .* has 2000000 numbers")
