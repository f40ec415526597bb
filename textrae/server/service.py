"""What the service offers, and how much of it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.types import Receive

from textrae.search.index import Index
from textrae.server.batcher import Batcher
from textrae.server.failures import Refusal
from textrae.server.hosted import Hosted
from textrae.server.metrics import Metrics
from textrae.server.unfolding import Unfolding

R = TypeVar("R")
_PATIENCE = 0.25
"""Seconds after which the service looks whether the client is still there."""


@dataclass(frozen=True)
class Limits:
    """How much may be asked at a time; the limits of fields are in :mod:`textrae.server.schemas`."""

    body: int = 8 * 2**20
    """Bytes of a request's body."""
    bodies: int = 64 * 2**20
    """Bytes of all bodies and answers that are held at once; nothing more is read then."""
    requests: int = 256
    """Requests that are answered at once."""
    items: int = 16_384
    """Sentences and vectors that are worked on at once, of all requests together; or one request's, if it is larger."""
    seconds: float = 60.0
    """Seconds that a request may take, and that its body may take to come."""


class Service:
    """Runs, the thread that computes with them, measures and limits.

    Args:
        limits: how much may be asked at a time.
        api_key: what clients must show; None if anybody may ask.
    """

    def __init__(self, limits: Limits | None = None, api_key: str | None = None) -> None:
        self.limits, self.api_key = limits or Limits(), api_key
        self.metrics = Metrics()
        self.batcher = Batcher(self.metrics.computed)
        self.metrics.waiting.set_function(lambda: len(self.batcher))
        self.runs: dict[str, Hosted] = {}
        self.unfolding = Unfolding()
        self._items = 0
        self.stopping = False

    def host(self, runs: Sequence[Hosted]) -> None:
        """Offer runs; the first is what requests ask that name none."""
        self.runs |= {run.name: run for run in runs}

    def run(self, name: str | None) -> Hosted:
        """Return a run by its name, or the first one.

        Raises:
            Refusal: there is none of that name.
        """
        if name is None:
            return next(iter(self.runs.values()))
        if name not in self.runs:
            there = ", ".join(self.runs)
            raise Refusal(
                404, f"model: there is none of that name; there are {there}", "model", "model_not_found"
            )
        return self.runs[name]

    def index(self, name: str | None, model: str | None) -> tuple[Hosted, str, Index]:
        """Return an index and its run by the index's name, or the first one (of a run).

        Raises:
            Refusal: there is none.
        """
        runs = list(self.runs.values()) if model is None else [self.run(model)]
        named = [(run, one, index) for run in runs for one, index in run.indexes.items()]
        for found in named:
            if name in (None, found[1]):
                return found
        if not named:
            raise Refusal(
                422, "this service has no index to search; start it with --index NAME=FOLDER", "index"
            )
        there = ", ".join(one for _, one, _ in named)
        raise Refusal(404, f"index: there is none of that name; there are {there}", "index")

    @contextmanager
    def admitted(self, items: int) -> Iterator[None]:
        """Hold a place for sentences and vectors while they are worked on.

        Raises:
            Refusal: too many are worked on.
        """
        if self._items and self._items + items > self.limits.items:
            raise Refusal(
                429,
                f"{self._items:,} sentences are worked on and {self.limits.items:,} is the most; try again later",
                headers={"retry-after": "1"},
            )
        self._items += items
        try:
            yield
        finally:
            self._items -= items

    async def answered(self, work: Awaitable[R], receive: Receive, *, slow: bool = False) -> R:
        """Return the result of work, and give it up if the client leaves or it takes too long (ten times that if `slow`).

        Raises:
            Refusal: it took too long, or the client has left.
        """
        task = asyncio.ensure_future(work)
        done, _ = await asyncio.wait({task}, timeout=_PATIENCE)
        if done:
            return task.result()
        left = asyncio.ensure_future(_left(receive))
        try:
            both: set[asyncio.Future[Any]] = {task, left}
            seconds = self.limits.seconds * (10 if slow else 1)
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if left.done():
                raise Refusal(499, "the client has left")
            raise Refusal(503, f"it took longer than {seconds:g} s; ask for less at a time")
        finally:
            left.cancel()
            task.cancel()

    def close(self) -> None:
        """End the computing."""
        self.stopping = True
        self.batcher.close()


async def _left(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
