"""What can be measured of a loaded model, as the methods of :class:`textrae.SentenceAutoencoder`."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np

from textrae.evaluation.attention import AttentionMap, sentence_attention
from textrae.evaluation.likelihood import Likelihood
from textrae.evaluation.measures import (
    measure_likelihood,
    measure_posterior,
    measure_reconstruction,
    measure_similarity,
    measure_translation,
)
from textrae.evaluation.reconstruction import ReconstructionReport
from textrae.evaluation.suite.encodings import check_beside, check_names, open_beside
from textrae.evaluation.suite.measuring import measure_suite
from textrae.evaluation.suite.reading import read_suite
from textrae.evaluation.suite.report import SuiteReport
from textrae.evaluation.translation import TranslationReport
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
            ConfigError: the model is not variational, has no likelihoods (``reconstruction="mse"``), or translates.
            ValueError: there is no sentence but blank ones.
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
        """Return the share of sentences whose translation is not nearest (:func:`textrae.evaluation.similarity.xsim`).

        Pairs with a blank side are left out.

        Raises:
            ValueError: there is no pair without a blank side, or not one translation for each sentence.
        """
        both = arguments.sentences("sentences", sentences), arguments.sentences("others", others)
        return measure_similarity(self.engine, list(both[0]), list(both[1]))

    def attention(self, sentence: str, to: str | None = None) -> AttentionMap:
        """Return where a model with attention looks while it rebuilds or translates a sentence, greedily, in fp32.

        Raises:
            ConfigError: the model has no attention, or is hierarchical.
            CorpusError: the sentence is blank.
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
        tokenize: str = "auto",
    ) -> TranslationReport:
        """Translate sentences and compare with references (:mod:`textrae.evaluation.translation`).

        Pairs with a blank side are left out, counted and told. BLEU's tokenizer is ``13a``, or what fits the script of the
        references where spaces part no words, unless `tokenize` names another of sacrebleu's.

        Raises:
            ConfigError: the model does not translate, or there is no such tokenizer.
            ValueError: there is no pair without a blank side, or not one reference for each sentence.
        """
        options = arguments.searching(beam, length_penalty, to, None)
        return measure_translation(
            self.engine,
            list(arguments.sentences("sentences", sentences)),
            list(arguments.sentences("references", references)),
            beam=options["beam"],
            length_penalty=options["length_penalty"],
            to=options["to"],
            tokenize=arguments.text("tokenize", tokenize),
        )

    def evaluate(
        self, sentences: Iterable[str], *, tokenize: str = "auto", vectors: AnyVectors | None = None
    ) -> ReconstructionReport:
        """Measure the quality of reconstruction; blank sentences are left out, counted and told.

        Args:
            tokenize: sacrebleu's tokenizer for BLEU; ``auto`` is ``none``, or what fits the script of the sentences where
                spaces part no words.
            vectors: (sentences, dimensions) of the sentences, blank ones too, for a model that reads vectors.

        Raises:
            ValueError: there is no sentence but blank ones.
            VectorError: there is not one vector for each, or one is not what the model reads.
            ConfigError: the model translates, or reads vectors and there are none; or there is no such tokenizer.
        """
        size, given = self.engine.run.settings.model.read_size, None
        if vectors is not None:
            given, one = arguments.vectors("vectors", vectors, size)
            arguments.expect(
                not one, "`vectors`: one vector a sentence is expected, in an array of two dimensions"
            )
        some, tokenizer = arguments.sentences("sentences", sentences), arguments.text("tokenize", tokenize)
        return measure_reconstruction(self.engine, some, tokenizer, given)

    def evaluate_suite(
        self,
        folder: str | PathLike[str],
        *,
        beside: dict[str, str | PathLike[str] | AnyVectors] | None = None,
        seed: int = 0,
    ) -> SuiteReport:
        """Measure encodings on a folder of plain files, beside simple encodings (:mod:`textrae.evaluation.suite`).

        Args:
            folder: with files in ``similarity``, ``labels``, ``retrieval``, ``clusters`` and ``probing``
                (:func:`textrae.evaluation.suite.reading.read_suite`).
            beside: further vectors by their names in the table: a ``.npy`` file or an array, one row for each of
                ``read_suite(folder, seed=seed).sentences``.
            seed: of all that is drawn.

        Raises:
            RunError: scikit-learn is missing: ``pip install "textrae[sklearn]"``.
            CorpusError: the folder is no suite, or a line is malformed.
            VectorError: given vectors cannot be read, or are not one for each sentence.
            ConfigError: the model reads vectors, or a name is taken.
        """
        seed = arguments.seed(seed)
        suite = read_suite(Path(arguments.place("folder", folder)), seed=seed)
        given = {} if beside is None else arguments.instance("beside", beside, dict)
        check_names(arguments.text("beside", name) for name in given)
        files = {name: Path(one) for name, one in given.items() if isinstance(one, str | PathLike)}
        found = open_beside(files, len(suite.sentences))
        for name in given.keys() - files.keys():
            found[name] = np.asarray(given[name])
            check_beside(f"`beside`: {name}", found[name], len(suite.sentences))
        return measure_suite(self.engine, suite, {name: found[name] for name in given}, seed)
