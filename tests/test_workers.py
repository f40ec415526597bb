"""Encoding and translating on several processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, DeviceError, RunError
from textrae.inference.cuts import Cuts
from textrae.workers import WorkerPool


@pytest.fixture(scope="module")
def pool(run: Path) -> Iterator[WorkerPool]:
    with WorkerPool(run, 2) as pool:
        yield pool


def test_the_same_rows_in_the_same_order_and_counts(pool: WorkerPool, model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:70], "", "x " * 60, *sentences()[70:90]]
    cuts = Cuts()
    blocks = list(pool.encode_stream(iter(lines), cuts=cuts, window=8))
    assert [len(block) for block in blocks] == [8] * 11 + [4]
    np.testing.assert_allclose(np.concatenate(blocks), model.encode(lines), atol=1e-5)
    assert (cuts.sentences, cuts.cut) == (92, 1)
    assert list(pool.encode_stream([])) == []


def test_the_same_translations_in_the_same_order(pool: WorkerPool, model: SentenceAutoencoder) -> None:
    lines = [*sentences()[:30], "", *sentences()[30:40]]
    cuts = Cuts()
    blocks = list(pool.translate_stream(iter(lines), beam=2, cuts=cuts, window=8))
    assert [len(block) for block in blocks] == [8] * 5 + [1]
    assert [text for block in blocks for text in block] == model.translate(lines, beam=2)
    found = list(pool.translations(lines[:9], beam=2, length_penalty=1.0, window=8))
    expected = list(model.translations(lines[:9], beam=2, length_penalty=1.0))
    assert [[text for text, _ in one] for one in found[0] + found[1]] == [
        [text for text, _ in one] for block in expected for one in block
    ]
    assert cuts.sentences == 41


def test_a_number_of_processes_that_cannot_be_is_refused(run: Path) -> None:
    for wrong in (0, -1, 10**7):
        with pytest.raises(ConfigError, match=r"^`workers`: a whole number from 1 to 1,024 is expected"):
            WorkerPool(run, wrong)
    with pytest.raises(TypeError, match=r"^`workers`: a whole number"):
        WorkerPool(run, 2.0)  # type: ignore[arg-type]


def test_what_fails_in_a_worker_is_said(run: Path) -> None:
    with WorkerPool(run / "nowhere", 1) as pool:
        with pytest.raises(RunError, match="nowhere: no such run folder"):
            list(pool.encode_stream(["A sentence."]))
        with pytest.raises(DeviceError, match="make another pool"):
            list(pool.encode_stream(["A sentence."]))
    with pytest.raises(DeviceError, match="`device=cuda:99`"):
        WorkerPool(run, 1, device="cuda:99")


def test_a_refusal_a_stream_given_up_and_a_death(run: Path, model: SentenceAutoencoder) -> None:
    with WorkerPool(run, 1) as pool:
        lines = sentences()[:20]
        next(pool.encode_stream(lines, window=2))  # the outcomes that nobody waits for are dropped
        with pytest.raises(ConfigError, match="half of a character"):
            list(pool.encode_stream(["\ud800"]))
        np.testing.assert_allclose(next(pool.encode_stream(lines)), model.encode(lines), atol=1e-5)
        stream = pool.encode_stream(sentences(), window=1)
        next(stream)
        (worker,) = pool._workers
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(DeviceError, match="a worker process died"):
            list(stream)
