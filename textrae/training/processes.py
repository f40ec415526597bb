"""Training on several processes that torchrun starts: which this one is, and what they tell one another.

Every process holds the whole model and computes a share of each update. DistributedDataParallel adds up the gradients
(Li et al. 2020). Process 0 keeps the clock, reads the corpus and writes the run.
"""

from __future__ import annotations

import json
import os
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from textrae.errors import DeviceError, TrainingError

_READY, _TOLD = "textrae/ready", "textrae/told"
"""Keys of the store that all processes share: what process 0 has prepared, and whether an error was printed."""
_POLL = 0.1
"""Seconds between two looks whether process 0 has prepared the corpus."""
_LOST = re.compile(r"gloo|nccl|connection|broken pipe|socket|timed out|timeout", re.IGNORECASE)
"""What a failure of the connection between processes says."""


class Left(TrainingError):
    """Another process has failed, and has said why."""


def place() -> tuple[int, int]:
    """Return the number of this process, from 0, and how many train together, as torchrun's variables have it."""
    names = "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"
    if not all(os.environ.get(name) for name in names):
        return 0, 1
    rank, size = os.environ["RANK"], os.environ["WORLD_SIZE"]
    if not (rank.isdecimal() and size.isdecimal() and int(rank) < int(size)):
        raise DeviceError(
            f"RANK={rank}, WORLD_SIZE={size}: no number of a process and of processes; start with torchrun, or unset them"
        )
    return int(rank), int(size)


def own_device(name: str) -> str:
    """Return the name of the device that this process trains on: of several GPUs each process has its own.

    Raises:
        DeviceError: there are fewer GPUs than processes on this machine.
    """
    kind = "cuda" if name == "auto" and torch.cuda.is_available() else name
    if place()[1] == 1 or kind != "cuda":
        return name
    local = os.environ.get("LOCAL_RANK", "0")
    if not local.isdecimal() or int(local) >= torch.cuda.device_count():
        raise DeviceError(
            f"LOCAL_RANK={local}: this machine has {torch.cuda.device_count()} GPUs; start one process for each of them"
        )
    return f"cuda:{local}"


class Processes:
    """The processes of a training; by default only this one, for which nothing is exchanged.

    Args:
        rank: number of this process, from 0.
        size: number of processes.
        store: what they share before there is a group of them.
    """

    def __init__(self, rank: int = 0, size: int = 1, store: Store | None = None) -> None:
        self.rank, self.size, self.store = rank, size, store

    @property
    def leads(self) -> bool:
        """Whether this process keeps the clock and writes."""
        return self.rank == 0

    def wrapped(self, module: nn.Module, device: torch.device) -> nn.Module:
        """Return a module whose gradients are the mean over all processes after each backward pass."""
        if self.size == 1:
            return module
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # torch 2.13 calls `broadcast_buffers` by another name
            return nn.parallel.DistributedDataParallel(
                module,
                device_ids=[device.index] if device.type == "cuda" else None,
                broadcast_buffers=False,
                # exercises, pre-training and rehearsal leave parameters without a gradient in some steps
                find_unused_parameters=True,
            )

    def apart(self, module: nn.Module) -> AbstractContextManager[None]:
        """Return a context in which a wrapped module's gradients are added up here, and exchanged after it."""
        if isinstance(module, nn.parallel.DistributedDataParallel):
            return module.no_sync()
        return nullcontext()

    def summed(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor of the same shape of every process."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def agreed(
        self, values: Sequence[float], anywhere: Sequence[bool] = ()
    ) -> tuple[list[float], list[bool]]:
        """Return the numbers that process 0 gives, and for each of some flags whether any process sets it."""
        if self.size == 1:
            return list(values), list(anywhere)
        known = values if self.leads else [0.0] * len(values)
        found = self.summed(torch.tensor([*known, *map(float, anywhere)], dtype=torch.float64)).tolist()
        return found[: len(values)], [flag > 0 for flag in found[len(values) :]]

    def rows(self, own: Tensor) -> Tensor:
        """Return the rows of all processes, those of this one with their gradient: (own rows, …) → (rows, …)."""
        if self.size == 1:
            return own
        counts = torch.zeros(self.size, dtype=torch.int64)
        counts[self.rank] = len(own)
        sizes = self.summed(counts).tolist()
        padded = own.new_zeros(max(sizes), *own.shape[1:])
        padded[: len(own)] = own.detach()
        parts = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(parts, padded)
        return torch.cat(
            [own if rank == self.rank else part[: sizes[rank]] for rank, part in enumerate(parts)]
        )

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Have the other processes end, too, if process 0 fails before it has announced anything."""
        try:
            yield
        except BaseException:
            if self.store is not None and not self.store.check([_READY]):
                self.store.set(_READY, json.dumps(None))
            raise

    def announce(self, values: dict[str, Any]) -> None:
        """Tell the other processes, of process 0, what it has prepared; values are those that JSON has."""
        if self.store is not None:
            self.store.set(_READY, json.dumps(values))

    def announced(self) -> dict[str, Any]:
        """Wait, however long it takes, for what process 0 announces.

        Raises:
            Left: it has failed instead.
        """
        if self.store is None:
            raise ValueError("a single process has nobody to wait for")
        with _connected():
            while not self.store.check([_READY]):
                time.sleep(_POLL)  # a wait inside the store would hold up signals
            found = json.loads(self.store.get(_READY))
        if not isinstance(found, dict):
            raise Left("process 0 has failed")
        return found


ALONE = Processes()
"""One process."""

_shared: list[Store] = []
"""Store of the processes that this one has joined."""


def first_to_tell() -> bool:
    """Return whether this process is the one to print an error: the first that asks, or before they met process 0."""
    try:
        rank, size = place()
    except DeviceError:
        return True
    if size == 1 or not _shared:
        return rank == 0
    try:
        return int(_shared[0].add(_TOLD, 1)) == 1
    except RuntimeError:  # the store has gone with its process
        return True


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Meet the other processes that torchrun has started, if it has, until the training ends.

    Args:
        device: device that this process trains on.

    Raises:
        TrainingError: another process has ended, or cannot be reached.
    """
    rank, size = place()
    if size == 1:
        yield ALONE
        return
    with _connected():
        store = next(iter(rendezvous("env://")))[0]
        _shared[:] = [store]
        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size)
        try:
            yield Processes(rank, size, store)
        finally:
            distributed.destroy_process_group()


@contextmanager
def _connected() -> Iterator[None]:
    """Re-raise what a lost connection raises as one line that says what to do."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and not _LOST.search(str(error)):
            raise
        raise TrainingError(
            "another process of this training has ended or cannot be reached; start all of them again, with "
            "`resume=True` where a checkpoint was written"
        ) from error
