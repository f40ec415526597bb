"""Models as plain bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textrae import SentenceAutoencoder
from textrae.errors import RunError
from textrae.integrations.packing import packed, unpacked


def test_a_model_comes_back(model: SentenceAutoencoder) -> None:
    files = packed(model.save)
    assert {"config.json", "model.safetensors", "tokenizer.model"} <= files.keys()
    again = unpacked(files, SentenceAutoencoder.load)
    np.testing.assert_array_equal(again.encode(["A dog sees."]), model.encode(["A dog sees."]))


def test_what_was_damaged_is_refused(model: SentenceAutoencoder) -> None:
    files = packed(model.save)
    files["model.safetensors"] = files["model.safetensors"][:-8]
    with pytest.raises(RunError):
        unpacked(files, SentenceAutoencoder.load)


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    seen = unpacked({"../../out": b"x"}, lambda path: sorted(one.name for one in path.iterdir()))
    assert seen == ["out"]
