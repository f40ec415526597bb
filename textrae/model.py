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
from textrae.evaluation.attention import AttentionMap, attention_map
from textrae.evaluation.likelihood import Likelihood
from textrae.evaluation.measures import measure_likelihood, measure_posterior, measure_reconstruction
from textrae.evaluation.reconstruction import Report
from textrae.evaluation.similarity import xsim
from textrae.evaluation.translation import TranslationReport, translation_report
from textrae.inference.engine import Cuts, Engine
from textrae.inference.generation import write
from textrae.inference.sampling import Sampling, sampling_of
from textrae.inference.vectors import Vectors, check_vectors
from textrae.latent.draw import Source, around, default_method, draw, on_the_sphere, refuse_states
from textrae.latent.path import Method, path
from textrae.latent.posterior import Diagnosis
from textrae.runs.run import Run, load_run, save_run
from textrae.settings.corpus import CorpusConfig
from textrae.settings.fields import Precision
from textrae.settings.files import to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.run import Settings
from textrae.settings.training import TrainingConfig
from textrae.text.batch import SPECIALS, Batch, collate_lists
from textrae.training.pipeline import Watch, train_run
from textrae.training.transplant import adopted

_TOKENS = 10
"""Of a sentence that is not written yet: as many as there will be, more or less."""


