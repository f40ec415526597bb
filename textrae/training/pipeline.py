"""From a corpus to a run folder: the corpus is prepared, the loop run, the result published."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from textrae.devices import choose_bf16, choose_device
from textrae.errors import ConfigError, RunError
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.folder import CHECKPOINT, METRICS, MODEL, STATE, claim, make_folder
from textrae.runs.run import Run, publish
from textrae.settings.rules import _refuse_for_pairs, _refuse_idle
from textrae.settings.run import Settings
from textrae.text.batch import SPECIALS
from textrae.text.corpus import prepare
from textrae.text.from_vectors import VectorTable, prepare_given
from textrae.text.parallel import prepare_pairs
from textrae.text.prepared import PreparedCorpus
from textrae.text.segments import segmenter
from textrae.text.tokenizer import Tokenizer
from textrae.training.loop import fit
from textrae.training.state import Report, Trainer
from textrae.training.token_cache import (
    find_cache,
    refuse_another_corpus,
    remember,
    remove_cache,
    stored_settings,
)
from textrae.training.transplant import freeze_encoder, transplant
from textrae.training.validation import gather_latents

Note = Callable[[str], None]
Tables = tuple[VectorTable | None, VectorTable | None]
"""Vectors that are read instead of a text: to train on, and of the validation file."""


@dataclass(frozen=True)
class Watch:
    """How a caller follows and stops a training."""

    note: Note = lambda line: None
    """Given each line that the user should read."""
    report: Callable[[Report], None] = lambda report: None
    """Given each report of the loop."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked before each step; True saves the state and stops."""


def train_run(
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    cache_dir: Path | None = None,
    watch: Watch | None = None,
) -> tuple[Run, bool]:
    """Train a model into the run folder `out`.

    The token cache lies in the run's `checkpoint/`, or in a folder of its own in `cache_dir`, which is kept in mind for
    resuming; it goes when training ends well.

    Returns:
        The run as it was published, and whether its budget was spent (False: stopped, to be resumed).

    Raises:
        RunError: the folder is in the way, or cannot be written.
        ConfigError: settings do not go together.
        CorpusError: the text cannot be read or holds nothing to train on.
        TrainingError, DeviceError: see :mod:`textrae.training.loop`.
    """
    watch = watch or Watch()
    if resume and overwrite:
        raise ConfigError(
            "--resume goes on with the training that --overwrite gives up; leave one of them out"
        )
    if not resume or stored_settings(out) is None:
        _refuse_idle(settings)
    settings, tables = _settled(settings)
    device = choose_device(settings.training.device)
    bf16 = choose_bf16(settings.training.precision, device)
    checkpoint = out / CHECKPOINT
    claim(out, resume, overwrite)
    cache, left = find_cache(out, cache_dir, resume)
    made = [path for path in (out, checkpoint, cache) if not path.exists()]
    try:
        make_folder(checkpoint)
        make_folder(cache)
        corpus = _corpus(settings, tables, out, left or cache, resume, watch.note)
        remember(out, settings, corpus)
        own = None
        if corpus.targets is not None and settings.corpus.tokenizers == "separate":
            own = corpus.targets.tokenizer
        trainer = _trainer(settings, tables, corpus, own, out, device, bf16, watch)
    except BaseException:
        for path in made:  # nothing was trained yet: leave nothing half-made
            shutil.rmtree(path, ignore_errors=True)
        raise
    watch.note(_describe(trainer.network, device, bf16))
    finished = fit(trainer)
    result = _result(trainer, corpus, finished, bf16)
    run = Run(trainer.network.eval(), corpus.tokenizer, settings, result, gather_latents(trainer), own)
    publish(out, run)
    if trainer.metrics is not None and trainer.metrics != out / METRICS:
        trainer.metrics.touch()  # a training that was stopped at once wrote none
        trainer.metrics.replace(out / METRICS)
    if finished:
        remove_cache(corpus)
        shutil.rmtree(checkpoint, ignore_errors=True)
    return run, finished


