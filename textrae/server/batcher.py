"""Requests that come together are computed together, by one thread, and long ones in slices between which others come."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any, Generic, TypeVar

from textrae.inference.generation import ROW_MULTIPLE

GATHER = 0.01
"""Seconds that requests wait at most for as many as there were lately, if nothing is computed."""
SLICE = 0.1
"""Seconds of computing that are aimed at, after which other requests get their turn."""
ENOUGH = 64
"""Requests for which the computing begins without waiting for more."""
_SMALLEST, _LARGEST = 256, 65_536
"""Characters of a slice, at least (or one item) and at most."""
_FIRST_PACE = 20_000.0
"""Characters a second that are taken for granted until they have been measured."""
_FORGETTING = 0.2
"""Weight of the newest measurement of the pace."""
T = TypeVar("T")
R = TypeVar("R")
Observe = Callable[[str, int, int, float], None]
"""Called after each computation with its name, the requests and the items that it joined, and its seconds."""


class Work(Generic[T, R]):
    """A computation that requests may share: two that are equal are done in one call.

    Args:
        name: what is done, for the pace and for measures.
        key: what makes two computations the same one: run and options.
        call: what computes results of items, one each, in order.
    """

    def __init__(self, name: str, key: Hashable, call: Callable[[list[T]], Sequence[R]]) -> None:
        self.name, self.key, self.call = name, (name, key), call


class _Task:
    """What one request has asked for and does not have yet."""

    def __init__(
        self,
        work: Work[Any, Any] | None,
        items: Sequence[Any],
        sizes: list[int],
        steps: Iterator[Any] | None = None,
    ) -> None:
        self.work, self.items, self.sizes, self.steps = work, items, sizes, steps
        self.key: Hashable = id(self) if work is None else work.key
        self.results: list[Any] = []
        self.arrived = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()

    @property
    def left(self) -> int:
        """Number of items without results."""
        return len(self.items) - len(self.results)

    @property
    def whole(self) -> bool:
        """Whether all items have results."""
        return not self.left

    def slice(self, room: int) -> tuple[int, int]:
        """Return how many of the next items fit into a room of characters, one if none does, and their size."""
        first = len(self.results)
        taken, count = self.sizes[first], 1
        while first + count < len(self.items) and taken + self.sizes[first + count] <= room:
            taken += self.sizes[first + count]
            count += 1
        return count, taken


class Batcher:
    """One thread that computes what requests ask for; nothing else may use the models meanwhile.

    Equal work of several requests is joined, the short ones first, into slices of about :data:`SLICE` seconds; then the
    next kind of work has its turn.

    Args:
        observe: told of each computation.
    """

    def __init__(self, observe: Observe = lambda name, tasks, items, seconds: None) -> None:
        self._observe = observe
        self._waiting: deque[_Task] = deque()
        self._ready = threading.Condition()
        self._closed = False
        self._lately, self._enough, self._free = 1, 1, time.monotonic()
        self._pace: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="textrae-compute", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Return the number of requests that wait."""
        return len(self._waiting)

    async def many(self, work: Work[T, R], items: Sequence[T], sizes: list[int]) -> list[R]:
        """Compute results of items, together with those that others ask for.

        Args:
            work: what is computed.
            items: any number.
            sizes: characters of each item, or what takes as long.
        """
        if not items:
            return []
        found: list[R] = await self._done(_Task(work, items, sizes))
        return found

    async def steps(self, steps: Sequence[Callable[[], R]]) -> list[R]:
        """Compute calls one by one; between two of them other requests have their turn."""
        calls = (call() for call in steps)
        found: list[R] = await self._done(_Task(None, steps, [], calls)) if steps else []
        return found

    async def _done(self, task: _Task) -> Any:
        with self._ready:
            if self._closed:
                raise RuntimeError("the service is stopping")
            self._waiting.append(task)
            if len(self._waiting) >= self._enough:  # else the thread gathers, and is not to be woken by each
                self._ready.notify()
        return await task.future

    def close(self) -> None:
        """End the thread after what it computes now; what waits is cancelled."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    def _run(self) -> None:
        while (tasks := self._next()) is not None:
            began = time.monotonic()
            first = tasks[0][0]
            finished: list[_Task] = []
            if first.work is None:
                name, items = "steps", 1
                finished += self._advance(first)
            else:
                name, items = first.work.name, sum(count for _, count in tasks)
                finished += self._compute(first.work, tasks, began)
            self._lately = max(self._lately, len(finished) + len(self._waiting))
            _deliver(finished)
            self._observe(name, len(tasks), items, time.monotonic() - began)

    def _next(self) -> list[tuple[_Task, int]] | None:
        """Wait for work; return what is to be computed at once, each with a number of items; None at the end.

        Clients that were answered together ask again together. So what comes first waits for as many requests as there
        were lately, but not for long; a single client is answered at once.
        """
        with self._ready:
            self._free = time.monotonic()
            while True:
                self._enough = 1
                while not self._waiting and not self._closed:
                    self._ready.wait()
                self._enough = min(self._lately, ENOUGH)
                until = max(self._free, self._waiting[0].arrived if self._waiting else 0.0) + GATHER
                while len(self._waiting) < self._enough and not self._closed:
                    if (left := until - time.monotonic()) <= 0:
                        break
                    self._ready.wait(left)
                if self._closed:
                    _deliver([*self._waiting], CancelledError())
                    return None
                self._lately = len(self._waiting)
                if chosen := self._choose():
                    return chosen

    def _choose(self) -> list[tuple[_Task, int]]:
        """Return the oldest work and what may share its slice, each with a number of items.

        The oldest request gets at least half of the slice, so that many short ones do not starve it.
        """
        alive = [task for task in self._waiting if not task.future.cancelled()]
        if not alive:
            self._waiting.clear()
            return []
        first = alive[0]
        if first.work is None:
            self._waiting = deque(alive[1:])
            return [(first, 0)]
        same = [task for task in alive if task.key == first.key]
        room = int(self._pace.get(first.work.name, _FIRST_PACE) * SLICE)
        room = min(max(room, _SMALLEST), _LARGEST)
        count, taken = first.slice(room if len(same) == 1 else room // 2)
        chosen, room = [(first, count)], room - taken
        for task in sorted(same[1:], key=lambda task: task.left):
            if room < task.sizes[len(task.results)]:
                break
            count, taken = task.slice(room)
            chosen.append((task, count))
            room -= taken
        _even(chosen)
        held = {id(task) for task, _ in chosen}
        self._waiting = deque(task for task in alive if id(task) not in held)
        return chosen

    def _compute(self, work: Work[Any, Any], tasks: list[tuple[_Task, int]], began: float) -> Iterator[_Task]:
        """Compute the next items of tasks in one call; yield the tasks that are whole or have failed."""
        parts = [task.items[len(task.results) : len(task.results) + count] for task, count in tasks]
        sizes = [sum(task.sizes[len(task.results) :][:count]) for task, count in tasks]
        try:
            found = list(work.call([item for part in parts for item in part]))
        except Exception as error:
            if len(tasks) > 1:  # only who asked for what fails is to hear of it
                for one in tasks:
                    yield from self._compute(work, [one], time.monotonic())
                return
            tasks[0][0].results = [error]
            yield tasks[0][0]
            return
        pace = sum(sizes) / max(1e-6, time.monotonic() - began)
        old = self._pace.get(work.name, pace)
        self._pace[work.name] = old + _FORGETTING * (pace - old)
        place, again = 0, []
        for (task, _), part in zip(tasks, parts, strict=True):
            task.results += found[place : place + len(part)]
            place += len(part)
            if task.whole:
                yield task
            else:
                again.append(task)
        self._return(again)

    def _advance(self, task: _Task) -> Iterator[_Task]:
        """Compute the next call of a task; yield the task if it was the last or has failed."""
        assert task.steps is not None
        try:
            task.results.append(next(task.steps))
        except Exception as error:
            task.results = [error]
            yield task
            return
        if task.whole:
            yield task
        else:
            self._return([task])

    def _return(self, tasks: list[_Task]) -> None:
        """Have unfinished tasks wait behind the others."""
        with self._ready:
            self._waiting.extend(tasks)


def _even(chosen: list[tuple[_Task, int]]) -> None:
    """Take items from the end until their number is a multiple of the engine's rows, to which it would fill them up."""
    total = sum(count for _, count in chosen)
    over = total % ROW_MULTIPLE if total > ROW_MULTIPLE else 0
    while over:
        task, count = chosen.pop()
        if count > over:
            chosen.append((task, count - over))
        over -= min(over, count)


def _deliver(tasks: list[_Task], error: BaseException | None = None) -> None:
    """Hand results, or the error, to those who wait for them, with one call for each of their loops."""
    for loop in {task.loop for task in tasks}:
        some = [task for task in tasks if task.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, some, error)
        except RuntimeError:  # the loop has closed: nobody waits any more
            continue


def _settle(tasks: list[_Task], error: BaseException | None) -> None:
    for task in tasks:
        if task.future.done():
            continue
        failure = error or next((one for one in task.results if isinstance(one, Exception)), None)
        if failure is None:
            task.future.set_result(task.results)
        elif isinstance(failure, CancelledError):
            task.future.cancel()
        else:
            task.future.set_exception(failure)