class SentenceAutoencoder:
    """Sentences to vectors and back.

    An encoding depends on its sentence alone: in fp32, the default here, batch-mates and padding change it by less
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
        corpus: str | PathLike[str] | Sequence[str | PathLike[str]],
        model: ModelConfig | None = None,
        training: TrainingConfig | None = None,
        *,
        text: CorpusConfig | None = None,
        valid: str | PathLike[str] | None = None,
        target: str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, str | PathLike[str]] = (),
        valid_target: str | PathLike[str] | None = None,
        encoder: str | PathLike[str] | None = None,
        decoder: str | PathLike[str] | None = None,
        vectors: str | PathLike[str] | None = None,
        valid_vectors: str | PathLike[str] | None = None,
        out: str | PathLike[str] | None = None,
        watch: Watch | None = None,
    ) -> Self:
        """Train on files of sentences.

        Args:
            corpus: a file, several, or the name of a data set.
            model: the model's shape.
            training: budget, rate, device.
            text: how the corpus is read and cut into tokens.
            valid: a file of validation sentences instead of a share of the corpus.
            target: parallel text: for each file of the corpus one whose line n is what line n is to become; by language,
                to write several.
            valid_target: the same of the validation file.
            encoder: a run to begin with the encoder of; its shape is this model's, as far as `model` does not say.
            decoder: a run to begin with the decoder of.
            vectors: a .npy file of vectors that any encoder made: they are read, and the corpus is what is written.
            valid_vectors: the same of the validation file.
            out: a folder for the run; without one it is kept in memory only, and its files while training in a
                temporary folder.
            watch: how to follow and stop it.

        Raises:
            TextraeError: as :func:`textrae.training.pipeline.train_run`.
        """
        languages = tuple(target) if isinstance(target, Mapping) else ()
        target = list(target.values()) if isinstance(target, Mapping) else target
        named, others = (
            [files] if isinstance(files, str | PathLike) else list(files) for files in (corpus, target)
        )
        settings = Settings(
            model or ModelConfig(),
            text or CorpusConfig(),
            training or TrainingConfig(),
            tuple(str(name) for name in named),
            None if valid is None else str(valid),
            tuple(str(name) for name in others),
            languages,
            *(
                None if path is None else str(path)
                for path in (valid_target, encoder, decoder, vectors, valid_vectors)
            ),
        )
        settings = adopted(settings, {} if model is None else to_dict(model))
        if out is not None:
            return cls(train_run(settings, Path(out), watch=watch)[0])
        with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
            return cls(train_run(settings, Path(folder) / "run", watch=watch)[0])

    @classmethod
    def load(cls, path: str | PathLike[str], *, device: str = "auto", precision: Precision = "fp32") -> Self:
        """Read a run folder. Nothing in it is executed or unpickled.

        Raises:
            RunError: the folder is missing, foreign, damaged or of a newer format.
            DeviceError: the device is not to be had.
        """
        return cls(load_run(Path(path), choose_device(device)), precision)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the run folder, whole or not at all.

        Raises:
            RunError: something is at `path` and `overwrite` is not set, or the disk refuses.
        """
        save_run(Path(path), self.run, overwrite=overwrite)

    @property
    def encoding_size(self) -> int:
        """Numbers of an encoding."""
        return self.run.settings.model.encoding_size

    @property
    def max_length(self) -> int:
        """Tokens of the longest sentence that is read whole; a longer one is cut there."""
        return self.engine.max_length

    @property
    def cuts(self) -> Cuts:
        """How many sentences this object has read, and how many of them it cut at :attr:`max_length`."""
        return self.engine.cuts

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.engine.device

    def encode(self, sentences: Sequence[str], *, batch_tokens: int = 4_096) -> Vectors:
        """Sentences → float32 vectors (len(sentences), encoding_size), one row a sentence, blank ones too.

        Sentences longer than :attr:`max_length` tokens are cut; :attr:`cuts` counts them.
        """
        parts = list(self.encode_stream(sentences, batch_tokens=batch_tokens))
        return np.concatenate(parts) if parts else np.empty((0, self.encoding_size), dtype=np.float32)

    def encode_stream(
        self, sentences: Iterable[str], *, batch_tokens: int = 4_096, cuts: Cuts | None = None
    ) -> Iterator[Vectors]:
        """As :meth:`encode`, for any number of sentences in bounded memory: yields blocks of rows in order.

        Args:
            cuts: counts what was read and cut.
        """
        self.engine.refuse_text()
        tables = None
        for window, ids in self.engine.tokenised(sentences, cuts):
            if tables is None:
                tables = self.engine.tables(sum(map(len, ids)))
            out = np.empty((len(window), self.encoding_size), dtype=np.float32)
            for rows, batch in self.engine.batches(ids, batch_tokens):
                vectors = self.engine.encode(batch, tables).vector
                out[rows] = vectors[: len(rows)].float().cpu().numpy()
            yield out

    def decode(
        self,
        vectors: NDArray[Any],
        *,
        beam: int = 1,
        sampling: Sampling | None = None,
        to: str | None = None,
        batch_size: int = 1_024,
    ) -> list[str]:
        """Vectors (n, encoding_size) → n sentences.

        Args:
            vectors: numbers, or what :func:`textrae.inference.vectors.stored` makes of them.
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            sampling: draws the tokens instead.
            to: the language to write, of a model that writes several.
            batch_size: hypotheses decoded at once.

        Raises:
            VectorError: the array has another shape, or a number that is not finite.
            ConfigError: the model's decoder needs more than the vectors (``memory="states"``), or a beam has no
                likelihoods to go by (``reconstruction="mse"``).
        """
        refuse_states(self.run)
        checked = check_vectors(vectors, self.run.settings.model.read_size)
        out: list[str] = []
        size = max(1, batch_size // beam)
        table = self.engine.writing_table(_TOKENS * beam * len(checked))
        for start in range(0, len(checked), size):
            latent = self.engine.read(checked[start : start + size])
            out += self.engine.generate(latent, beam, sampling, to=to, table=table)
        return out

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
        """New sentences: a new encoding each, decoded.

        Args:
            source: what encodings are drawn from, as :func:`textrae.latent.draw.draw` has it.
            temperature: of the tokens' draws, as :class:`textrae.inference.sampling.Sampling` has it, as the next two; 0 takes the
                most likely token each time, so that all that is drawn is the encoding. What happens where nothing is said
                stands at :func:`textrae.inference.sampling.sampling_of`; ``reconstruction="mse"`` takes the most likely.
            beam: more than 1 searches for the likeliest sentence instead of drawing tokens.
            seed: the same sentences for the same seed and count.
            to: as for :meth:`decode`, here and below.

        Raises:
            ConfigError: as :func:`textrae.latent.draw.draw` and :func:`textrae.inference.sampling.sampling_of`; or the model has
                no likelihoods to draw tokens from (``reconstruction="mse"``).
        """
        if self.engine.network.mse and temperature is top_k is top_p is None:
            temperature = 0.0
        sampling = sampling_of(temperature, top_k, top_p, beam, seed)
        return self.decode(draw(self.run, count, source, seed), beam=beam, sampling=sampling, to=to)

    def interpolate(
        self,
        *sentences: str,
        steps: int = 7,
        method: Method | None = None,
        beam: int = 1,
        to: str | None = None,
    ) -> list[str]:
        """Sentences on the way from one to the next; the sentences' own places are their reconstructions.

        Args:
            sentences: two, or more for a path.
            steps: places from each to the next, both of them counted.
            method: ``linear`` or ``spherical``; by default the latter where encodings are normalised.
        """
        way = path(self.encode(sentences), steps, method or default_method(self.run))
        return self.decode(way, beam=beam, to=to)

    def paraphrase(
        self, sentence: str, count: int = 5, *, distance: float = 0.4, seed: int = 0, to: str | None = None
    ) -> list[str]:
        """Up to `count` different sentences decoded around one, itself left out, in the order they were found.

        Args:
            distance: of the places tried, in standard deviations of the encodings (:func:`textrae.latent.draw.around`).
            seed: of the places; 20 are tried for each sentence wanted.
        """
        places = islice(around(self.run, self.encode([sentence])[0], distance, seed), 20 * count)
        decoded = self.decode(np.stack(list(places)), to=to)
        return [other for other in dict.fromkeys(decoded) if other != sentence][:count]

    def direction(self, source: Iterable[str], target: Iterable[str]) -> Vectors:
        """From one kind of sentences to another: the difference of their encodings' means, (encoding_size,).

        As Mikolov et al. (2013) do with words and Shen et al. (2020) with sentences; any number of examples in bounded
        memory.

        Raises:
            ValueError: one of them is empty.
        """
        means = []
        for examples in (source, target):
            total, count = np.zeros(self.encoding_size), 0
            for block in self.encode_stream(examples):
                total += block.sum(0, dtype=np.float64)
                count += len(block)
            if not count:
                raise ValueError("no example to find a direction from")
            means.append(total / count)
        difference: Vectors = (means[1] - means[0]).astype(np.float32)
        return difference

    def move(
        self,
        sentences: Sequence[str] | Vectors,
        step: Vectors,
        strength: float = 1.0,
        beam: int = 1,
        to: str | None = None,
    ) -> list[str]:
        """Sentences decoded after a step through the latent space: encode(x) + strength · step.

        Args:
            sentences: to be moved, or their encodings.
            step: (encoding_size,), from :meth:`direction`.
        """
        encoded = sentences if isinstance(sentences, np.ndarray) else self.encode(sentences)
        moved = encoded + np.float32(strength) * step
        return self.decode(on_the_sphere(self.run, torch.from_numpy(moved)), beam=beam, to=to)

    def likelihood(self, sentences: Iterable[str], *, samples: int = 500, seed: int = 0) -> Likelihood:
        """How likely a variational model holds some sentences (:mod:`textrae.evaluation.likelihood`).

        Args:
            samples: draws from each sentence's posterior; the more, the tighter the bound.

        Raises:
            ConfigError: the model is not variational, or has no likelihoods (``reconstruction="mse"``).
            ValueError: there is no sentence.
        """
        return measure_likelihood(self.engine, sentences, samples, seed)

    def diagnose(self, sentences: Sequence[str]) -> Diagnosis:
        """Whether a variational model uses its latent numbers (:mod:`textrae.latent.posterior`), on some sentences.

        Raises:
            ConfigError: the model is not variational.
        """
        return measure_posterior(self.engine, sentences)

    def xsim(self, sentences: Sequence[str], others: Sequence[str]) -> float:
        """Share of sentences whose translation is not the one found by their encodings (:func:`textrae.evaluation.similarity.xsim`)."""
        return xsim(self.encode(sentences), self.encode(others))

    def reconstruct(self, sentences: Sequence[str], *, beam: int = 1) -> list[str]:
        """Sentences → vectors → sentences, decoded as by :meth:`decode`; of a model that translates see :meth:`translate`."""
        return [rebuilt for block in self.reconstruct_stream(sentences, beam=beam) for rebuilt in block]

    def reconstruct_stream(
        self, sentences: Iterable[str], *, beam: int = 1, cuts: Cuts | None = None
    ) -> Iterator[list[str]]:
        """As :meth:`reconstruct`, in bounded memory: yields blocks of sentences in order."""
        yield from self.translate_stream(sentences, beam=beam, length_penalty=0.0, cuts=cuts)

    def translate(
        self, sentences: Sequence[str], *, beam: int = 5, length_penalty: float = 1.0, to: str | None = None
    ) -> list[str]:
        """Sentences → what the model was trained to write for them: their translations, or themselves.

        Args:
            beam: hypotheses kept at every step; 1 takes the most likely token each time.
            length_penalty: as :func:`textrae.inference.beam.beam_search` has it.
            to: the language to write, of a model that writes several.
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
        """As :meth:`translate`, in bounded memory: yields blocks of sentences in order.

        Args:
            window: sentences read before any is written; few for a pipe whose reader waits.
        """
        self.engine.refuse_text()
        for lines, ids in self.engine.tokenised(sentences, cuts, window):
            out = [""] * len(lines)
            table = self.engine.writing_table(beam * sum(map(len, ids)))
            for rows, latent in self.engine.latents(ids, beam):
                written = self.engine.generate(
                    latent, beam, length_penalty=length_penalty, to=to, table=table
                )
                for row, text in zip(rows.tolist(), written, strict=True):
                    out[row] = text
            yield out

    def translations(
        self,
        sentences: Iterable[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        to: str | None = None,
        window: int | None = None,
        cuts: Cuts | None = None,
    ) -> Iterator[list[list[tuple[str, float]]]]:
        """As :meth:`translate_stream`, but all that the beam ends with, the best first, each with its score.

        Raises:
            ConfigError: the model has no likelihoods, or is hierarchical.
        """
        for lines, ids in self.engine.tokenised(sentences, cuts, window):
            out: list[list[tuple[str, float]]] = [[] for _ in lines]
            table = self.engine.writing_table(beam * sum(map(len, ids)))
            for rows, latent in self.engine.latents(ids, beam):
                found = self.engine.hypotheses(latent, beam, length_penalty, to, table)
                for row, hypotheses in zip(rows.tolist(), found, strict=True):
                    out[row] = hypotheses
            yield out

    def attention(self, sentence: str, to: str | None = None) -> AttentionMap:
        """Where a model with attention looks while it rebuilds or translates a sentence, greedily, without autocast.

        Args:
            to: the language to write, of a model that writes several.

        Raises:
            ConfigError: the model has no attention, or is hierarchical.
        """
        network, tokenizer = self.run.network, self.run.tokenizer
        self.engine.refuse_text()
        specials = self.engine.specials(to)
        ((_, (read,)),) = self.engine.tokenised([sentence])
        source = collate_lists([read], SPECIALS).to(self.device)
        with torch.no_grad():
            latent = network.encode(source.source, source.lengths) if network.hierarchy is None else None
        written = [] if latent is None else write(network, latent, specials, self.max_length)[0]
        target = collate_lists([written], specials).to(self.device)
        batch = Batch(source.source, source.lengths, target.previous, target.target)
        pieces, others = tokenizer.pieces(), self.run.writer.pieces()
        in_order = read[::-1] if network.reverse else read
        names = [[*(pieces[i] for i in in_order), "end"], [*(others[i] for i in written), "end"]]
        return attention_map(network, batch, *names)

    def evaluate_translation(
        self,
        sentences: Sequence[str],
        references: Sequence[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        to: str | None = None,
        tokenize: str = "13a",
    ) -> TranslationReport:
        """Translate and compare with references (:mod:`textrae.evaluation.translation`).

        Raises:
            ValueError: there is no sentence, or not one reference for each.
        """
        if not sentences or len(sentences) != len(references):
            raise ValueError(
                f"{len(sentences)} sentences and {len(references)} references: there must be one for each"
            )
        written = self.translate(sentences, beam=beam, length_penalty=length_penalty, to=to)
        return translation_report(sentences, written, references, tokenize)

    def evaluate(
        self, sentences: Iterable[str], *, tokenize: str = "none", vectors: NDArray[Any] | None = None
    ) -> Report:
        """Reconstruction quality on some sentences.

        Args:
            tokenize: sacrebleu's tokenizer for BLEU.
            vectors: of a model that reads them: those of the sentences, (sentences, numbers).

        Raises:
            ValueError: there is no sentence.
            VectorError: there is not one vector for each, or one is not what the model reads.
            ConfigError: the model reads vectors and there are none.
        """
        checked = None if vectors is None else check_vectors(vectors, self.run.settings.model.read_size)
        return measure_reconstruction(self.engine, sentences, tokenize, checked)

    def info(self) -> dict[str, Any]:
        """What the run is: shape, parameters, tokenizer, and how it was trained."""
        return {
            "encoding_size": self.encoding_size,
            "parameters": sum(p.numel() for p in self.run.network.parameters()),
            "vocabulary": self.run.tokenizer.vocab_size,
            **self.run.settings.to_json(),
            "result": self.run.training,
        }
