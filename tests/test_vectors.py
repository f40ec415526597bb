"""Files of vectors: round trips, flat blocks, and damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from textrae.errors import RunError, VectorError
from textrae.vectors import ENDINGS, VectorWriter, read_vectors

VECTORS = np.random.default_rng(0).standard_normal((20_000, 5)).astype(np.float32)
TEXTS = [f'text {n}\u2028\t"' for n in range(len(VECTORS))]


def write(path: Path) -> None:
    with VectorWriter(path, 5) as writer:
        for start in range(0, len(VECTORS), 7_000):
            writer.add(TEXTS[start : start + 7_000], VECTORS[start : start + 7_000])


@pytest.mark.parametrize("ending", ENDINGS)
def test_round_trip_in_blocks(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"vectors{ending}"
    write(path)
    blocks = list(read_vectors(path, 5))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks), VECTORS)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_npy_is_numpys(tmp_path: Path) -> None:
    write(tmp_path / "v.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy", allow_pickle=False), VECTORS)


def test_texts_stand_beside_their_vectors(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    write(tmp_path / "v.parquet")
    assert pq.read_table(tmp_path / "v.parquet")["text"].to_pylist() == TEXTS
    write(tmp_path / "v.jsonl")
    lines = (tmp_path / "v.jsonl").read_bytes().split(b"\n")
    assert [json.loads(line)["text"] for line in lines[:-1]] == TEXTS


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_leaves_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"v{ending}"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with VectorWriter(path, 5) as writer:
            writer.add(TEXTS[:10], VECTORS[:10])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_no_rows(tmp_path: Path) -> None:
    for ending in ENDINGS:
        with VectorWriter(tmp_path / f"v{ending}", 5):
            pass
        assert sum(len(block) for block in read_vectors(tmp_path / f"v{ending}", 5)) == 0


def test_unwritable_places(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot write"):
        VectorWriter(tmp_path / "missing" / "v.npy", 5)
    with pytest.raises(VectorError, match="endings"):
        VectorWriter(tmp_path / "v.txt", 5)


def test_damaged_files(tmp_path: Path) -> None:
    def refused(name: str, content: bytes, said: str) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VectorError, match=said) as caught:
            list(read_vectors(tmp_path / name, 5))
        assert "\n" not in str(caught.value)

    write(tmp_path / "good.npy")
    write(tmp_path / "good.parquet")
    refused("a.npy", (tmp_path / "good.npy").read_bytes()[:900], "not a readable")
    refused("b.npy", b"nonsense", "not a readable")
    refused("c.npy", b"", "not a readable")
    refused("d.parquet", (tmp_path / "good.parquet").read_bytes()[:900], "not a readable")
    refused("e.jsonl", b'{"vector": [1, 2, 3, 4, 5]}\n{"vector": [1]}\n', "line 2: 1 numbers")
    refused("f.jsonl", b'{"vector": [1, 2, 3, 4, 5]}\nnonsense\n', "line 2")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(VectorError, match="not a readable"):
        list(read_vectors(tmp_path / "objects.npy", 5))
    with pytest.raises(VectorError, match="decodes"):
        list(read_vectors(tmp_path / "good.npy", 6))
    with pytest.raises(VectorError, match="of 6 numbers"):
        list(read_vectors(tmp_path / "good.parquet", 6))
    with pytest.raises(VectorError, match="no such file"):
        list(read_vectors(tmp_path / "none.npy", 5))