def _settled(settings: Settings) -> tuple[Settings, Tables]:
    """Settings with what the files decide, and the vectors that are read; ConfigError where they do not go together."""
    if settings.model.hierarchical and settings.training.crossover:
        raise ConfigError(
            "crossover: a hierarchical model's segments cannot go on as another's; leave it out"
        )
    if settings.model.reconstruction == "mse" and settings.training.label_smoothing:
        raise ConfigError("label_smoothing: mse has no softmax whose targets could be smoothed; leave it out")
    if settings.target:
        _refuse_for_pairs(settings)
    languages = tuple(dict.fromkeys(settings.target_languages))
    if settings.model.languages not in ((), languages):
        raise ConfigError(
            f"languages: the targets are {', '.join(languages) or 'of no named language'}; leave it out"
        )
    settings = replace(settings, model=replace(settings.model, languages=languages))
    table, valid_table = _tables(settings)
    if table is not None:
        settings = replace(settings, model=replace(settings.model, vectors=table.width))
    if settings.training.freeze_encoder and settings.encoder is None:
        raise ConfigError("freeze_encoder: one that is not trained yet would stay so; give --encoder RUN too")
    return settings, (table, valid_table)


def _trainer(
    settings: Settings,
    tables: Tables,
    corpus: PreparedCorpus,
    own: Tokenizer | None,
    out: Path,
    device: torch.device,
    bf16: bool,
    watch: Watch,
) -> Trainer:
    """The loop of a training in `out`, at its begin or as it was left.

    Args:
        own: the target's tokenizer, if it has one of its own.
    """
    torch.manual_seed(settings.training.seed)
    state, targets = out / CHECKPOINT / STATE, corpus.targets
    return Trainer(
        _network(settings, corpus, own, fresh=not state.exists()).to(device),
        corpus.train,
        corpus.valid,
        SPECIALS,
        settings.training,
        settings.corpus.valid_size,
        device,
        bf16,
        settings.model.mse_weight,
        settings.model.regulariser,
        segmenter(settings.model, corpus.tokenizer),
        None if targets is None else targets.train,
        None if targets is None else targets.valid,
        tables[0],
        tables[1] or tables[0],
        checkpoint=state,
        metrics=_metrics(out, watch.note),
        on_report=watch.report,
        should_stop=watch.should_stop,
    )


def _metrics(out: Path, note: Note) -> Path:
    """Where the lines of a training go: until it is published, beside those of the run that --overwrite gives up."""
    aside = out / CHECKPOINT / METRICS
    overwrites = (out / MODEL).exists() and not (out / CHECKPOINT / STATE).exists()
    if not aside.exists() and not overwrites:
        return out / METRICS
    note(f"{aside}: the metrics, until the run that is in {out} gives way")
    return aside


def _network(settings: Settings, corpus: PreparedCorpus, own: Tokenizer | None, fresh: bool) -> Autoencoder:
    """The network, which if `fresh` begins with the parts of other runs that the settings name.

    Args:
        own: the target's tokenizer, if it has one of its own.
    """
    network = Autoencoder(
        settings.model, corpus.tokenizer.vocab_size, None if own is None else own.vocab_size
    )
    if fresh:
        transplant(network, settings)
    if settings.training.freeze_encoder:
        freeze_encoder(network)
    return network


