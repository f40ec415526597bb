"""What can be measured of a loaded model, as the methods of :class:`textrae.SentenceAutoencoder`."""

from __future__ import annotations

from collections.abc import Iterable

from textrae.evaluation.attention import AttentionMap, sentence_attention
from textrae.evaluation.likelihood import Likelihood
from textrae.evaluation.measures import measure_likelihood, measure_posterior, measure_reconstruction
from textrae.evaluation.reconstruction import ReconstructionReport
from textrae.evaluation.similarity import xsim
from textrae.evaluation.translation import TranslationReport, refuse_unpaired, translation_report
from textrae.inference import arguments
from textrae.inference.converter import AnyVectors, Converter
from textrae.latent.posterior import Diagnosis


class Measured(Converter):
    """A model that can be measured on sentences."""

    def likelihood(self, sentences: Iterable[str], *, samples: int = 500, seed: int = 0) -> Likelihood:
        """Measure how likely a variational model finds sentences (:mod:`textrae.evaluation.likelihood`).

        Args:
            samples: draws from each sentence's posterior; the more, the tighter the bound.
            seed: of the draws.

        Raises:
            ConfigError: the model is not variational, or has no likelihoods (``reconstruction="mse"``).
            ValueError: there is no sentence.
        """
        samples, seed = arguments.whole("samples", samples, 1, arguments.MOST), arguments.seed(seed)
        return measure_likelihood(self.engine, arguments.sentences("sentences", sentences), samples, seed)

    def diagnose(self, sentences: Iterable[str]) -> Diagnosis:
        """Measure whether a variational model uses its latent dimensions (:mod:`textrae.latent.posterior`).

        Raises:
            ConfigError: the model is not variational.
        """
        return measure_posterior(self.engine, arguments.sentences("sentences", sentences))

    def xsim(self, sentences: Iterable[str], others: Iterable[str]) -> float:
        """Return the share of sentences whose translation is not nearest (:func:`textrae.evaluation.similarity.xsim`)."""
        both = arguments.sentences("sentences", sentences), arguments.sentences("others", others)
        return xsim(self.encode(both[0]), self.encode(both[1]))

    def attention(self, sentence: str, to: str | None = None) -> AttentionMap:
        """Return where a model with attention looks while it rebuilds or translates a sentence, greedily, in fp32.

        Raises:
            ConfigError: the model has no attention, or is hierarchical.
        """
        return sentence_attention(
            self.engine, arguments.sentence("sentence", sentence), arguments.word("to", to)
        )

    def evaluate_translation(
        self,
        sentences: Iterable[str],
        references: Iterable[str],
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
        read = list(arguments.sentences("sentences", sentences))
        right = list(arguments.sentences("references", references))
        refuse_unpaired(read, right)
        written = self.translate(read, beam=beam, length_penalty=length_penalty, to=to)
        return translation_report(read, written, right, arguments.text("tokenize", tokenize))

    def evaluate(
        self, sentences: Iterable[str], *, tokenize: str = "none", vectors: AnyVectors | None = None
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
        size, given = self.engine.run.settings.model.read_size, None
        if vectors is not None:
            given, one = arguments.vectors("vectors", vectors, size)
            arguments.expect(
                not one, "`vectors`: one vector a sentence is expected, in an array of two dimensions"
            )
        some, tokenizer = arguments.sentences("sentences", sentences), arguments.text("tokenize", tokenize)
        return measure_reconstruction(self.engine, some, tokenizer, given)
