"""A graph of neighbours beside an index, by which millions of sentences are searched in a fraction of the time.

It is usearch's (hierarchical navigable small worlds, Malkov & Yashunin 2020), over the small whole numbers. What it finds
is compared again by the vectors themselves; what it misses stays missed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError, SearchError
from textrae.inference.vectors import Vectors
from textrae.search.nearest import Rows, small

_BLOCK = 16_384
"""Rows added at once."""
_WIDER = 10
"""How many times as many rows as are wanted come from the graph, to be compared again."""
_LEAST = 100
"""Rows that come from the graph at least."""


def make_graph(rows: Rows) -> bytes:
    """Return a graph of all rows, as the bytes of a file.

    Raises:
        ConfigError: usearch is not installed.
    """
    graph = _module().Index(ndim=rows.steps.shape[1], metric="cos", dtype="i8")
    for start in range(0, len(rows), _BLOCK):
        block = np.ascontiguousarray(rows.steps[start : start + _BLOCK])
        graph.add(np.arange(start, start + len(block), dtype=np.uint64), block)
    return bytes(graph.save())


class Graph:
    """A graph that is mapped from its file.

    usearch is written in C++ and trusts its files: open only those that you, or somebody you trust, made.

    Args:
        file: that :func:`make_graph` returned the bytes of.
        rows: that it is of.

    Raises:
        ConfigError: usearch is not installed.
        SearchError: it is of other rows, or unreadable.
    """

    def __init__(self, file: Path, rows: Rows) -> None:
        self._rows, module = rows, _module()
        try:
            self._graph = module.Index.restore(str(file), view=True)
        except Exception as error:  # of kinds that usearch does not document
            raise _damaged(file, str(error)) from None
        if self._graph is None or (self._graph.ndim, self._graph.size) != (rows.steps.shape[1], len(rows)):
            raise _damaged(file, "of other vectors")

    def nearest(self, queries: Vectors, k: int) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float32]]]:
        """Return the rows near to each query, as far as the graph finds them, and their exact cosines.

        Args:
            queries: (n, width) unit vectors, float32.
            k: rows for each query at most.

        Returns:
            The rows of each query, the best first, and their cosines.
        """
        found, cosines = [], []
        for query, steps in zip(queries, small(queries)[0], strict=True):
            keys = np.asarray(self._graph.search(steps, max(_LEAST, _WIDER * k)).keys).astype(np.int64)
            places = np.unique(keys[(keys >= 0) & (keys < len(self._rows))])
            exact = self._rows.cosines(places, query)
            order = np.lexsort((places, -exact))[:k]
            found.append(places[order])
            cosines.append(exact[order])
        return found, cosines


def _damaged(file: Path, why: str) -> SearchError:
    said = " ".join(why.split())
    return SearchError(
        f"{file}: no graph of this index ({said}); make it again with `textrae index --approximate`"
    )


def _module() -> Any:
    try:
        import usearch.index
    except ImportError:
        raise ConfigError(
            "`approximate`: needs usearch; install it with `pip install textrae[ann]`"
        ) from None
    return usearch.index
