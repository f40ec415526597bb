"""What can be measured of a loaded model, as the methods of :class:`textrae.SentenceAutoencoder`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.evaluation.attention import AttentionMap, sentence_attention
from textrae.evaluation.likelihood import Likelihood
from textrae.evaluation.measures import measure_likelihood, measure_posterior, measure_reconstruction
from textrae.evaluation.reconstruction import ReconstructionReport
from textrae.evaluation.similarity import xsim
from textrae.evaluation.translation import TranslationReport, refuse_unpaired, translation_report
from textrae.inference.engine import Engine
from textrae.inference.vectors import Vectors, check_vectors
from textrae.latent.posterior import Diagnosis


class Measured:
    """A model that can be measured on sentences."""

    engine: Engine
    """The model at work."""

    def likelihood(self, sentences: Iterable[str], *, samples: int = 500, seed: int = 0) -> Likelihood:
        """Measure how likely a variational model finds sentences (:mod:`textrae.evaluation.likelihood`).

        Args:
            samples: draws from each sentence's posterior; the more, the tighter the bound.
            seed: of the draws.

        Raises:
            ConfigError: the model is not variational, or has no likelihoods (``reconstruction="mse"``).
            ValueError: there is no sentence.
        """
        return measure_likelihood(self.engine, sentences, samples, seed)

    def diagnose(self, sentences: Sequence[str]) -> Diagnosis:
        """Measure whether a variational model uses its latent dimensions (:mod:`textrae.latent.posterior`).

        Raises:
            ConfigError: the model is not variational.
        """
        return measure_posterior(self.engine, sentences)

    def xsim(self, sentences: Sequence[str], others: Sequence[str]) -> float:
        """Return the share of sentences whose translation is not nearest (:func:`textrae.evaluation.similarity.xsim`)."""
        return xsim(self._encodings(sentences), self._encodings(others))

    def _encodings(self, sentences: Iterable[str]) -> Vectors:
        """Encode sentences to (sentences, dimensions)."""
        empty = np.empty((0, self.engine.run.settings.model.encoding_size), dtype=np.float32)
        return np.concatenate([empty, *self.engine.encode_stream(sentences)])

    def attention(self, sentence: str, to: str | None = None) -> AttentionMap:
        """Return where a model with attention looks while it rebuilds or translates a sentence, greedily, in fp32.

        Raises:
            ConfigError: the model has no attention, or is hierarchical.
        """
        return sentence_attention(self.engine, sentence, to)

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
        """Translate sentences and compare with references (:mod:`textrae.evaluation.translation`).

        Raises:
            ValueError: there is no sentence, or not one reference for each.
        """
        refuse_unpaired(sentences, references)
        blocks = self.engine.translate_stream(sentences, beam=beam, length_penalty=length_penalty, to=to)
        written = [sentence for block in blocks for sentence in block]
        return translation_report(sentences, written, references, tokenize)

    def evaluate(
        self, sentences: Iterable[str], *, tokenize: str = "none", vectors: NDArray[Any] | None = None
    ) -> ReconstructionReport:
        """Measure the quality of reconstruction.

        Args:
            tokenize: sacrebleu's tokenizer for BLEU.
            vectors: (sentences, dimensions) of the sentences, for a model that reads vectors.

        Raises:
            ValueError: there is no sentence.
            VectorError: there is not one vector for each, or one is not what the model reads.
            ConfigError: the model reads vectors and there are none.
        """
        checked = (
            None if vectors is None else check_vectors(vectors, self.engine.run.settings.model.read_size)
        )
        return measure_reconstruction(self.engine, sentences, tokenize, checked)
