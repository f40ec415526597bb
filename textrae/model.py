"""The facade: a trained sentence autoencoder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

from textrae.devices import choose_bf16, choose_device
from textrae.evaluation.measured import Measured
from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.inference.engine import Engine
from textrae.inference.gathering import gather
from textrae.inference.latent_space import LatentSpace
from textrae.runs.card import described
from textrae.runs.hub import run_folder
from textrae.runs.run import Run, load_run, save_run
from textrae.settings.corpus import CorpusConfig
from textrae.settings.fields import PRECISIONS, Precision
from textrae.settings.files import to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.rules import refuse_size, refuse_sources
from textrae.settings.run import Settings
from textrae.settings.sizes import Dialled
from textrae.settings.training import TrainingConfig
from textrae.text.spill import spill
from textrae.training.dial import Dial, shaped
from textrae.training.following import following
from textrae.training.job import Watch
from textrae.training.pipeline import train_run
from textrae.training.prior import Fitted, Report, fit_flow
from textrae.training.transplant import adopted

Place = str | PathLike[str]
"""Path of a file or folder, or the name of a data set."""


class SentenceAutoencoder(Measured, LatentSpace):
    """A trained model that turns sentences into vectors and vectors into sentences.

    An encoding depends only on its sentence: in fp32, the default here, batch-mates and padding change it by less
    than 1e-5; in bf16 by its rounding, about 1e-2 relative.

    Args:
        run: network, tokenizer and settings.
        precision: ``fp32`` (default), ``bf16``, or ``auto`` for bf16 where the hardware has it.
    """

    def __init__(self, run: Run, precision: Precision = "fp32") -> None:
        run = arguments.instance("run", run, Run)
        precision = arguments.choice("precision", precision, PRECISIONS)
        self.run, self.engine = run, Engine(run, precision)

    @classmethod
    def train(
        cls,
        corpus: Place | Iterable[Place] = (),
        model: ModelConfig | None = None,
        training: TrainingConfig | None = None,
        *,
        sentences: Iterable[str] | None = None,
        text: CorpusConfig | None = None,
        valid: Place | None = None,
        target: Place | Iterable[Place] | Mapping[str, Place] = (),
        valid_target: Place | Mapping[str, Place] | None = None,
        encoder: Place | None = None,
        decoder: Place | None = None,
        vectors: Place | None = None,
        valid_vectors: Place | None = None,
        teacher: Place | None = None,
        size: Dialled = "auto",
        out: Place | None = None,
        watch: Watch | None = None,
        progress: bool = False,
    ) -> Self:
        """Train on files of sentences, or on sentences themselves.

        Ctrl-C stops the training: the model so far is returned, with a warning. A second one, or one before the first
        step, raises :class:`KeyboardInterrupt`.

        Args:
            corpus: a file, several, or the name of a data set.
            model: the model's shape; by default one of a `size`.
            training: budget, rate, device.
            sentences: any iterable of strings to train on instead of files; they are written to disk as they come.
            text: how the corpus is read and cut into tokens.
            valid: file of validation sentences instead of a share of the corpus.
            target: parallel text: for each file of the corpus one whose line n is the translation of its line n. A
                mapping from languages to files trains a model that writes several.
            valid_target: translation of the validation file; of several languages a mapping as `target`.
            encoder: run, of a folder or of the hub, whose encoder training begins with; where `model` leaves the shape open, it is that run's.
            decoder: run whose decoder training begins with.
            vectors: .npy file of vectors that any encoder made, row n for line n of the corpus: the model then reads
                them and writes the corpus.
            valid_vectors: .npy file of vectors of the validation file.
            teacher: .npy file of vectors, row n for line n of the corpus, that teach a part of encodings what sentences mean.
            size: ``small``, ``base`` or ``large`` without `model`; ``auto`` is what this machine can train in the budget.
            out: folder for the run; without it the run is kept only in memory.
            watch: callbacks to follow and stop the training.
            progress: show a progress bar and the notes of the training, on a terminal or in a notebook.

        Raises:
            TypeError: an argument has a wrong type.
            TextraeError: as :func:`textrae.training.pipeline.train_run`.
        """
        shape, dial = _shape(model, size, vectors is not None, (encoder, decoder) != (None, None))
        settings = Settings(
            model=shape,
            corpus=arguments.config("text", text, CorpusConfig),
            training=arguments.config("training", training, TrainingConfig),
            **_files(corpus, target, () if valid_target is None else valid_target),
            **_names(valid=valid, encoder=encoder, decoder=decoder, teacher=teacher),
            **_names(vectors=vectors, valid_vectors=valid_vectors),
        )
        settings = adopted(settings, {} if model is None else to_dict(model))
        refuse_sources(settings, in_memory=sentences is not None)
        return cls(
            _trained(
                settings, dial, sentences, _name("out", out), watch, arguments.flag("progress", progress)
            )
        )

    @classmethod
    def load(cls, path: Place, *, device: str = "auto", precision: Precision = "fp32") -> Self:
        """Read a run onto `device`: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

        Nothing in it is executed or unpickled.

        Args:
            path: a run folder. Where there is none, ``user/name`` or ``user/name@revision`` is a run of the Hugging Face
                hub, of which only the run's own files are downloaded; :meth:`info` tells the commit.
            device: where to compute.
            precision: ``fp32``, ``bf16`` or ``auto``.

        Raises:
            RunError: the folder is missing, foreign, damaged or of a newer format.
            HubError: the hub has no such run, or cannot be reached.
            DeviceError: this machine does not have the device.
        """
        where, kind = arguments.place("path", path), arguments.text("device", device)
        precision = arguments.choice("precision", precision, PRECISIONS)
        return cls(load_run(run_folder(where), choose_device(kind)), precision)

    def save(self, path: Place, *, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Raises:
            RunError: something is at `path` and `overwrite` is not set, or the disk refuses.
        """
        folder = Path(arguments.place("path", path))
        save_run(folder, self.run, overwrite=arguments.flag("overwrite", overwrite))

    def fit_prior(
        self,
        sentences: Iterable[str],
        labels: Iterable[str] | None = None,
        *,
        minutes: float = 5.0,
        steps: int | None = None,
        seed: int = 0,
        report: Report = lambda done, step, loss: None,
        cuts: Cuts | None = None,
    ) -> Fitted:
        """Learn where encodings lie, as a flow, which :meth:`sample` then draws from; :meth:`save` keeps it with the run.

        Args:
            sentences: the training text, or another of its kind.
            labels: the class of each sentence, for ``sample(label=…)``; a blank label is that of no class.
            minutes: of fitting, beside the encoding of the text; used where `steps` is None.
            steps: updates instead of minutes.
            seed: of all draws.
            report: called as the flow is fitted, as for :func:`textrae.training.prior.fit_flow`.
            cuts: counts what was read and truncated.

        Raises:
            TypeError: an argument has a wrong type.
            ConfigError: the model does not decode encodings, or a setting is out of range.
            CorpusError: there is no sentence, or there are more or fewer labels.
        """
        minutes = arguments.real("minutes", minutes, 0.001)
        steps = None if steps is None else arguments.whole("steps", steps, 1)
        seed, cuts = arguments.seed(seed), arguments.counts(cuts)
        given = None if labels is None else arguments.sentences("labels", labels)
        known = gather(self.engine, arguments.sentences("sentences", sentences), given, seed=seed, cuts=cuts)
        found = fit_flow(
            known,
            minutes=minutes,
            steps=steps,
            seed=seed,
            device=self.engine.device,
            bf16=choose_bf16("auto", self.engine.device),
            report=report,
        )
        self.run.flow = found.flow
        return found

    def __repr__(self) -> str:
        """Tell in one line what the model is and what it was trained on."""
        settings, result = self.run.settings, self.run.training
        of = ", ".join(Path(name).name for name in settings.sources) or "text given in memory"
        size = sum(p.numel() for p in self.run.network.parameters())
        shape = described(settings.model, self.run.tokenizer.vocab_size)
        return f"<SentenceAutoencoder: {shape}, {size:,} parameters; trained on {of}, {result.get('step', 0):,} steps>"

    def info(self) -> dict[str, Any]:
        """Return what the run is: shape, parameters, tokenizer, and how it was trained."""
        return {
            "encoding_size": self.encoding_size,
            "parameters": sum(p.numel() for p in self.run.network.parameters()),
            "vocabulary": self.run.tokenizer.vocab_size,
            **({} if self.run.origin is None else {"hub": self.run.origin}),
            **self.run.settings.to_json(),
            "result": self.run.training,
        }


