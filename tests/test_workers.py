"""Encoding on several processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.engine import Cuts
from textrae.errors import DeviceError
from textrae.workers import EncoderPool


def test_the_same_rows_in_the_same_order_and_counts(run: Path, model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:70], "", "x " * 60, *sentences()[70:90]]
    cuts = Cuts()
    with EncoderPool(run, 2) as pool:
        blocks = list(pool.encode_stream(iter(lines), cuts=cuts, window=8))
        assert [len(block) for block in blocks] == [8] * 11 + [4]
        np.testing.assert_allclose(np.concatenate(blocks), model.encode(lines), atol=1e-5)
        assert (cuts.sentences, cuts.cut) == (92, 1)
        assert list(pool.encode_stream([])) == []


def test_what_fails_in_a_worker_is_said(run: Path) -> None:
    with EncoderPool(run / "nowhere", 1) as pool, pytest.raises(DeviceError, match="worker process died"):
        list(pool.encode_stream(["A sentence."]))
    with pytest.raises(DeviceError, match="--device cuda:99"):
        EncoderPool(run, 1, device="cuda:99")
