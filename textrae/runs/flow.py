"""A run's flow: a file beside the weights, which names the weights that it belongs to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save as tensors_to_bytes

from textrae.errors import RunError
from textrae.latent.flow import Flow, FlowShape
from textrae.runs.files import (
    LARGEST_BESIDE,
    from_metadata,
    is_there,
    read_tensors,
    tensor_digest,
    to_metadata,
    write_atomically,
)
from textrae.runs.folder import FLOW, fitting, one_line_errors

_MOST_UNITS, _MOST_BLOCKS, _MOST_LABELS, _LONGEST = 8_192, 64, 1_000, 1_000
"""Bounds of what a file may ask for: units, blocks, classes, and characters of a class's name."""


def flow_to_bytes(flow: Flow, weights: str) -> bytes:
    """Return the content of a flow's file.

    Args:
        flow: of any device.
        weights: digest of the weights whose encodings it was fitted to.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in flow.state_dict().items()}
    facts: dict[str, Any] = {
        "weights": weights,
        "tensors": tensor_digest(tensors),
        "shape": asdict(flow.shape),
    }
    return tensors_to_bytes(tensors, metadata=to_metadata(facts))


def read_flow(file: Path, weights: str, dimensions: int) -> Flow | None:
    """Read a run's flow, trusting nothing in its file; return None if there is no file.

    Args:
        file: the flow's file.
        weights: digest of the run's weights.
        dimensions: numbers of an encoding.

    Raises:
        RunError: it is damaged, or was fitted to other weights.
    """
    if not is_there(file):
        return None
    tensors, metadata = read_tensors(file, LARGEST_BESIDE)
    facts: dict[str, Any] = dict(from_metadata(metadata))
    damaged = RunError(f"{file}: damaged; delete it, and make it anew with `textrae prior`")
    shape = _shape(facts.get("shape"))
    if shape is None or shape.dimensions != dimensions or facts.get("tensors") != tensor_digest(tensors):
        raise damaged
    if facts.get("weights") != weights:
        raise RunError(
            f"{file}: was fitted to other weights than this run's; delete it, and make it anew with `textrae prior`"
        )
    flow = fitting(file, lambda: Flow(shape), tensors)
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise damaged
    flow.load_state_dict(tensors)
    return flow.eval()


def _shape(found: object) -> FlowShape | None:
    """Return the shape that a file tells of; None if it is none, or larger than any that is written."""
    if not isinstance(found, dict) or found.keys() != {"dimensions", "width", "depth", "labels"}:
        return None
    labels = found.pop("labels")
    if not all(isinstance(value, int) and value >= 0 for value in found.values()):
        return None
    if not isinstance(labels, list) or len(labels) > _MOST_LABELS or found["depth"] > _MOST_BLOCKS:
        return None
    if not all(isinstance(label, str) and len(label) <= _LONGEST for label in labels):
        return None
    return FlowShape(labels=tuple(labels), **found) if 0 < found["width"] <= _MOST_UNITS else None


def write_flow(path: Path, flow: Flow, weights: str) -> None:
    """Write a flow into an existing run folder, in place of any other.

    Args:
        path: the run folder.
        flow: fitted to the encodings of the run's weights.
        weights: digest of these.

    Raises:
        RunError: the disk refuses.
    """
    with one_line_errors(path):
        write_atomically(path / FLOW, flow_to_bytes(flow, weights))
