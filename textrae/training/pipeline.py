"""From a corpus to a run folder: prepare the corpus, run the loop, publish the result."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from textrae.devices import choose_bf16, choose_device
from textrae.errors import ConfigError, RunError
from textrae.latent.flow import Flow
from textrae.runs.folder import CHECKPOINT, METRICS, MODEL, STATE, claimed, make_folder
from textrae.runs.metrics import figures, read_metrics
from textrae.runs.run import Run, publish
from textrae.settings.rules import refuse_incomplete
from textrae.settings.run import Settings
from textrae.text.prepared import PreparedCorpus, open_cache
from textrae.text.tokenizer import Tokenizer
from textrae.text.two_pass import Note
from textrae.training.dial import BATCH, Dial, Ground, batch_for, pace, turned
from textrae.training.job import Job, Watch, make_trainer, refuse_shares
from textrae.training.loop import fit
from textrae.training.prior import prior_of
from textrae.training.processes import ALONE, joined, own_device, place
from textrae.training.reading import prepared, settled, unknown
from textrae.training.size import fits, refuse_oversized
from textrae.training.state import Trainer
from textrae.training.token_cache import (
    Stopped,
    changed_sources,
    delete_cache,
    find_cache,
    refuse_another_corpus,
    remember,
    stopped_training,
)
from textrae.training.validation import fit_meaning, gather_latents

_PACED = 1.0
"""Seconds for which the speed with each size of batches is measured."""
_FEWEST = 300
"""Fewest pieces that a tokenizer may be asked for."""


def train_run(
    settings: Settings,
    out: Path,
    *,
    resume: bool | Stopped = False,
    overwrite: bool = False,
    cache_dir: Path | None = None,
    held: Path | None = None,
    watch: Watch | None = None,
    dial: Dial | None = None,
) -> tuple[Run, bool]:
    """Train a model into the run folder `out`.

    The token cache lies in the run's `checkpoint/`, or in a folder of its own in `cache_dir`, which resuming finds again.
    It is deleted when training ends well.

    Args:
        settings: what is trained on what, and how.
        out: run folder to make.
        resume: continue the training that was stopped in `out`, as :func:`stopped_training` has read it or will be read.
        overwrite: replace the run in `out`, which stays until the new one is whole.
        cache_dir: folder for the token cache.
        held: file of sentences that were given in memory, which is read in place of the settings' sources.
        watch: how to follow and stop it.
        dial: what may be chosen of the model, by the speed of this machine, the budget and the corpus; by default
            nothing. A training that is resumed has what was chosen when it began.

    Returns:
        The run as it was published, and whether its budget was spent (False: stopped, to be resumed).

    Raises:
        RunError: the folder is in the way or cannot be written, or another process trains there.
        ConfigError: settings do not go together.
        CorpusError: the text cannot be read or holds nothing to train on.
        TrainingError, DeviceError: see :mod:`textrae.training.loop`.
    """
    watch = watch or Watch()
    if resume and overwrite:
        raise ConfigError(
            "`resume=True` continues the training that `overwrite=True` gives up; leave one of them out"
        )
    stopped = resume if isinstance(resume, Stopped) else stopped_training(out) if resume else None
    if stopped is None:
        refuse_incomplete(settings)
    elif settings.corpus.max_length == "auto":  # which its corpus has decided
        settings = settings.with_length(stopped.settings.corpus.longest)
    if stopped is not None and settings.training.batch_tokens == "auto":  # which its device has decided
        settings = settings.with_batch(stopped.settings.training.batch)
    settings, tables = settled(settings)
    refuse_shares(settings, place()[1])
    device, bf16 = _hardware(settings)
    job = Job(
        settings=settings,
        tables=tables,
        out=out,
        stopped=stopped,
        device=device,
        bf16=bf16,
        watch=watch,
        held=held,
        dial=dial or Dial(),
    )
    with joined(device) as processes:
        job = replace(job, processes=processes)
        if not processes.leads:
            return _follow(job)
        with processes.leading(), claimed(out, resume=bool(resume), overwrite=overwrite):
            return _train(job, cache_dir)


def _train(job: Job, cache_dir: Path | None) -> tuple[Run, bool]:
    """Train in the run folder of a job, and return what :func:`train_run` does."""
    out, settings, stopped = job.out, job.settings, job.stopped
    cache, left = find_cache(out, cache_dir, stopped)
    with _whole_or_nothing(out / CHECKPOINT, cache):
        make_folder(out / CHECKPOINT)
        make_folder(cache)
        corpus = _corpus(job, left or cache)
        job = replace(job, settings=settings.with_length(corpus.stats.max_length))
        own = _own_tokenizer(settings, corpus)
        if stopped is None:
            job = _turned(job, corpus, own)
        settings = job.settings
        remember(out, settings, corpus)
        trainer = _followed(job, make_trainer(job, corpus, own))
        job.processes.announce({"settings": settings.to_json(), "cache": str(corpus.folder.resolve())})
    job.watch.note(_describe(trainer, job.processes.size))
    finished = fit(trainer)
    fit_meaning(trainer)
    result = _result(trainer, corpus, finished, job.bf16)
    latents, flow = gather_latents(trainer), _flow(trainer, job.watch.note) if finished else None
    run = Run(trainer.network.eval(), corpus.tokenizer, settings, result, latents, own, flow)
    publish(out, run)
    if finished:
        job.watch.trained(run, trainer.valid)
    _tidy(out, trainer, corpus, finished)
    return run, finished


def _follow(job: Job) -> tuple[Run, bool]:
    """Train beside process 0, which has read the corpus and writes the run.

    Returns:
        What process 0 publishes but for what it makes when the budget is spent, encodings to sample from and a flow, and
        whether the budget was spent.

    Raises:
        RunError: the token cache that process 0 has made is not to be seen from here.
    """
    told = job.processes.announced()
    settings = Settings.from_json(told["settings"])
    corpus = open_cache(Path(told["cache"]))
    if corpus is None:
        raise RunError(
            f"{told['cache']}: the token cache of process 0 is not there for process {job.processes.rank}; have the run and "
            "`cache_dir` on a disk that all machines share"
        )
    job, own = replace(job, settings=settings), _own_tokenizer(settings, corpus)
    trainer = replace(make_trainer(job, corpus, own), checkpoint=job.state, should_stop=job.watch.should_stop)
    finished = fit(trainer)
    fit_meaning(trainer)
    result = _result(trainer, corpus, finished, job.bf16)
    return Run(trainer.network.eval(), corpus.tokenizer, settings, result, None, own, None), finished


def _flow(trainer: Trainer, note: Note) -> Flow | None:
    """Return the flow that a training's settings ask for, and tell what it was fitted to."""
    if not trainer.config.prior:
        return None
    found = prior_of(trainer)
    note(
        f"prior: {found.steps:,} steps on the encodings of {found.sentences:,} sentences, {found.seconds:,.0f} s"
    )
    return found.flow


