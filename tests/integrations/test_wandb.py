"""Weights & Biases, in its offline mode: its files are read back."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tracking import expected, train

pytest.importorskip("wandb")
import wandb
from wandb.proto.wandb_internal_pb2 import Record

_BLOCK, _HEAD = 32_768, 7


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))


def records(file: Path) -> Iterator[Any]:
    """Yield the records of a file of an offline run, which is a log of LevelDB's format after 7 bytes."""
    data, place, whole = file.read_bytes(), 7, b""
    while place + _HEAD <= len(data):
        if _BLOCK - place % _BLOCK < _HEAD:
            place += _BLOCK - place % _BLOCK
            continue
        length, kind = struct.unpack("<HB", data[place + 4 : place + _HEAD])
        whole += data[place + _HEAD : place + _HEAD + length]
        place += _HEAD + length
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(whole)
            whole = b""


def logged(folder: Path) -> tuple[list[str], dict[str, dict[int, float]], set[str]]:
    """Return the ids of the runs, their numbers by name and step, and the names in their configs."""
    wandb.teardown()  # its own process writes what it holds when it ends, as where a command ends
    ids, found, config = [], dict[str, dict[int, float]](), set()
    for file in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        ids.append(file.stem.removeprefix("run-"))
        for record in records(file):
            values = {
                one.key or "/".join(one.nested_key): json.loads(one.value_json) for one in record.history.item
            }
            for name, value in values.items():
                if isinstance(value, int | float) and not name.startswith("_") and name != "step":
                    found.setdefault(name, {})[values["step"]] = value
            config |= {one.key or "/".join(one.nested_key) for one in record.config.update}
    return ids, found, config


def test_what_metrics_hold_is_there_and_resuming_goes_on(corpus: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "run", "wandb", stop_at=60)
    train(corpus, tmp_path / "run", "wandb", resume=True)
    ids, found, config = logged(tmp_path)
    assert len(ids) == 2  # files of one run, which `wandb sync` joins
    assert ids[0] == ids[1]
    assert ids[0].startswith("run-2")
    wanted = expected(tmp_path / "run")
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name] == pytest.approx(values)
    assert {"model", "training", "corpus"} <= config