def _corpus(
    settings: Settings, tables: Tables, out: Path, cache: PreparedCorpus | Path, resume: bool, note: Note
) -> PreparedCorpus:
    """The token cache: as it was left by the training to be resumed, or made from the sources in a folder."""
    stored = stored_settings(out) if resume else None
    # as values, not as text: an older textrae had fewer settings
    if stored not in (None, settings):
        raise RunError(
            f"{out}: the training to be resumed had other settings; give the same ones, or --overwrite"
        )
    if isinstance(cache, PreparedCorpus):
        corpus = cache
    else:
        if not settings.sources:
            raise RunError(f"{out}: nothing to resume there; name the corpus to train on")
        if stored is not None:
            if "-" in (*settings.sources, *settings.target, settings.valid, settings.valid_target):
                raise RunError(
                    f"{out}: its token cache is gone, and standard input cannot be read again; say where it is with "
                    "--cache-dir, or start anew with --overwrite"
                )
            note(f"{out}: its token cache is gone; it is made anew from the corpus")
        corpus = _prepare(settings, tables, cache, note)
        if stored is None:
            (out / CHECKPOINT / STATE).unlink(missing_ok=True)  # of a training that --overwrite gives up
        else:
            refuse_another_corpus(out, corpus)
    for line in corpus.stats.describe(settings.corpus.valid_size):
        note(line)
    return corpus


def _tables(settings: Settings) -> Tables:
    """The vectors that are read instead of a text, and those of the validation file."""
    if settings.vectors is None:
        if settings.model.vectors:
            raise ConfigError(
                "vectors: a model that reads vectors is trained on a file of them; give --vectors FILE.npy"
            )
        return None, None
    refused = {
        "target: with vectors the corpus itself is what is written; leave it out": settings.target,
        "crossover: a sentence that goes on as another has no vector; leave it out": settings.training.crossover,
        "encoder: with vectors there is none; leave it out": settings.encoder,
        "valid: its vectors are missing; give --valid-vectors": settings.valid is not None
        and settings.valid_vectors is None,
        "valid_vectors: whose sentences are they? give --valid FILE, or leave them out": settings.valid
        is None
        and settings.valid_vectors is not None,
    }
    for reason, found in refused.items():
        if found:
            raise ConfigError(reason)
    table = VectorTable(settings.vectors)
    valid = None if settings.valid_vectors is None else VectorTable(settings.valid_vectors)
    if settings.model.vectors not in (0, table.width):
        raise ConfigError(f"{settings.vectors}: {table.width} numbers a vector, not {settings.model.vectors}")
    if valid is not None and valid.width != table.width:
        raise ConfigError(f"{settings.valid_vectors}: {valid.width} numbers a vector, not {table.width}")
    return table, valid


def _prepare(settings: Settings, tables: Tables, cache: Path, note: Note) -> PreparedCorpus:
    table, valid_table = tables
    if table is not None:
        held = None
        if settings.valid is not None and valid_table is not None:
            held = settings.valid, valid_table
        return prepare_given(settings.sources, table, settings.corpus, cache, held, note)
    if not settings.target:
        return prepare(settings.sources, settings.corpus, cache, settings.valid, note)
    valid = None
    if settings.valid is not None:
        valid = settings.valid, settings.valid_target or settings.valid
    sources = settings.sources
    if len(sources) == 1:
        sources = sources * len(settings.target)  # one text in several languages
    tags = [settings.model.languages.index(language) for language in settings.target_languages]
    return prepare_pairs(sources, settings.target, settings.corpus, cache, valid, note, tags=tags)


def _describe(network: Autoencoder, device: torch.device, bf16: bool) -> str:
    count = sum(p.numel() for p in network.parameters())
    return f"model of {count / 1e6:.2f} M parameters on {device.type}, {'bf16' if bf16 else 'fp32'}"


def _result(trainer: Trainer, corpus: PreparedCorpus, finished: bool, bf16: bool) -> dict[str, Any]:
    progress = trainer.progress
    return {
        "finished": finished,
        "step": progress.step,
        "tokens": progress.tokens,
        "passes": round(trainer.passes, 3),
        "seconds": round(progress.seconds, 1),
        "skipped_steps": progress.skipped,
        "valid_loss": progress.valid_loss if trainer.best else None,
        "precision": "bf16" if bf16 else "fp32",
        "torch": torch.__version__,
        "corpus": asdict(corpus.stats),
    }
