from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import numpy as np
import pytest

from textrae.errors import ConfigError
from textrae.server import unfolding
from textrae.server.failures import Refusal
from textrae.server.unfolding import Unfolding

VECTORS = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
UMAP = """
import time, numpy as np
class UMAP:
    def __init__(self, **settings):
        assert settings["n_neighbors"] == 15
    def fit_transform(self, vectors):
        if {slow}:
            time.sleep(600)
        if {dies}:
            raise SystemExit(3)
        return np.asarray(vectors)[:, :2] + 5
"""
"""Stands for umap-learn, which is large."""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    return tmp_path / "umap.py"


def test_places_come_from_a_process_of_their_own(installed: Path) -> None:
    installed.write_text(UMAP.format(slow=False, dies=False))
    found = asyncio.run(Unfolding().places(VECTORS))
    assert found.shape == (40, 2)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-9)
    with pytest.raises(ConfigError, match="needs 10 sentences"):
        asyncio.run(Unfolding().places(VECTORS[:9]))


def test_one_map_at_a_time_which_ends_when_nobody_waits(installed: Path) -> None:
    installed.write_text(UMAP.format(slow=True, dies=False))
    maker = Unfolding()

    async def main() -> None:
        first = asyncio.create_task(maker.places(VECTORS))
        await asyncio.sleep(0.2)
        with pytest.raises(Refusal, match="another map is being made"):
            await maker.places(VECTORS)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 60
    assert not maker._busy


def test_a_process_that_dies_is_told(installed: Path) -> None:
    installed.write_text(UMAP.format(slow=False, dies=True))
    with pytest.raises(Refusal, match="could not be made"):
        asyncio.run(Unfolding().places(VECTORS))


def test_without_umap_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfolding, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install \"textrae\[umap\]\""):
        asyncio.run(Unfolding().places(VECTORS))
