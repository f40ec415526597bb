"""The facade: a trained sentence autoencoder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from textrae.devices import choose_device
from textrae.evaluation.measured import Measured
from textrae.inference import arguments
from textrae.inference.converter import AnyVectors
from textrae.inference.engine import Engine
from textrae.inference.sampling import sampling_of
from textrae.inference.vectors import Vectors
from textrae.latent.draw import (
    SOURCES,
    Source,
    around,
    default_path_method,
    draw,
    on_the_sphere,
)
from textrae.latent.path import METHODS, Method, difference, path
from textrae.runs.card import described
from textrae.runs.run import Run, load_run, save_run
from textrae.settings.corpus import CorpusConfig
from textrae.settings.fields import PRECISIONS, Precision
from textrae.settings.files import to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.rules import refuse_size, refuse_sources
from textrae.settings.run import Settings
from textrae.settings.sizes import Dialled
from textrae.settings.training import TrainingConfig
from textrae.text.blank import Filled, is_blank, refuse_blank
from textrae.text.spill import spill
from textrae.training.dial import Dial, shaped
from textrae.training.following import following
from textrae.training.pipeline import Watch, train_run
from textrae.training.transplant import adopted

Place = str | PathLike[str]
"""Path of a file or folder, or the name of a data set."""


class SentenceAutoencoder(Measured):
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
            encoder: run whose encoder training begins with; where `model` leaves the shape open, it is that run's.
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
        """Read a run folder onto `device`: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

        Nothing in the folder is executed or unpickled.

        Raises:
            RunError: the folder is missing, foreign, damaged or of a newer format.
            DeviceError: this machine does not have the device.
        """
        where, kind = Path(arguments.place("path", path)), arguments.text("device", device)
        precision = arguments.choice("precision", precision, PRECISIONS)
        return cls(load_run(where, choose_device(kind)), precision)

    def save(self, path: Place, *, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Raises:
            RunError: something is at `path` and `overwrite` is not set, or the disk refuses.
        """
        folder = Path(arguments.place("path", path))
        save_run(folder, self.run, overwrite=arguments.flag("overwrite", overwrite))

    def sample(
        self,
        count: int,
        *,
        source: Source | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        beam: int = 1,
        seed: int = 0,
        to: str | None = None,
    ) -> list[str]:
        """Draw new encodings and decode them to new sentences.

        Args:
            count: number of sentences; 0 gives none.
            source: distribution that encodings are drawn from, as for :func:`textrae.latent.draw.draw`.
            temperature: of the tokens' draws; 0 takes the most likely token, as a model trained with mse always does.
            top_k: draw among this many tokens.
            top_p: draw among the fewest tokens of this probability together; 0.5 if none of the three is given.
            beam: more than 1 searches for the most likely sentence instead of drawing tokens.
            seed: the same seed and count give the same sentences.
            to: language to write, if the model writes several.

        Raises:
            TypeError: an argument has a wrong type.
            ConfigError: as :func:`textrae.latent.draw.draw` and :func:`textrae.inference.sampling.sampling_of`; or the
                model has no likelihoods to draw tokens from (``reconstruction="mse"``).
        """
        count = arguments.whole("count", count, 0, arguments.MOST)
        seed, beam = arguments.seed(seed), arguments.beam(beam)
        if source is not None:
            source = arguments.choice("source", source, SOURCES)
        if self.engine.network.mse and temperature is top_k is top_p is None:
            temperature = 0.0
        sampling = sampling_of(temperature, top_k, top_p, beam, seed)
        vectors = draw(self.run.settings.model, self.run.latents, max(1, count), source, seed)[:count]
        written: list[str] = self.decode(vectors, beam=beam, sampling=sampling, to=to)
        return written

    def interpolate(
        self,
        *sentences: str | AnyVectors,
        steps: int = 7,
        method: Method | None = None,
        beam: int = 1,
        to: str | None = None,
    ) -> list[str]:
        """Decode the path from one sentence to the next; at their own places stand the sentences' reconstructions.

        Args:
            sentences: two, or more for a longer path; or one list of them. Encodings stand for sentences.
            steps: points from each sentence to the next, both counted.
            method: ``linear`` or ``spherical``; by default the latter where encodings are normalised.
            beam, to: as for :meth:`decode`.

        Raises:
            TypeError: something is neither a sentence nor an encoding.
            CorpusError: a sentence is blank.
            ConfigError: there are fewer than two, or a setting is out of range.
        """
        steps = arguments.whole("steps", steps, 2, arguments.LONGEST_PATH)
        if method is None:
            method = default_path_method(self.run.settings.model)
        method = arguments.choice("method", method, METHODS)
        one_list = len(sentences) == 1 and not isinstance(sentences[0], str)
        found = arguments.sentences_or_vectors("sentences", sentences[0] if one_list else sentences)
        refuse_blank(_texts(found))
        stations, _ = self._stations(found)
        arguments.expect(len(stations) > 1, f"`sentences`: a path needs two or more, not {len(stations)}")
        points = path(stations, steps, method, apart=int(self.run.settings.model.keeps_length))
        written: list[str] = self.decode(points, beam=beam, to=to)
        return written

    def paraphrase(
        self, sentence: str, count: int = 5, *, distance: float = 0.4, seed: int = 0, to: str | None = None
    ) -> list[str]:
        """Decode encodings near a sentence's own: up to `count` different other sentences, in the order found.

        Args:
            distance: of the encodings tried, in standard deviations (:func:`textrae.latent.draw.around`).
            seed: of the encodings; 20 are tried for each sentence wanted.
            to: language to write, if the model writes several.

        Raises:
            TypeError, ConfigError: an argument cannot be used, or the model keeps no encodings of its training.
            CorpusError: the sentence is blank.
        """
        count = arguments.whole("count", count, 1, arguments.MOST)
        distance, seed = arguments.real("distance", distance, 0.0, 1_000.0), arguments.seed(seed)
        refuse_blank([arguments.sentence("sentence", sentence)])
        centre, config = self.encode(sentence), self.run.settings.model
        places = islice(around(config, self.run.latents, centre, distance, seed), 20 * count)
        decoded = self.decode(np.stack(list(places)), to=to)
        return [other for other in dict.fromkeys(decoded) if other != sentence][:count]

    def direction(self, source: Iterable[str], target: Iterable[str]) -> Vectors:
        """Return the mean encoding of `target` minus that of `source`: (dimensions,), in bounded memory.

        Blank sentences are left out.

        Raises:
            TypeError: one of them is a single string, or an item is none.
            ValueError: one of them has no sentence but blank ones.
        """
        both = arguments.sentences("source", source), arguments.sentences("target", target)
        blocks = [self.encode_stream(Filled(sentences)) for sentences in both]
        return difference(blocks[0], blocks[1], self.encoding_size)

    def move(
        self,
        sentences: Iterable[str] | AnyVectors,
        step: AnyVectors,
        strength: float = 1.0,
        beam: int = 1,
        to: str | None = None,
    ) -> Any:
        """Decode sentences after a step through the latent space: encode(x) + strength · step.

        A blank sentence comes back as an empty one.

        Args:
            sentences: sentences to move, or their encodings.
            step: (dimensions,), from :meth:`direction`.
            strength: factor of the step.
            beam, to: as for :meth:`decode`.

        Returns:
            A list of sentences; a string where one string or one encoding is given.
        """
        config, strength = self.run.settings.model, arguments.real("strength", strength)
        away, single = arguments.vectors("step", step, config.read_size, kept=config.keeps_length)
        arguments.expect(
            single, f"`step`: one vector of {config.read_size} dimensions is expected, not several"
        )
        found = arguments.sentences_or_vectors("sentences", sentences)
        encoded, one = self._stations(found)
        with np.errstate(over="ignore"):  # a vector that is not finite is told by name
            moved = torch.from_numpy(encoded + np.float32(strength) * away)
        written: list[str] = self.decode(on_the_sphere(config, moved), beam=beam, to=to)
        for row, sentence in enumerate(_texts(found)):
            if is_blank(sentence):
                written[row] = ""
        return written[0] if one else written

    def _stations(self, given: object) -> tuple[Vectors, bool]:
        """Return the encodings of checked sentences, or those that are given, and whether it is a single one."""
        if texts := _texts(given):
            return self.encode(texts), isinstance(given, str)
        config = self.run.settings.model
        return arguments.vectors("sentences", given, config.read_size, kept=config.keeps_length)

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
            **self.run.settings.to_json(),
            "result": self.run.training,
        }


def _texts(given: object) -> list[str]:
    """Return the sentences among what may be encodings instead, of which there are none then."""
    if isinstance(given, str):
        return [given]
    return given if isinstance(given, list) and given and isinstance(given[0], str) else []


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
