"""A run's flow: kept beside the weights it belongs to, and nothing of its file is trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from textrae.errors import RunError
from textrae.latent.flow import Flow, FlowShape
from textrae.runs.files import to_metadata
from textrae.runs.flow import flow_to_bytes, read_flow, write_flow
from textrae.runs.folder import FLOW


def made() -> Flow:
    torch.manual_seed(0)
    flow = Flow(FlowShape(5, width=8, depth=1, labels=("a", "ü")))
    torch.nn.init.normal_(flow.write.weight)
    return flow.eval()


def test_a_flow_comes_back_as_it_was(tmp_path: Path) -> None:
    flow = made()
    write_flow(tmp_path, flow, "w")
    found = read_flow(tmp_path / FLOW, "w", 5)
    assert found is not None
    assert found.shape == flow.shape
    noise = torch.randn(3, 5)
    assert torch.equal(found.encodings(noise), flow.encodings(noise))
    assert read_flow(tmp_path / "none", "w", 5) is None


def test_a_flow_of_other_weights_or_numbers_is_refused(tmp_path: Path) -> None:
    write_flow(tmp_path, made(), "w")
    with pytest.raises(RunError, match="was fitted to other weights than this run's; delete it"):
        read_flow(tmp_path / FLOW, "x", 5)
    with pytest.raises(RunError, match="damaged"):
        read_flow(tmp_path / FLOW, "w", 6)


@pytest.mark.parametrize(
    "shape",
    [
        None,
        [],
        {"dimensions": 5, "width": 8, "depth": 1},
        {"dimensions": 5, "width": 10**9, "depth": 1, "labels": []},
        {"dimensions": 5, "width": 8, "depth": 10**9, "labels": []},
        {"dimensions": 5, "width": 8, "depth": -1, "labels": []},
        {"dimensions": 5, "width": "8", "depth": 1, "labels": []},
        {"dimensions": 5, "width": 8, "depth": 1, "labels": "ab"},
        {"dimensions": 5, "width": 8, "depth": 1, "labels": [3, 4]},
        {"dimensions": 5, "width": 8, "depth": 1, "labels": ["x" * 2_000, "b"]},
        {"dimensions": 5, "width": 8, "depth": 1, "labels": ["a"] * 2_000},
        {"dimensions": 5, "width": 8, "depth": 2, "labels": ["a", "b"]},
    ],
)
def test_a_file_that_tells_of_another_shape_is_refused(shape: object, tmp_path: Path) -> None:
    content = flow_to_bytes(made(), "w")
    (tmp_path / FLOW).write_bytes(content)
    tensors = load_file(tmp_path / FLOW)
    facts = json.loads(_metadata(tmp_path / FLOW)["textrae"])
    save_file(tensors, tmp_path / FLOW, metadata=to_metadata({**facts, "shape": shape}))  # type: ignore[dict-item]
    with pytest.raises(RunError, match=r"flow\.safetensors"):
        read_flow(tmp_path / FLOW, "w", 5)


def test_a_spoilt_file_is_refused(tmp_path: Path) -> None:
    content = flow_to_bytes(made(), "w")
    for spoilt in (content[:-5], b"", content[:-1] + bytes([content[-1] ^ 1])):
        (tmp_path / FLOW).write_bytes(spoilt)
        with pytest.raises(RunError, match="damaged"):
            read_flow(tmp_path / FLOW, "w", 5)
    endless = made()
    torch.nn.init.constant_(endless.write.bias, float("nan"))
    write_flow(tmp_path, endless, "w")
    with pytest.raises(RunError, match="damaged"):
        read_flow(tmp_path / FLOW, "w", 5)


def _metadata(file: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        found: dict[str, str] = opened.metadata()
    return found
