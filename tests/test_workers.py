"""Encoding and translating on several processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import DeviceError
from textrae.inference.engine import Cuts
from textrae.workers import WorkerPool


def test_the_same_rows_in_the_same_order_and_counts(run: Path, model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:70], "", "x " * 60, *sentences()[70:90]]
    cuts = Cuts()
    with WorkerPool(run, 2) as pool:
        blocks = list(pool.encode_stream(iter(lines), cuts=cuts, window=8))
        assert [len(block) for block in blocks] == [8] * 11 + [4]
        np.testing.assert_allclose(np.concatenate(blocks), model.encode(lines), atol=1e-5)
        assert (cuts.sentences, cuts.cut) == (92, 1)
        assert list(pool.encode_stream([])) == []


def test_the_same_translations_in_the_same_order(run: Path, model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:30], "", *sentences()[30:40]]
    cuts = Cuts()
    with WorkerPool(run, 2) as pool:
        blocks = list(pool.translate_stream(iter(lines), beam=2, cuts=cuts, window=8))
        assert [len(block) for block in blocks] == [8] * 5 + [1]
        assert [text for block in blocks for text in block] == model.translate(lines, beam=2)
        found = list(pool.translations(lines[:9], beam=2, length_penalty=1.0, window=8))
    expected = list(model.translations(lines[:9], beam=2, length_penalty=1.0))
    assert [[text for text, _ in one] for one in found[0] + found[1]] == [
        [text for text, _ in one] for block in expected for one in block
    ]
    assert cuts.sentences == 41


def test_what_fails_in_a_worker_is_said(run: Path) -> None:
    with WorkerPool(run / "nowhere", 1) as pool, pytest.raises(DeviceError, match="worker process died"):
        list(pool.encode_stream(["A sentence."]))
    with pytest.raises(DeviceError, match="`device=cuda:99`"):
        WorkerPool(run, 1, device="cuda:99")