@contextmanager
def _whole_or_nothing(*folders: Path) -> Iterator[None]:
    """Remove the folders that were not there before, if something goes wrong before anything is trained."""
    made = [path for path in folders if not path.exists()]
    try:
        yield
    except BaseException:
        for path in made:
            shutil.rmtree(path, ignore_errors=True)
        raise


def _hardware(settings: Settings) -> tuple[torch.device, bool]:
    """Return the device to train on, and whether to compute in bf16.

    Raises:
        DeviceError: this machine does not have the device.
        ConfigError: the model does not fit into its memory.
    """
    device = choose_device(own_device(settings.training.device))
    refuse_oversized(settings.model, _FEWEST, None, device)
    return device, choose_bf16(settings.training.precision, device)


def _own_tokenizer(settings: Settings, corpus: PreparedCorpus) -> Tokenizer | None:
    """Return the tokenizer of the target, if it has one of its own."""
    if corpus.targets is None or settings.corpus.tokenizers != "separate":
        return None
    return corpus.targets.tokenizer


def _tidy(out: Path, trainer: Trainer, corpus: PreparedCorpus, finished: bool) -> None:
    """Move the metrics to the published run, and delete what only an unfinished training needs."""
    if trainer.metrics is not None and trainer.metrics != out / METRICS:
        trainer.metrics.touch()  # a training that was stopped at once wrote none
        trainer.metrics.replace(out / METRICS)
    if finished:
        delete_cache(corpus)
        shutil.rmtree(out / CHECKPOINT, ignore_errors=True)


def _followed(job: Job, trainer: Trainer) -> Trainer:
    """Return what the loop works on, with the files that it writes and who follows it."""
    watch = job.watch
    return replace(
        trainer,
        checkpoint=job.state,
        metrics=_metrics(job.out, watch.note),
        on_report=watch.report,
        on_note=watch.note,
        should_stop=watch.should_stop,
    )


def _turned(job: Job, corpus: PreparedCorpus, own: Tokenizer | None) -> Job:
    """Return the job with the numbers of its model and its batches that were left open, and tell what they are."""
    pieces, others = corpus.tokenizer.vocab_size, None if own is None else own.vocab_size
    auto = job.settings.training.batch_tokens == "auto"
    settings = job.settings.with_batch(BATCH) if auto else job.settings

    def measured(settings: Settings, seconds: float) -> float:
        return pace(make_trainer(replace(job, settings=settings, processes=ALONE), corpus, own), seconds)

    ground = Ground(
        config=settings.training,
        corpus=corpus,
        pace=lambda model, seconds: measured(replace(settings, model=model), seconds),
        fits=lambda model: fits(model, pieces, others, job.device),
        processes=job.processes.size,
    )
    model, line = turned(settings.model, job.dial, ground)
    settings = replace(settings, model=model)
    if line:
        job.watch.note(line)
    if auto:
        settings = _batched(settings, measured, job)
    return replace(job, settings=settings)


