"""The facade: a trained sentence autoencoder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from textrae.devices import choose_device
from textrae.evaluation.measured import Measured
from textrae.inference.engine import BATCH_TOKENS, Cuts, Engine, Hypotheses
from textrae.inference.sampling import Sampling, sampling_of
from textrae.inference.vectors import Vectors, check_vectors
from textrae.latent.draw import Source, around, default_path_method, draw, on_the_sphere, refuse_states
from textrae.latent.path import Method, difference, path
from textrae.runs.run import Run, load_run, save_run
from textrae.settings.corpus import CorpusConfig
from textrae.settings.fields import Precision
from textrae.settings.files import to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.run import Settings
from textrae.settings.training import TrainingConfig
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
        self.run, self.engine = run, Engine(run, precision)

    @classmethod
    def train(
        cls,
        corpus: Place | Sequence[Place],
        model: ModelConfig | None = None,
        training: TrainingConfig | None = None,
        *,
        text: CorpusConfig | None = None,
        valid: Place | None = None,
        target: Place | Sequence[Place] | Mapping[str, Place] = (),
        valid_target: Place | None = None,
        encoder: Place | None = None,
        decoder: Place | None = None,
        vectors: Place | None = None,
        valid_vectors: Place | None = None,
        out: Place | None = None,
        watch: Watch | None = None,
    ) -> Self:
        """Train on files of sentences.

        Args:
            corpus: a file, several, or the name of a data set.
            model: the model's shape.
            training: budget, rate, device.
            text: how the corpus is read and cut into tokens.
            valid: file of validation sentences instead of a share of the corpus.
            target: parallel text: for each file of the corpus one whose line n is the translation of its line n. A
                mapping from languages to files trains a model that writes several.
            valid_target: translation of the validation file.
            encoder: run whose encoder training begins with; where `model` leaves the shape open, it is that run's.
            decoder: run whose decoder training begins with.
            vectors: .npy file of vectors that any encoder made, row n for line n of the corpus: the model then reads
                them and writes the corpus.
            valid_vectors: .npy file of vectors of the validation file.
            out: folder for the run; without it the run is kept only in memory.
            watch: callbacks to follow and stop the training.

        Raises:
            TextraeError: as :func:`textrae.training.pipeline.train_run`.
        """
        settings = Settings(
            model=model or ModelConfig(),
            corpus=text or CorpusConfig(),
            training=training or TrainingConfig(),
            sources=_names(corpus),
            valid=_name(valid),
            target=_names(target.values() if isinstance(target, Mapping) else target),
            target_languages=tuple(target) if isinstance(target, Mapping) else (),
            valid_target=_name(valid_target),
            encoder=_name(encoder),
            decoder=_name(decoder),
            vectors=_name(vectors),
            valid_vectors=_name(valid_vectors),
        )
        settings = adopted(settings, {} if model is None else to_dict(model))
        if out is not None:
            return cls(train_run(settings, Path(out), watch=watch)[0])
        with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
            return cls(train_run(settings, Path(folder) / "run", watch=watch)[0])

    @classmethod
    def load(cls, path: Place, *, device: str = "auto", precision: Precision = "fp32") -> Self:
        """Read a run folder onto `device`: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

        Nothing in the folder is executed or unpickled.

        Raises:
            RunError: the folder is missing, foreign, damaged or of a newer format.
            DeviceError: this machine does not have the device.
        """
        return cls(load_run(Path(path), choose_device(device)), precision)

    def save(self, path: Place, *, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Raises:
            RunError: something is at `path` and `overwrite` is not set, or the disk refuses.
        """
        save_run(Path(path), self.run, overwrite=overwrite)

    @property
    def encoding_size(self) -> int:
        """Dimensions of an encoding."""
        return self.run.settings.model.encoding_size

    @property
    def max_length(self) -> int:
        """Tokens of the longest sentence that is read whole; longer ones are truncated."""
        return self.engine.max_length

    @property
    def cuts(self) -> Cuts:
        """Counts of the sentences that this object has read, and of those truncated at :attr:`max_length`."""
        return self.engine.cuts

    @property
    def device(self) -> torch.device:
        """Device that the model computes on."""
        return self.engine.device

    def encode(self, sentences: Sequence[str], *, batch_tokens: int = BATCH_TOKENS) -> Vectors:
        """Encode sentences, blank ones too, to float32 (sentences, dimensions), in batches of `batch_tokens` tokens.

        Sentences longer than :attr:`max_length` tokens are truncated; :attr:`cuts` counts them.

        Raises:
            ConfigError: the model reads vectors, not sentences.
        """
        parts = list(self.encode_stream(sentences, batch_tokens=batch_tokens))
        return np.concatenate(parts) if parts else np.empty((0, self.encoding_size), dtype=np.float32)

    def encode_stream(
        self, sentences: Iterable[str], *, batch_tokens: int = BATCH_TOKENS, cuts: Cuts | None = None
    ) -> Iterator[Vectors]:
        """Encode any number of sentences in bounded memory: yield blocks of rows, in order; `cuts` counts what was read."""
        return self.engine.encode_stream(sentences, batch_tokens=batch_tokens, cuts=cuts)

    def decode(
        self,
        vectors: NDArray[Any],
        *,
        beam: int = 1,
        sampling: Sampling | None = None,
        to: str | None = None,
        batch_size: int = 1_024,
        first: int = 0,
    ) -> list[str]:
        """Decode vectors (n, dimensions) to n sentences.

        Args:
            vectors: numbers, or what :func:`textrae.inference.vectors.stored` returned for them.
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            sampling: draws the tokens instead.
            to: language to write, if the model writes several.
            batch_size: hypotheses decoded at once.
            first: number of the first row in messages, where the vectors are a part of many.

        Raises:
            VectorError: the array has another shape, or a number that is not finite.
            ConfigError: the model's decoder needs more than the vectors (``memory="states"``), or a beam has no
                likelihoods to go by (``reconstruction="mse"``).
        """
        refuse_states(self.run.settings.model)
        checked = check_vectors(vectors, self.run.settings.model.read_size, first)
        return self.engine.decode(checked, beam=beam, sampling=sampling, to=to, batch_size=batch_size)

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
            count: number of sentences.
            source: distribution that encodings are drawn from, as for :func:`textrae.latent.draw.draw`.
            temperature: of the tokens' draws; 0 takes the most likely token, as a model trained with mse always does.
            top_k: draw among this many tokens.
            top_p: draw among the fewest tokens of this probability together; 0.5 if none of the three is given.
            beam: more than 1 searches for the most likely sentence instead of drawing tokens.
            seed: the same seed and count give the same sentences.
            to: language to write, if the model writes several.

        Raises:
            ConfigError: as :func:`textrae.latent.draw.draw` and :func:`textrae.inference.sampling.sampling_of`; or the
                model has no likelihoods to draw tokens from (``reconstruction="mse"``).
        """
        if self.engine.network.mse and temperature is top_k is top_p is None:
            temperature = 0.0
        sampling = sampling_of(temperature, top_k, top_p, beam, seed)
        vectors = draw(self.run.settings.model, self.run.latents, count, source, seed)
        return self.decode(vectors, beam=beam, sampling=sampling, to=to)

    def interpolate(
        self,
        *sentences: str,
        steps: int = 7,
        method: Method | None = None,
        beam: int = 1,
        to: str | None = None,
    ) -> list[str]:
        """Decode the path from one sentence to the next; at their own places stand the sentences' reconstructions.

        Args:
            sentences: two, or more for a longer path.
            steps: points from each sentence to the next, both counted.
            method: ``linear`` or ``spherical``; by default the latter where encodings are normalised.
            beam, to: as for :meth:`decode`.
        """
        method = method or default_path_method(self.run.settings.model)
        return self.decode(path(self.encode(sentences), steps, method), beam=beam, to=to)

    def paraphrase(
        self, sentence: str, count: int = 5, *, distance: float = 0.4, seed: int = 0, to: str | None = None
    ) -> list[str]:
        """Decode encodings near a sentence's own: up to `count` different other sentences, in the order found.

        Args:
            distance: of the encodings tried, in standard deviations (:func:`textrae.latent.draw.around`).
            seed: of the encodings; 20 are tried for each sentence wanted.
            to: language to write, if the model writes several.
        """
        centre, config = self.encode([sentence])[0], self.run.settings.model
        places = islice(around(config, self.run.latents, centre, distance, seed), 20 * count)
        decoded = self.decode(np.stack(list(places)), to=to)
        return [other for other in dict.fromkeys(decoded) if other != sentence][:count]

    def direction(self, source: Iterable[str], target: Iterable[str]) -> Vectors:
        """Return the mean encoding of `target` minus that of `source`: (dimensions,), in bounded memory.

        Raises:
            ValueError: one of them is empty.
        """
        return difference(self.encode_stream(source), self.encode_stream(target), self.encoding_size)

    def move(
        self,
        sentences: Sequence[str] | Vectors,
        step: Vectors,
        strength: float = 1.0,
        beam: int = 1,
        to: str | None = None,
    ) -> list[str]:
        """Decode sentences after a step through the latent space: encode(x) + strength · step.

        Args:
            sentences: sentences to move, or their encodings.
            step: (dimensions,), from :meth:`direction`.
            strength: factor of the step.
            beam, to: as for :meth:`decode`.
        """
        encoded = sentences if isinstance(sentences, np.ndarray) else self.encode(sentences)
        moved = torch.from_numpy(encoded + np.float32(strength) * step)
        return self.decode(on_the_sphere(self.run.settings.model, moved), beam=beam, to=to)

    def reconstruct(self, sentences: Sequence[str], *, beam: int = 1) -> list[str]:
        """Encode sentences and decode them again, as :meth:`decode` does; a model that translates has :meth:`translate`."""
        return [rebuilt for block in self.reconstruct_stream(sentences, beam=beam) for rebuilt in block]

    def reconstruct_stream(
        self, sentences: Iterable[str], *, beam: int = 1, cuts: Cuts | None = None
    ) -> Iterator[list[str]]:
        """Reconstruct any number of sentences in bounded memory: yield blocks of them, in order."""
        return self.translate_stream(sentences, beam=beam, length_penalty=0.0, cuts=cuts)

    def translate(
        self, sentences: Sequence[str], *, beam: int = 5, length_penalty: float = 1.0, to: str | None = None
    ) -> list[str]:
        """Return what the model was trained to write for sentences: their translations, or themselves.

        Args:
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            length_penalty: as for :func:`textrae.inference.beam.beam_search`.
            to: language to write, if the model writes several.
        """
        blocks = self.translate_stream(sentences, beam=beam, length_penalty=length_penalty, to=to)
        return [written for block in blocks for written in block]

    def translate_stream(
        self,
        sentences: Iterable[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[str]]:
        """Translate any number of sentences in bounded memory: yield blocks of sentences, in order.

        Args:
            beam, length_penalty, to: as for :meth:`translate`.
            window: sentences read before any is written; few for a pipe whose reader waits.
            cuts: counts what was read and truncated.
        """
        return self.engine.translate_stream(
            sentences, beam=beam, length_penalty=length_penalty, to=to, window=window, cuts=cuts
        )

    def translations(
        self,
        sentences: Iterable[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[Hypotheses]]:
        """Translate as :meth:`translate_stream`, but yield all that the beam ends with, the best first, with scores.

        Raises:
            ConfigError: the model has no likelihoods, or is hierarchical.
        """
        return self.engine.translations(
            sentences, beam=beam, length_penalty=length_penalty, to=to, window=window, cuts=cuts
        )

    def info(self) -> dict[str, Any]:
        """Return what the run is: shape, parameters, tokenizer, and how it was trained."""
        return {
            "encoding_size": self.encoding_size,
            "parameters": sum(p.numel() for p in self.run.network.parameters()),
            "vocabulary": self.run.tokenizer.vocab_size,
            **self.run.settings.to_json(),
            "result": self.run.training,
        }


def _name(place: Place | None) -> str | None:
    return None if place is None else str(place)


def _names(places: Place | Iterable[Place]) -> tuple[str, ...]:
    return (str(places),) if isinstance(places, str | PathLike) else tuple(map(str, places))