def _shape(model: ModelConfig | None, size: Dialled, vectors: bool, begun: bool) -> tuple[ModelConfig, Dial]:
    """Return the shape that is given, or one of a size of which something may still be chosen (:func:`shaped`)."""
    if model is None:
        return shaped({}, size, vectors=vectors, begun=begun)
    shape = arguments.instance("model", model, ModelConfig)
    refuse_size(size, to_dict(shape), begun)
    return shape, Dial()


def _files(corpus: object, target: object, valid_target: object) -> dict[str, Any]:
    """Return the settings that name the files of a corpus, of its target, and of the validation file's."""
    found: dict[str, Any] = {"sources": arguments.places("corpus", corpus)}
    for name, languages, given in (
        ("target", "target_languages", target), ("valid_target", "valid_languages", valid_target)
    ):  # fmt: skip
        named = given if isinstance(given, Mapping) else {}
        found[name] = arguments.places(name, list(named.values()) if named else given)
        found[languages] = tuple(arguments.text(name, language) for language in named)
    return found


def _names(**places: Place | None) -> dict[str, Any]:
    """Return the settings that name one file or folder each."""
    return {argument: _name(argument, value) for argument, value in places.items()}


def _name(argument: str, value: Place | None) -> str | None:
    return None if value is None else arguments.place(argument, value)


def _trained(
    settings: Settings,
    dial: Dial,
    sentences: Iterable[str] | None,
    out: str | None,
    watch: Watch | None,
    progress: bool,
) -> Run:
    """Train on files, or on sentences that are written beside them first; return the run."""
    for name in settings.sources:
        typed = any(letter.isspace() for letter in name) and not os.path.lexists(name)
        arguments.expect(
            not typed, f"`corpus`: {arguments.shown(name)} is no file; give sentences as `sentences`"
        )
    with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
        held = None
        if sentences is not None:
            held = spill(arguments.sentences("sentences", sentences), Path(folder))
        with following(watch, progress) as followed:
            where = Path(folder) / "run" if out is None else Path(out)
            return train_run(settings, where, held=held, watch=followed, dial=dial)[0]
