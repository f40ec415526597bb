"""Files of vectors being written: whole or not at all, in every format."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from textrae.errors import ConfigError, RunError, VectorError
from textrae.inference.vectors import (
    ENDINGS,
    STORAGE,
    Storage,
    VectorWriter,
    check_place,
    read_vectors,
    restored,
    stored,
)

VECTORS = np.random.default_rng(0).standard_normal((9_000, 5)).astype(np.float32)
TEXTS = [f'text {n}\u2028\t"\r,' for n in range(len(VECTORS))]
TABLES = (".parquet", ".jsonl", ".csv")


def write(path: Path) -> None:
    with VectorWriter(path, 5, run="0123") as writer:
        for start in range(0, len(VECTORS), 7_000):
            writer.add(TEXTS[start : start + 7_000], VECTORS[start : start + 7_000])


def stand(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


@pytest.mark.parametrize("ending", ENDINGS)
def test_round_trip_in_blocks(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"vectors{ending}"
    write(path)
    blocks = list(read_vectors(path, 5, "0123"))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks), VECTORS)
    assert stand(tmp_path) == [path.name]


def _break_in(writer: VectorWriter) -> None:
    raise KeyboardInterrupt


def _half_a_character(writer: VectorWriter) -> None:
    writer.add(["\ud800"], VECTORS[:1])
    raise VectorError("a format without text takes it")


def _full_disk(writer: VectorWriter) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    writer._format.add = refuse  # type: ignore[method-assign]
    writer.add(TEXTS[:1], VECTORS[:1])


@pytest.mark.parametrize("fail", [_break_in, _half_a_character, _full_disk])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("rows", [0, 10])
def test_a_failure_leaves_the_old_file(
    tmp_path: Path, ending: str, rows: int, fail: Callable[[VectorWriter], None]
) -> None:
    path = tmp_path / f"v{ending}"
    path.write_bytes(b"old")

    def failing() -> None:
        with VectorWriter(path, 5) as writer:
            writer.add(TEXTS[:rows], VECTORS[:rows])
            fail(writer)

    with pytest.raises((KeyboardInterrupt, VectorError, RunError)) as caught:
        failing()
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert stand(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_end_that_the_disk_refuses_leaves_the_old_file(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"v{ending}"
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def failing() -> None:
        with VectorWriter(path, 5) as writer:
            monkeypatch.setattr(writer._format, "end", refuse)

    with pytest.raises(RunError, match="No space left on device"):
        failing()
    assert path.read_bytes() == b"old"
    assert stand(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_rows(tmp_path: Path, ending: str) -> None:
    with VectorWriter(tmp_path / f"v{ending}", 5, run="ab"):
        pass
    assert sum(len(block) for block in read_vectors(tmp_path / f"v{ending}", 5, "ab")) == 0


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot write"):
        VectorWriter(tmp_path / "missing" / "v.npy", 5)
    (tmp_path / "v.npy").mkdir()
    with pytest.raises(RunError, match="is a folder"):
        check_place(tmp_path / "v.npy")
    with pytest.raises(ConfigError, match="endings"):
        check_place(tmp_path / "v.txt")
    with pytest.raises(ConfigError, match=r"`storage=int4`"):
        check_place(tmp_path / "v.jsonl", "int4")
    for ending in (".jsonl", ".csv"):
        with pytest.raises(ConfigError, match=r"give \.npy, \.safetensors or \.parquet for int8"):
            VectorWriter(tmp_path / f"v{ending}", 5, "int8")
    for ending in (".npy", ".safetensors"):
        with pytest.raises(ConfigError, match=r"no columns to `keep`; give \.parquet, \.jsonl or \.csv"):
            check_place(tmp_path / f"x{ending}", keep=["id"])
    for ending, name in ((".jsonl", "text"), (".parquet", "vector"), (".csv", "vector_0")):
        with pytest.raises(ConfigError, match=f"has a column '{name}' of its own"):
            check_place(tmp_path / f"x{ending}", keep=["id", name])
    with pytest.raises(ConfigError, match="'id' is named twice"):
        check_place(tmp_path / "x.csv", keep=["id", "id"])
    assert stand(tmp_path) == ["v.npy"]


def test_as_many_sentences_and_values_as_vectors(tmp_path: Path) -> None:
    with VectorWriter(tmp_path / "v.jsonl", 5, keep=["id"]) as writer:
        for arguments in (
            (TEXTS[:2], VECTORS[:3], {"id": [1, 2, 3]}),
            (TEXTS[:3], VECTORS[:3], {"id": [1]}),
            (TEXTS[:3], VECTORS[:3], {}),
        ):
            with pytest.raises(ValueError, match=r"vectors|columns"):
                writer.add(*arguments)


def test_lines_go_to_a_stream_as_they_come() -> None:
    stream = io.BytesIO()
    with VectorWriter(Path("-"), 2, run="ab", stream=stream) as writer:
        writer.add(["a"], np.array([[0.1, 2]], dtype=np.float32))
        assert json.loads(stream.getvalue()) == {"text": "a", "textrae_run": "ab", "vector": [0.1, 2.0]}
    assert not stream.closed


@pytest.mark.parametrize("ending", [".npy", ".safetensors", ".parquet"])
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
    if ending != ".parquet":
        bits = {"float32": 32 * 12, "float16": 16 * 12, "int8": 8 * 12, "binary": 16}[storage]
        header = 128 if ending == ".npy" else 512
        assert path.stat().st_size == header + len(vectors) * bits // 8
    if ending == ".npy":
        np.testing.assert_array_equal(restored(np.load(path), 12), got)


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(0, 6), st.integers(1, 17)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    st.sampled_from(ENDINGS),
    st.sampled_from(list(STORAGE)),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back(
    vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    ending: str,
    storage: Storage,
    data: st.DataObject,
) -> None:
    """Float32 to the bit: also -0.0, subnormal numbers and the largest."""
    from tempfile import TemporaryDirectory

    if ending in (".jsonl", ".csv"):
        storage = "float32"
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    sentences = [data.draw(text) for _ in vectors]
    with TemporaryDirectory() as folder, np.errstate(over="ignore", invalid="ignore"):
        path = Path(folder) / f"v{ending}"
        with VectorWriter(path, vectors.shape[1], storage) as writer:
            cut = data.draw(st.integers(0, len(vectors)))
            writer.add(sentences[:cut], vectors[:cut])
            writer.add(sentences[cut:], vectors[cut:])
        blocks = [block.astype(np.float32) for block in read_vectors(path, vectors.shape[1])]
        got = np.concatenate([np.empty((0, vectors.shape[1]), dtype=np.float32), *blocks])
        expected = restored(stored(vectors, storage), vectors.shape[1]).astype(np.float32)
        assert got.tobytes() == expected.tobytes()
