"""The bytes of a run folder: written whole, and read with bounds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from textrae.errors import RunError
from textrae.runs.files import (
    LARGEST_TENSORS,
    digest_of,
    from_metadata,
    read_json,
    read_tensors,
    tensor_digest,
    to_metadata,
    write_atomically,
)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_atomically(file, b"old")

    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_digests_are_read_from_metadata_again() -> None:
    digests = {"weights": "a", "shape": "b"}
    assert from_metadata(to_metadata(digests)) == digests
    for other in ({}, {"textrae": "[1]"}, {"textrae": "{"}, {"textrae": "[" * 100_000}):
        assert from_metadata(other) == {}


@pytest.mark.parametrize("content", ["[]", "{", "[" * 10_000, " " * (2 << 20), "\x00"])
def test_only_a_json_object_of_sensible_size_is_read(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    with pytest.raises(RunError, match="damaged") as caught:
        read_json(file)
    assert "\n" not in str(caught.value)
    file.write_text(json.dumps({"a": 1}))
    assert read_json(file) == {"a": 1}
    with pytest.raises(RunError, match="missing"):
        read_json(tmp_path / "none.json")


def test_tensors_are_read_with_their_metadata(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_file({"x": torch.arange(3)}, file, metadata={"a": "b"})
    tensors, metadata = read_tensors(file)
    assert (tensors["x"].tolist(), metadata) == ([0, 1, 2], {"a": "b"})
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(RunError, match="truncated or damaged"):
        read_tensors(file)
    with pytest.raises(RunError, match="missing"):
        read_tensors(tmp_path / "none.safetensors")


def test_more_than_a_file_of_a_run_may_have_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    os.truncate(file, LARGEST_TENSORS + 1)
    with pytest.raises(RunError, match="has 64 GiB, which no file of a run has"):
        read_tensors(file)
    save_file({"a": torch.zeros(3)}, file)
    with pytest.raises(RunError, match="no file of a run has"):
        read_tensors(file, 10)


def test_a_file_that_the_system_does_not_map_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **settings: object) -> None:
        raise RuntimeError("unable to mmap 4398046511104 bytes")

    save_file({"a": torch.zeros(3)}, tmp_path / "model.safetensors")
    monkeypatch.setattr("textrae.runs.files.safe_open", refuse)
    with pytest.raises(RunError, match="too large to be mapped"):
        read_tensors(tmp_path / "model.safetensors")


def test_digests_tell_names_and_values_but_no_order() -> None:
    a, b = torch.ones(2), torch.zeros(2)
    digest = tensor_digest({"a": a, "b": b})
    assert digest == tensor_digest({"b": b, "a": a})
    assert digest != tensor_digest({"a": b, "b": a})
    assert digest != tensor_digest({"a": a, "c": b})
    assert digest_of(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
