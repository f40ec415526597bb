"""A job on a cluster: its parts are handed to actors by Ray Data, and again where an actor or a machine dies."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from textrae import errors
from textrae.errors import ConfigError, DeviceError, RunError
from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.integrations.ray_data.folder import Folder, name_of
from textrae.integrations.ray_data.jobs import Job
from textrae.integrations.ray_data.worker import COUNTED, Worker
from textrae.runs.hub import DOWNLOADED
from textrae.text.blocks import ReadCounts

MOST: Final = 100_000
"""Most actors of a job."""
_BLOCKS: Final = 10_000
"""Tasks that are handed to Ray at most; beyond, each is several parts."""
_TRIES: Final = 10
"""How often a part is tried again where its actor or machine dies: one that needs too much memory fails at last."""
_LOOKING: Final = 16
"""Parts that are looked at together."""
_STORE: Final = 200 * 2**20
"""Bytes of Ray's object store where Ray is started here: it holds the run, and no vectors."""
_SECONDS: Final = 10.0
"""Seconds to wait for a cluster."""
_SILENT: Final = {"log_to_driver": False, "logging_level": logging.ERROR}


@dataclass
class Told:
    """What became of a job."""

    rows: int = 0
    """Rows of all parts."""
    made: int = 0
    """Parts that were made."""
    kept: int = 0
    """Parts that were there already."""
    counts: ReadCounts = field(default_factory=ReadCounts)
    """What was read in all parts."""
    cuts: Cuts = field(default_factory=Cuts)
    """What was truncated in all parts."""

    def add(self, told: Mapping[str, Any]) -> None:
        """Add what the file of a part tells."""
        self.rows += told["rows"]
        self.cuts.add(Cuts(**told["cuts"]))
        for name in COUNTED:
            setattr(self.counts, name, getattr(self.counts, name) + told["read"][name])


def refuse_without_ray() -> None:
    """Raise :class:`ConfigError` if Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise ConfigError('`engine=ray`: Ray is not installed; install it with: pip install "textrae[ray]"')


def run_job(
    job: Job,
    run: Path,
    out: str,
    *,
    workers: int | None = None,
    device: str = "auto",
    progress: Callable[[int], None] = lambda rows: None,
) -> Told:
    """Do a job on the cluster that ``RAY_ADDRESS`` names or that runs here, or else on this machine only.

    Parts that are there already are not made again, so that the same job goes on where it was stopped. A part whose actor
    or machine dies is made by another. Nothing is there twice, as a part has one name.

    Args:
        job: what is done.
        run: folder of the run; its files are sent to the machines.
        out: folder of the parts, or its address; all machines must reach it, as the input.
        workers: number of actors; by default one for each core, or each GPU.
        device: ``cpu``, ``cuda``, or ``auto`` for GPUs if the cluster has some.
        progress: called with the rows of each part that is there.

    Raises:
        ConfigError: Ray is not installed, or the number of actors is out of range.
        RunError: the folder holds something else, or cannot be written.
        CorpusError: the input cannot be read.
        DeviceError: the cluster cannot be reached, has no GPU, or does not finish.
    """
    refuse_without_ray()
    if workers is not None:
        workers = arguments.whole("workers", workers, 1, MOST)
    folder, told = Folder(out), Told()
    there = sorted(folder.claim(job))
    folder.clean()
    with ThreadPoolExecutor(_LOOKING) as pool:
        found = dict(zip(there, pool.map(partial(folder.part, job), there), strict=True))
    for known in filter(None, found.values()):
        told.kept += 1
        told.add(known)
        progress(known["rows"])
    missing = [part for part in range(job.parts) if not found.get(part)]
    try:
        for made in _made(job, missing, run, out, workers, device) if missing else ():
            told.made += 1
            told.add(made)
            progress(made["rows"])
    finally:
        with suppress(RunError):
            folder.clean()
    if not job.unchanged():
        raise RunError(
            f"{out}: a file of the input has changed under way; run the command into another folder"
        )
    if lost := [name_of(part) for part in range(job.parts) if part not in folder.claim(job)]:
        raise RunError(f"{out}: {lost[0]} and {len(lost) - 1:,} more are not there; run the command again")
    return told


def _made(
    job: Job, missing: list[int], run: Path, out: str, workers: int | None, device: str
) -> Iterator[dict[str, Any]]:
    """Yield what each part tells, as it is made."""
    with _cluster():
        import ray

        content = {name: (run / name).read_bytes() for name in DOWNLOADED if (run / name).is_file()}
        weights = ray.put(content)
        kind, count = _actors(ray.cluster_resources(), device, workers)
        fetch = partial(ray.get, weights)
        try:
            yield from _handed_out(job, missing, out, fetch, kind, min(count, len(missing)))
        except ray.exceptions.RayError as error:
            said = (str(error).strip() or type(error).__name__).splitlines()
            raise DeviceError(
                f"Ray gave up: {type(error).__name__}: {said[-1][:200]}; the parts that are done stay: run the command again"
            ) from error


def _handed_out(
    job: Job, missing: list[int], out: str, fetch: Callable[[], Any], device: str, count: int
) -> Iterator[dict[str, Any]]:
    """Have actors make the parts that are missing.

    Raises:
        TextraeError: a part refuses its input, the run or the folder.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised too
    rows = [{"part": part} for part in missing]
    parts = ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how to limit tries has no name of its own yet
        made = parts.map(
            Worker,
            fn_constructor_args=(job, out, fetch, device),
            compute=ray.data.ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=2),
            num_cpus=1,
            num_gpus=1 if device == "cuda" else None,
            max_restarts=-1,
            max_task_retries=_TRIES,
        )
    yield from told_by(made.iter_rows())


def told_by(answers: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what the files of parts tell, out of the answers of workers.

    Raises:
        TextraeError: a part refuses its input, the run or the folder.
    """
    for answer in answers:
        if answer["error"]:
            raise getattr(errors, answer["kind"], RunError)(answer["error"])
        yield json.loads(answer["told"])


@contextmanager
def _cluster() -> Iterator[None]:
    """Be connected to the cluster that is named, or that runs here, or else to one of this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what fails comes as an error
    import ray

    if ray.is_initialized():
        yield
        return
    named = os.environ.get("RAY_ADDRESS")
    with _without_a_word():
        try:
            _refuse_silence(named or "")
            ray.init(address=named or "auto", **_SILENT)
        except OSError as error:  # ConnectionError is one
            if named:
                raise DeviceError(
                    f"RAY_ADDRESS={named}: no cluster answers there ({type(error).__name__}); start it, or unset RAY_ADDRESS"
                ) from None
            ray.init(address="local", include_dashboard=False, object_store_memory=_STORE, **_SILENT)
    try:
        yield
    finally:
        ray.shutdown()


def _refuse_silence(address: str) -> None:
    """Raise :class:`OSError` if nothing listens at ``host:port``, which Ray would find out in two minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), _SECONDS).close()


@contextmanager
def _without_a_word() -> Iterator[None]:
    """Send standard error nowhere: Ray's core tells there at which level it logs, which nobody asked for."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _actors(resources: Mapping[str, float], device: str, workers: int | None) -> tuple[str, int]:
    """Return the device of each actor and how many there are.

    Raises:
        DeviceError: the cluster has no GPU.
    """
    gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
    if device.partition(":")[0] == "cuda" and not gpus:
        raise DeviceError(f"`device={device}`: the cluster has no GPU; give `device=auto` or `device=cpu`")
    if device == "auto":
        device = "cuda" if gpus else "cpu"
    kind = device.partition(":")[0]
    return kind, workers or (gpus if kind == "cuda" else max(1, cpus))
