"""Encoding and translating on several processes: one per core, or one per GPU."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, count
from os import PathLike
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import torch

from textrae.devices import choose_device, keep_freed_memory
from textrae.errors import DeviceError
from textrae.inference.arguments import whole
from textrae.inference.cuts import Cuts
from textrae.inference.engine import WINDOW, Hypotheses
from textrae.inference.vectors import Vectors
from textrae.inference.worker import Outcome, Worker
from textrae.model import SentenceAutoencoder
from textrae.runs.hub import run_folder
from textrae.settings.fields import Precision
from textrae.settings.model import Part
from textrae.text.lines import windows

MOST = 1_024
"""Most processes of a pool."""
_TRANSLATED = 2_048
"""Sentences that a worker translates at once: enough for batches of similar length, few for a fair share of work."""
_LOADING = 0
"""Number of every worker's first task."""
_model: SentenceAutoencoder
"""Model of a worker process."""


class WorkerPool:
    """Processes that each hold the model of a run and work on parts of one stream.

    They help where one process leaves cores idle (a step of the recurrence is too small for many) or where there are
    several GPUs.

    Args:
        run: folder of the run.
        workers: number of processes; they share torch's threads, or the GPUs in turn.
        device: as for :meth:`textrae.SentenceAutoencoder.load`.
        precision: as for :meth:`textrae.SentenceAutoencoder.load`.

    Raises:
        TypeError: the number of processes is no whole number.
        ConfigError: there are none, or more than :data:`MOST`.
        DeviceError: this machine does not have the device.
    """

    def __init__(
        self,
        run: str | PathLike[str],
        workers: int,
        *,
        device: str = "auto",
        precision: Precision = "fp32",
    ) -> None:
        workers = whole("workers", workers, 1, MOST)
        kind = choose_device(device).type
        threads = max(1, torch.get_num_threads() // workers)
        self._workers: list[Worker] = []
        self._queue: SimpleQueue[tuple[Worker, Outcome | None]] = SimpleQueue()
        self._numbers = count(1)
        self._outcomes: dict[int, Outcome | None] = {}  # of the tasks that somebody waits for
        self._lock = Lock()  # of what is above, for streams in several threads
        self._end = weakref.finalize(self, _end, self._workers)
        try:
            folder = str(run_folder(run))  # of the hub, one commit for all
            for number in range(workers):
                place = f"cuda:{number % torch.cuda.device_count()}" if kind == "cuda" else kind
                self._workers.append(Worker(self._queue))
                self._workers[-1].give(_LOADING, _load, folder, place, precision, threads)
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        self._end()

    def encode_stream(
        self,
        sentences: Iterable[str],
        *,
        cuts: Cuts | None = None,
        window: int = WINDOW,
        part: Part = "all",
    ) -> Iterator[Vectors]:
        """Encode any number of sentences in bounded memory: yield blocks of float32 rows, in order.

        Args:
            sentences: one row each; twice as many windows as there are workers are held at once.
            cuts: counts what was read and truncated.
            window: sentences that a worker takes at once.
            part: as for :meth:`textrae.SentenceAutoencoder.encode`.

        Raises:
            DeviceError: a worker has died.
            TextraeError: a worker cannot load the run, or refuses a sentence.
        """
        for blocks in self._stream("encode_stream", sentences, cuts, window, {"part": part}):
            yield np.concatenate(blocks)

    def translate_stream(
        self,
        sentences: Iterable[str],
        *,
        cuts: Cuts | None = None,
        window: int = _TRANSLATED,
        **options: Any,
    ) -> Iterator[list[str]]:
        """Translate any number of sentences in bounded memory: yield blocks of sentences, in order.

        Args:
            sentences: what to translate; twice as many windows as there are workers are held at once.
            cuts: counts what was read and truncated.
            window: sentences that a worker takes at once.
            options: the others of :meth:`textrae.SentenceAutoencoder.translate_stream`.

        Raises:
            DeviceError: a worker has died.
            TextraeError: a worker cannot load the run, or refuses a sentence.
        """
        for blocks in self._stream("translate_stream", sentences, cuts, window, options):
            yield list(chain.from_iterable(blocks))

    def translations(
        self,
        sentences: Iterable[str],
        *,
        cuts: Cuts | None = None,
        window: int = _TRANSLATED,
        **options: Any,
    ) -> Iterator[list[Hypotheses]]:
        """Translate as :meth:`translate_stream`, but yield all that the beam ends with, the best first, with scores.

        Args:
            sentences: what to translate; twice as many windows as there are workers are held at once.
            cuts: counts what was read and truncated.
            window: sentences that a worker takes at once.
            options: the others of :meth:`textrae.SentenceAutoencoder.translations`.

        Raises:
            DeviceError: a worker has died.
            TextraeError: a worker cannot load the run, or refuses a sentence.
        """
        for blocks in self._stream("translations", sentences, cuts, window, options):
            yield list(chain.from_iterable(blocks))

    def _stream(
        self,
        method: str,
        sentences: Iterable[str],
        cuts: Cuts | None,
        window: int,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> Iterator[list[Any]]:
        """Yield for each window, in order, all that a method of the model yields."""
        running: deque[int] = deque()
        try:
            for lines in windows(sentences, window):
                running.append(self._give(method, lines, options))
                if len(running) > 2 * len(self._workers):
                    yield self._outcome(running.popleft(), cuts)
            while running:
                yield self._outcome(running.popleft(), cuts)
        except KeyboardInterrupt:
            self._end()  # what a worker was given may be half of a task
            raise
        finally:
            for number in running:
                self._outcomes.pop(number, None)

    def _give(self, method: str, lines: list[str], options: Mapping[str, Any]) -> int:
        """Have the least busy worker call a method of its model on a window, and return the task's number."""
        with self._lock:
            with suppress(Empty):
                while True:
                    self._receive(wait=False)
            if not self._workers:
                raise self._dead()
            worker = min(self._workers, key=lambda worker: len(worker.tasks))
            number = next(self._numbers)
            try:
                worker.give(number, _work, method, lines, dict(options))
            except OSError:
                raise self._dead() from None
            self._outcomes[number] = None
            return number

    def _outcome(self, number: int, cuts: Cuts | None) -> list[Any]:
        """Wait for a window's blocks, return them, and add its counts to `cuts`."""
        with self._lock:
            while (outcome := self._outcomes[number]) is None:
                self._receive(wait=True)
            del self._outcomes[number]
        done, value = outcome
        if not done:
            raise value
        blocks, counted = value
        if cuts is not None:
            cuts.add(counted)
        return list(blocks)

    def _receive(self, *, wait: bool) -> None:
        """Keep one more outcome, if somebody waits for it.

        Raises:
            Empty: none is there, and it is not to be waited for.
            DeviceError: a worker has died.
        """
        worker, outcome = self._queue.get(wait)
        if outcome is None:
            raise self._dead()
        number = worker.tasks.popleft()
        if number == _LOADING and not outcome[0]:
            self._end()
            raise outcome[1]
        if number in self._outcomes:
            self._outcomes[number] = outcome

    def _dead(self) -> DeviceError:
        """End what is left of a pool of which a worker has died, and return what is to be said."""
        if not self._workers:
            return DeviceError("the processes of this pool have ended; make another pool")
        self._end()
        return DeviceError("a worker process died, most likely for want of memory; try fewer `workers`")


def _end(workers: list[Worker]) -> None:
    """End processes, at once."""
    while workers:
        workers.pop().end()


def _load(run: str, device: str, precision: Precision, threads: int) -> None:
    """Load the model in this process, a worker."""
    global _model  # the tasks after this one use it
    keep_freed_memory()
    torch.set_num_threads(threads)
    _model = SentenceAutoencoder.load(Path(run), device=device, precision=precision)


def _work(method: str, lines: list[str], options: dict[str, Any]) -> tuple[list[Any], Cuts]:
    """Call a method of the worker's model on a window, and return what it yields and its counts."""
    cuts = Cuts()
    return list(getattr(_model, method)(lines, cuts=cuts, **options)), cuts
