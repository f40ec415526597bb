"""Networks with arbitrary weights, and their graphs run by ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import torch
from support import SPECIALS
from test_variants import POSSIBLE, SENTENCES, covering

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.files import build
from textrae.settings.model import ModelConfig
from textrae.text.batch import Batch, collate_lists

SHAPES: list[dict[str, Any]] = [
    *covering([one for one in POSSIBLE if not one["hierarchical"]], 2),
    *({"cell": cell, "layers": 2, "bidirectional": both} for cell in ("rnn", "lstm", "gru") for both in (True, False)),
    *({"slots": 0, "pooling": pooling} for pooling in ("max", "mean", "last")),
    {"slots": 0, "pooling": "last", "layers": 2, "bidirectional": False, "reverse": True},
    {"slots": 3, "slot_addressing": "content"},
    {"slots": 3, "slot_addressing": "position", "variational": True},
    {"slots": 3, "slot_addressing": "position", "clock": False},
    {"slots": 3, "slot_addressing": "position", "scoring": "additive"},
    {"slots": 3, "variational": True, "blur": 0.5},
    {"slots": 0, "variational": True, "posterior_norm": 0.5},
    {"slots": 3, "languages": ("de", "fr")},
    {"slots": 3, "encoding_scale": 0.25},
    {"slots": 3, "meaning": 8, "sif": True},
    {"slots": 3, "target_vocab_size": 25, "translates": True},
    {"slots": 0, "vectors": 12},
    {"slots": 3, "vectors": 12},
]  # fmt: skip
"""Shapes that cover the variants a graph can be made of."""


def network(**switches: Any) -> Autoencoder:
    """Make a network whose parameters and running figures are all arbitrary."""
    own = {name: switches.pop(name) for name in ("target_vocab_size", "translates") if name in switches}
    torch.manual_seed(0)
    made = Autoencoder(build(ModelConfig, {"hidden": 10, "embedding": 8, "latent": 8, **switches}), 20, **own)
    with torch.no_grad():
        for tensor in made.state_dict().values():
            if tensor.is_floating_point():
                tensor += (torch.rand_like(tensor) - 0.3) * 0.4
    return made.eval()


def batch() -> Batch:
    """Return sentences of several lengths, one of them empty."""
    return collate_lists(SENTENCES, SPECIALS)


def answers(content: bytes, **given: Any) -> dict[str, Any]:
    """Run a graph on those of some arrays or tensors that it takes; return its outputs by name."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    taken = {one.name: np.ascontiguousarray(given[one.name]) for one in session.get_inputs()}
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, taken), strict=True))
