"""Smaller types of vectors, and vectors that can be decoded."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from textrae import ModelConfig
from textrae.errors import VectorError
from textrae.inference.vectors import (
    STORAGE,
    Storage,
    VectorWriter,
    check_vectors,
    count_strange,
    read_vectors,
    restored,
    stored,
)

VECTORS = np.random.default_rng(0).standard_normal((50, 5)).astype(np.float32)


def test_stored_arrays_of_another_width_are_not_taken_for_signs() -> None:
    array = np.zeros((3, 12), dtype=np.uint8)
    assert restored(array, 12) is array
    assert restored(stored(VECTORS, "binary"), 5).shape == VECTORS.shape


def test_integers_and_doubles_are_decoded() -> None:
    assert check_vectors(np.ones((2, 3), dtype=np.int64), 3).dtype == np.float32


@pytest.mark.parametrize("storage", STORAGE)
@pytest.mark.parametrize("ending", [".npy", ".safetensors", ".parquet"])
def test_a_kept_length_stays_whole_in_smaller_types(tmp_path: Path, ending: str, storage: Storage) -> None:
    lengths = np.arange(1, 4_097)
    vectors = np.random.default_rng(0).standard_normal((len(lengths), 11)).astype(np.float32)
    vectors[:, -1] = np.log(lengths / 16)
    path = tmp_path / f"v{ending}"
    with VectorWriter(path, 11, storage, length=True) as writer:
        writer.add([""] * len(vectors), vectors)
    (got, *_) = blocks = list(read_vectors(path, 11, None, True))
    found = check_vectors(np.concatenate(blocks), 11, 0, True)
    assert got.shape[1] == 11
    tell = 16 * np.exp(found[:, -1].astype(np.float64))
    whole = lengths <= (500 if storage == "float16" else 4_096)
    assert np.array_equal(np.rint(tell)[whole], lengths[whole])
    without = restored(stored(vectors[:, :-1], storage), 10).astype(np.float32)
    np.testing.assert_array_equal(found[:, :-1], without)


def test_a_kept_length_takes_two_bytes_beside_smaller_types(tmp_path: Path) -> None:
    small = [stored(np.zeros((3, 129), np.float32), kind, kept=True) for kind in ("int8", "binary")]  # type: ignore[arg-type]
    assert [part.nbytes for part in small] == [3 * 130, 3 * 18]
    for part, said in zip(small, ("two bytes more", r"this run decodes \(n, 129\)"), strict=True):
        assert check_vectors(part, 129, 0, True).shape == (3, 129)
        with pytest.raises(VectorError, match=said):
            check_vectors(part[:, 1:], 129, 0, True)
        np.save(tmp_path / "v.npy", part[:, 1:])
        with pytest.raises(VectorError, match=said):
            list(read_vectors(tmp_path / "v.npy", 129, None, True))


@pytest.mark.parametrize("storage", STORAGE)
def test_stored_vectors_are_checked_as_restored_ones(storage: Storage) -> None:
    small = stored(VECTORS, storage)
    np.testing.assert_array_equal(check_vectors(small, 5), restored(small, 5).astype(np.float32))


def test_a_message_names_the_row_among_all() -> None:
    spoilt = VECTORS[:10].copy()
    spoilt[3, 2] = np.nan
    spoilt[7] = np.inf
    with pytest.raises(VectorError, match=r"^vector 3 .* as do 2 of the 10 from 0 on"):
        check_vectors(spoilt, 5)
    with pytest.raises(VectorError, match=r"^vector 8195 .* as do 2 of the 10 from 8192 on"):
        check_vectors(spoilt, 5, 8_192)


def test_numbers_beyond_float32_and_truth_values_are_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(VectorError, match="vector 0"):
            check_vectors(np.array([[1e39, 0.0]]), 2)
    with pytest.raises(VectorError, match="vectors of bool"):
        check_vectors(np.ones((1, 2), dtype=bool), 2)


def test_torch_takes_read_only_arrays_without_a_warning(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", VECTORS)
    frozen = VECTORS.copy()
    frozen.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for array in (frozen, np.load(tmp_path / "v.npy", mmap_mode="r"), VECTORS[::-1], VECTORS):
            assert torch.from_numpy(check_vectors(array, 5)).tolist() == array.tolist()
    assert check_vectors(VECTORS, 5) is VECTORS, "what is writable is not copied"


def test_encodings_that_a_model_cannot_have_made_are_counted() -> None:
    rows = np.random.default_rng(1).standard_normal((6, 200)).astype(np.float32)
    rows = (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)
    normal, drawn = ModelConfig(slots=0, latent=200), ModelConfig(latent=200, variational=True)
    others = rows.copy()
    others[1] *= 1.2
    others[4] += 0.3
    assert (count_strange(rows, normal), count_strange(others, normal)) == (0, 2)
    assert count_strange(others, drawn) == 0, "a variational model's have no one length"
    for storage in STORAGE:
        assert count_strange(restored(stored(rows, storage), 200).astype(np.float32), normal) == 0
    assert count_strange(rows[:0], normal) == 0


def test_a_kept_length_is_not_strange() -> None:
    rows = np.random.default_rng(1).standard_normal((6, 199)).astype(np.float32)
    rows = (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)
    config = ModelConfig(slots=2, latent=100)
    for storage in STORAGE:
        given = np.concatenate([rows, np.full((6, 1), 5.5, np.float32)], axis=1)
        small = restored(stored(given, storage, kept=True), 200, kept=True).astype(np.float32)
        assert count_strange(small, config) == 0
