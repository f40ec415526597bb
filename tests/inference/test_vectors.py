"""Files of vectors: round trips, flat blocks, and damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from textrae.errors import RunError, VectorError
from textrae.inference.vectors import (
    ENDINGS,
    STORAGE,
    Storage,
    VectorWriter,
    check_vectors,
    read_vectors,
    restored,
    stored,
)

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
    refused("e.jsonl", b'{"vector": [1, 2, 3, 4, 5]}\n{"vector": [1]}\n', "line 2: 1 dimensions")
    refused("g.jsonl", b"[1, 2, 3, 4, 1%s]\n" % (b"0" * 400), "line 1")
    refused("f.jsonl", b'{"vector": [1, 2, 3, 4, 5]}\nnonsense\n', "line 2")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(VectorError, match="not a readable"):
        list(read_vectors(tmp_path / "objects.npy", 5))
    with pytest.raises(VectorError, match="decodes"):
        list(read_vectors(tmp_path / "good.npy", 6))
    with pytest.raises(VectorError, match="of 6 dimensions"):
        list(read_vectors(tmp_path / "good.parquet", 6))
    with pytest.raises(VectorError, match="no such file"):
        list(read_vectors(tmp_path / "none.npy", 5))


@pytest.mark.parametrize("ending", [".npy", ".parquet"])
@pytest.mark.parametrize("storage", STORAGE)
def test_smaller_storage_reads_back_to_its_precision(tmp_path: Path, ending: str, storage: Storage) -> None:
    vectors = np.random.default_rng(1).standard_normal((9_000, 12)).astype(np.float32)
    path = tmp_path / f"v{ending}"
    with VectorWriter(path, 12, storage) as writer:
        writer.add([""] * len(vectors), vectors)
    got = np.concatenate(list(read_vectors(path, 12))).astype(np.float32)
    expected = {
        "float32": vectors,
        "float16": vectors.astype(np.float16).astype(np.float32),
        "int8": np.clip(np.round(vectors * 32), -127, 127) / 32,
        "binary": np.where(vectors > 0, 1.0, -1.0),
    }[storage]
    np.testing.assert_array_equal(got, expected)
    if ending == ".npy":
        bits = {"float32": 32 * 12, "float16": 16 * 12, "int8": 8 * 12, "binary": 16}[storage]
        assert path.stat().st_size == 128 + len(vectors) * bits // 8
        np.testing.assert_array_equal(restored(np.load(path), 12), got)


def test_text_keeps_float32_alone(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match=r"\.npy or \.parquet"):
        VectorWriter(tmp_path / "v.jsonl", 5, "int8")
    assert not any(tmp_path.iterdir())


def test_stored_arrays_of_another_width_are_not_taken_for_signs() -> None:
    array = np.zeros((3, 12), dtype=np.uint8)
    assert restored(array, 12) is array
    assert restored(stored(VECTORS, "binary"), 5).shape == VECTORS.shape


def test_integers_and_doubles_are_decoded() -> None:
    assert check_vectors(np.ones((2, 3), dtype=np.int64), 3).dtype == np.float32


@pytest.mark.parametrize("storage", STORAGE)
def test_stored_vectors_are_checked_as_restored_ones(storage: Storage) -> None:
    small = stored(VECTORS[:50], storage)
    np.testing.assert_array_equal(check_vectors(small, 5), restored(small, 5).astype(np.float32))


def test_a_message_names_the_row_among_all() -> None:
    spoilt = VECTORS[:10].copy()
    spoilt[3, 2] = np.nan
    spoilt[7] = np.inf
    with pytest.raises(VectorError, match=r"^vector 3 .* as do 2 of the 10 from 0 on"):
        check_vectors(spoilt, 5)
    with pytest.raises(VectorError, match=r"^vector 8195 .* as do 2 of the 10 from 8192 on"):
        check_vectors(spoilt, 5, 8_192)