def _batched(settings: Settings, measured: Callable[[Settings, float], float], job: Job) -> Settings:
    """Return the settings with the tokens of a batch that suit the device, and tell what they are.

    Args:
        settings: settings with the model that is trained.
        measured: measures the tokens a second of some settings, for about a number of seconds.
        job: the training.
    """
    if job.device.type == "cpu":
        job.watch.note(f"`batch_tokens=auto`: {BATCH:,} on a processor")
        return settings

    def paced(tokens: int) -> float:
        try:
            return measured(settings.with_batch(tokens), _PACED)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            return 0.0

    tokens, paces = batch_for(paced)
    job.watch.note(
        f"`batch_tokens=auto`: {tokens:,}, with which this device trains about {paces[-1]:,.0f} tokens/s "
        f"({BATCH:,}: {paces[0]:,.0f}); give a higher `lr` if it learns too slowly"
    )
    return settings.with_batch(tokens)


def _metrics(out: Path, note: Note) -> Path:
    """Return where the lines of a training go: into its checkpoint, while they would mix with those of a run to be replaced."""
    aside = out / CHECKPOINT / METRICS
    overwrites = (out / MODEL).exists() and not (out / CHECKPOINT / STATE).exists()
    if not aside.exists() and not overwrites:
        return out / METRICS
    note(f"{aside}: the metrics, until the run that is in {out} gives way")
    return aside


def _corpus(job: Job, cache: PreparedCorpus | Path) -> PreparedCorpus:
    """Return the token cache: as the training to be resumed left it, or made from the sources in a folder."""
    # as values, not as text: an older textrae had fewer settings
    if job.stopped is not None and job.stopped.settings != job.settings:
        raise RunError(
            f"{job.out}: the training to be resumed had other settings; give the same ones, or `overwrite=True`"
        )
    corpus = cache if isinstance(cache, PreparedCorpus) else _made(job, cache)
    text, stats = job.settings.corpus, corpus.stats
    if job.held is not None:  # nobody has heard of the file that they were written to
        stats = replace(stats, sources=("memory",), tables=())
    told = stats.describe(text.valid_size, auto=text.max_length == "auto")
    changed = () if job.stopped is None else changed_sources(job.settings, corpus)
    for line in (*told, *unknown(job.settings, corpus), *changed):
        job.watch.note(line)
    return corpus


def _made(job: Job, cache: Path) -> PreparedCorpus:
    """Make the token cache of the sources in a folder.

    Raises:
        RunError: there are none, or they do not give the cache of the training to be resumed.
    """
    settings, out, note = job.settings, job.out, job.watch.note
    if job.held is not None:
        settings = replace(settings, sources=(str(job.held),))
    if not settings.sources:
        raise RunError(f"{out}: nothing to resume there; name the corpus to train on")
    if job.stopped is None:
        corpus = prepared(settings, job.tables, cache, note)
        job.state.unlink(missing_ok=True)  # of a training that overwriting gives up
        return corpus
    if "-" in (*settings.sources, *settings.target, settings.valid, *settings.valid_target):
        raise RunError(
            f"{out}: its token cache is gone, and standard input cannot be read again; say where it is with "
            "`cache_dir`, or start again with `overwrite=True`"
        )
    note(f"{out}: its token cache is gone; it is made again from the corpus")
    corpus = prepared(settings, job.tables, cache, note)
    refuse_another_corpus(out, corpus, job.stopped)
    return corpus


def _describe(trainer: Trainer, processes: int) -> str:
    count = sum(p.numel() for p in trainer.network.parameters())
    precision = "bf16" if trainer.bf16 else "fp32"
    together = f", {processes} processes" if processes > 1 else ""
    return f"model of {count / 1e6:.2f} M parameters on {trainer.device.type}, {precision}{together}"


def _result(trainer: Trainer, corpus: PreparedCorpus, finished: bool, bf16: bool) -> dict[str, Any]:
    progress = trainer.progress
    return {
        "finished": finished,
        "step": progress.step,
        "tokens": progress.tokens,
        "passes": round(trainer.passes, 3),
        "seconds": round(progress.seconds, 1),
        "valid_seconds": round(progress.valid_seconds, 1),
        "skipped_steps": progress.skipped,
        "valid_loss": progress.valid_loss if trainer.best else None,
        "validation": {} if trainer.metrics is None else figures(read_metrics(trainer.metrics)[0]),
        "precision": "bf16" if bf16 else "fp32",
        "torch": torch.__version__,
        "corpus": asdict(corpus.stats),
    }
