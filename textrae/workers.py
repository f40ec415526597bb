"""Encoding and translating on several processes: one per core, or one per GPU."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from multiprocessing import get_context
from multiprocessing.queues import Queue
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import torch

from textrae.devices import choose_device, keep_freed_memory
from textrae.errors import DeviceError
from textrae.inference.engine import WINDOW, Cuts, Hypotheses, windows
from textrae.inference.vectors import Vectors
from textrae.model import SentenceAutoencoder
from textrae.settings.fields import Precision

_TRANSLATED = 2_048
"""Sentences that a worker translates at once: enough for batches of similar length, few for a fair share of work."""
_model: SentenceAutoencoder
"""Model of a worker process."""


class WorkerPool:
    """Processes that each hold the model of a run and work on parts of one stream.

    They help where one process leaves cores idle (a step of the recurrence is too small for many) or where there are
    several GPUs. The processes import the main module, so a script must make a pool under
    ``if __name__ == "__main__":``.

    Args:
        run: folder of the run.
        workers: number of processes; they share torch's threads, or the GPUs in turn.
        device: as for :meth:`textrae.SentenceAutoencoder.load`.
        precision: as for :meth:`textrae.SentenceAutoencoder.load`.

    Raises:
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
        context = get_context("spawn")  # a forked process cannot use a GPU, nor torch's threads safely
        kind = choose_device(device).type
        devices: Queue[str] = context.Queue()
        for number in range(workers):
            devices.put(f"cuda:{number % torch.cuda.device_count()}" if kind == "cuda" else kind)
        threads = max(1, torch.get_num_threads() // workers)
        self.workers = workers
        self._pool = ProcessPoolExecutor(
            workers, context, initializer=_load, initargs=(str(run), devices, precision, threads)
        )

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the processes."""
        self._pool.shutdown(cancel_futures=True)

    def encode_stream(
        self, sentences: Iterable[str], *, cuts: Cuts | None = None, window: int = WINDOW
    ) -> Iterator[Vectors]:
        """Encode any number of sentences in bounded memory: yield blocks of float32 rows, in order.

        Args:
            sentences: one row each; twice as many windows as there are workers are held at once.
            cuts: counts what was read and truncated.
            window: sentences that a worker takes at once.

        Raises:
            DeviceError: a worker has died.
        """
        for blocks in self._stream("encode_stream", sentences, cuts, window):
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
        running: deque[Future[tuple[list[Any], Cuts]]] = deque()
        try:
            for lines in windows(sentences, window):
                running.append(self._pool.submit(_work, method, lines, dict(options)))
                if len(running) > 2 * self.workers:
                    yield _finished(running.popleft(), cuts)
            while running:
                yield _finished(running.popleft(), cuts)
        except BrokenProcessPool:
            raise DeviceError(
                "a worker process died, most likely for want of memory; try fewer `workers`"
            ) from None


def _finished(future: Future[tuple[list[Any], Cuts]], cuts: Cuts | None) -> list[Any]:
    """Return a window's blocks, and add its counts to `cuts`."""
    blocks, counted = future.result()
    if cuts is not None:
        cuts.sentences += counted.sentences
        cuts.cut += counted.cut
    return blocks


def _load(run: str, devices: Queue[str], precision: Precision, threads: int) -> None:
    """Load the model: this process becomes a worker."""
    global _model  # an executor hands values over to its tasks only so
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process stops the workers
    torch.set_num_threads(threads)
    _model = SentenceAutoencoder.load(Path(run), device=devices.get(), precision=precision)


def _work(method: str, lines: list[str], options: dict[str, Any]) -> tuple[list[Any], Cuts]:
    """Call a method of the worker's model on a window, and return what it yields and its counts."""
    cuts = Cuts()
    return list(getattr(_model, method)(lines, cuts=cuts, **options)), cuts
