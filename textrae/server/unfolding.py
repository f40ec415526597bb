"""Maps by UMAP (McInnes et al. 2018), in a process of their own: they take long, and hold the interpreter meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError
from textrae.inference.vectors import Vectors
from textrae.server.failures import Refusal
from textrae.server.flat import flattened

LEAST = 10
"""Fewest sentences of such a map."""
_AXES = 50
"""Directions of most variance that are kept for it."""


def available() -> bool:
    """Return whether umap-learn is installed."""
    return find_spec("umap") is not None


class Unfolding:
    """Places vectors on a plane by UMAP, one map at a time."""

    def __init__(self) -> None:
        self._busy = False

    async def places(self, vectors: Vectors) -> NDArray[np.float64]:
        """Return places (n, 2) of vectors (n, dimensions), which are near where the vectors are.

        Raises:
            ConfigError: umap-learn is not installed, or there are fewer than 10 vectors.
            Refusal: another map is being made.
        """
        if not available():
            raise ConfigError('`layout=umap`: needs umap-learn: pip install "textrae[umap]"')
        if len(vectors) < LEAST:
            raise ConfigError(f"`layout=umap`: needs {LEAST} sentences or more; give `layout=pca`")
        if self._busy:
            raise Refusal(429, "another map is being made; try again later", headers={"retry-after": "10"})
        self._busy = True
        here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=_unfold, args=(there, vectors), daemon=True
        )
        try:
            await asyncio.to_thread(process.start)
            there.close()
            found = await asyncio.to_thread(_received, here)
        finally:  # also where the client has left
            if process.pid is not None:
                process.kill()
            self._busy = False
        if found is None:
            raise Refusal(503, "the map could not be made; ask for fewer sentences, or `layout=pca`")
        return found


def _received(connection: Connection) -> NDArray[np.float64] | None:
    """Return what the process sends, or None if it ends without."""
    try:
        found: NDArray[np.float64] = connection.recv()
    except EOFError:
        return None
    return found


def _unfold(connection: Connection, vectors: Vectors) -> None:
    """Send the places of vectors."""
    connection.send(unfolded(vectors))


def unfolded(vectors: Vectors) -> NDArray[np.float64]:
    """Place vectors (n, dimensions) on a plane: (n, 2); the same vectors have the same places."""
    import umap

    reduced = flattened(vectors, _AXES)[0]
    reducer: Any = umap.UMAP(n_neighbors=min(15, len(vectors) - 1), random_state=0, n_jobs=1)
    found: NDArray[np.float64] = np.asarray(reducer.fit_transform(reduced), dtype=np.float64)
    found -= found.mean(0)
    return found
