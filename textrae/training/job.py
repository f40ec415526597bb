"""A training as it is given, and what its loop works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from textrae.errors import ConfigError
from textrae.latent.draw import normalised
from textrae.nn.autoencoder import Autoencoder
from textrae.nn.meaning import FrequencyMeaning
from textrae.runs.folder import CHECKPOINT, STATE
from textrae.runs.run import Run
from textrae.settings.run import Settings
from textrae.text.batch import SPECIALS, Rows
from textrae.text.prepared import PreparedCorpus
from textrae.text.segments import segmenter
from textrae.text.tokenizer import Tokenizer
from textrae.text.two_pass import Note
from textrae.training.copying import Exercises
from textrae.training.dial import Dial
from textrae.training.meaning import (
    DROPPED,
    Aligned,
    Context,
    Lines,
    Objective,
    Teacher,
    Translations,
    Views,
    count_tokens,
)
from textrae.training.noise import Noise
from textrae.training.processes import ALONE, Processes
from textrae.training.reading import Tables
from textrae.training.regularisers import make_regulariser
from textrae.training.size import refuse_oversized
from textrae.training.state import Trainer, TrainingReport
from textrae.training.token_cache import Stopped
from textrae.training.transplant import freeze_encoder, transplant
from textrae.training.validation import standardise_lengths


@dataclass(frozen=True)
class Watch:
    """How a caller follows and stops a training."""

    note: Note = lambda line: None
    """Called with each line that the user should read."""
    report: Callable[[TrainingReport], None] = lambda report: None
    """Called with each report of the loop."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked before each step: True saves the state and stops."""
    trained: Callable[[Run, Rows], None] = lambda run, rows: None
    """Called with a run whose budget is spent, when it is published, and its validation rows."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A training that begins or is resumed, with everything about it that is decided before text is read."""

    settings: Settings
    tables: Tables
    out: Path
    """Run folder to make."""
    stopped: Stopped | None
    """The training that is resumed; None for one that begins."""
    dial: Dial
    """What may be chosen of the model when the corpus is known."""
    device: torch.device
    bf16: bool
    watch: Watch
    processes: Processes = ALONE
    """Processes that train together."""
    held: Path | None
    """File of sentences that were given in memory; they are trained on in place of the settings' sources."""

    @property
    def state(self) -> Path:
        """File of the checkpoint's state."""
        return self.out / CHECKPOINT / STATE


def refuse_shares(settings: Settings, processes: int) -> None:
    """Reject what looks at a whole batch at once, where a batch is computed in shares.

    Raises:
        ConfigError: a setting is such.
    """
    if processes * settings.training.accumulate > 1 and settings.model.posterior_norm:
        raise ConfigError(
            "`posterior_norm`: takes the mean and variance of a whole batch, which is not computed at once here; leave it "
            "out, or train in one process without `accumulate`"
        )


def make_trainer(job: Job, corpus: PreparedCorpus, own: Tokenizer | None) -> Trainer:
    """Return what the loop of a training works on, from its beginning or where it was stopped.

    Args:
        job: the training.
        corpus: its token cache.
        own: tokenizer of the target, if it has one of its own.
    """
    settings, targets = job.settings, corpus.targets
    refuse_oversized(
        settings.model, corpus.tokenizer.vocab_size, None if own is None else own.vocab_size, job.device
    )
    torch.manual_seed(settings.training.seed)
    fresh = not job.state.exists()
    network = make_network(settings, corpus, own, fresh=fresh).to(job.device)
    trainer = Trainer(
        network=network,
        train=corpus.train,
        valid=corpus.valid if targets is None or not settings.taught else targets.valid,
        specials=SPECIALS,
        config=settings.training,
        valid_size=settings.corpus.valid_size,
        device=job.device,
        bf16=job.bf16,
        mse_weight=settings.model.mse_weight,
        copying=_exercises(settings, corpus.tokenizer),
        regulariser=make_regulariser(settings.model.regulariser, settings.model.encoding_size, job.device),
        segmenter=segmenter(settings.model, corpus.tokenizer),
        targets=None if targets is None else targets.train,
        valid_targets=None if targets is None or settings.taught else targets.valid,
        objectives=_objectives(job, network, corpus),
        numbered=settings.taught,
        vectors=job.tables[0],
        valid_vectors=job.tables[1] or job.tables[0],
        processes=job.processes,
        languages=settings.model.languages,
    )
    if fresh and settings.encoder is None and not normalised(settings.model):
        standardise_lengths(trainer)
    if fresh and isinstance(network.meaning, FrequencyMeaning):
        network.meaning.weigh(count_tokens(corpus.text, len(network.meaning.weights)))
    return trainer


def _objectives(job: Job, network: Autoencoder, corpus: PreparedCorpus) -> list[Objective]:
    """Return what teaches meaning."""
    found: list[Objective] = []
    if job.settings.teacher and job.tables[0] is not None:
        found.append(Teacher(job.tables[0], job.settings.model.meaning))
    if job.settings.training.views:
        noise, text = Noise(DROPPED, 0.0, 0.0, 0), range(SPECIALS.blank + 1, network.vocab_size)
        found.append(Views(partial(noise, text=text, specials=SPECIALS)))
    if job.settings.training.context:
        found.append(Context(Lines(corpus.train, corpus.text, SPECIALS), corpus.stats.ends))
    if job.settings.training.aligned:
        found.append(Aligned(Lines(corpus.train, corpus.text, SPECIALS), corpus.stats.ends))
    if job.settings.model.meaning and job.settings.joint and not job.settings.model.sif:
        found.append(Translations(SPECIALS))
    return found


def _exercises(settings: Settings, tokenizer: Tokenizer) -> Exercises | None:
    """Return the exercises in copying that the settings ask for; None for none."""
    if not settings.copying_used:
        return None
    _, single = tokenizer.piece_bytes()
    return Exercises(
        share=settings.copying_used,
        text=range(SPECIALS.blank + 1, tokenizer.vocab_size),
        single=torch.tensor(single).nonzero().squeeze(1),
        longest=settings.corpus.longest + 1,
    )


def make_network(
    settings: Settings, corpus: PreparedCorpus, own: Tokenizer | None, fresh: bool
) -> Autoencoder:
    """Return the network; a fresh one begins with the parts of other runs that the settings name.

    Args:
        own: tokenizer of the target, if it has one of its own.
    """
    network = Autoencoder(
        settings.model,
        corpus.tokenizer.vocab_size,
        None if own is None else own.vocab_size,
        translates=bool(settings.target),
    )
    if fresh:
        transplant(network, settings)
    if settings.training.freeze_encoder:
        freeze_encoder(network)
    return network
