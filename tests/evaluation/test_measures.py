"""A model measured on sentences: counts, likelihoods, posteriors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TEXT, sentences

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError, VectorError
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.run import Run
from textrae.settings.run import Settings

OLDER = Path(__file__).parents[1] / "older"


def test_evaluation_counts(model: SentenceAutoencoder) -> None:
    some = [*sentences()[:200], "x " * 100]
    report = model.evaluate(some)
    assert report.overall.sentences == 201
    assert sum(part.sentences for part in report.by_length.values()) == 201
    rebuilt = model.reconstruct(some)
    assert report.overall.exact == pytest.approx(sum(map(str.__eq__, some, rebuilt)) / 201)
    assert report.overall.token_accuracy > 0.8
    assert report.overall.perplexity_byte < report.overall.perplexity_token < report.overall.perplexity_word
    assert report.notes == ["1 of 201 sentences truncated at 20 tokens"]
    assert "tok:none" in report.signatures["bleu"]
    with pytest.raises(ValueError, match="no sentence"):
        model.evaluate([])


BLANKS = ["", " ", "\t", "\u3000\u00a0"]


def among(some: list[str]) -> Iterator[str]:
    """Sentences with blank ones before, between and behind."""
    yield from [BLANKS[0], *some[:3], *BLANKS[1:], *some[3:], BLANKS[0]]


def test_blank_sentences_change_no_figure(model: SentenceAutoencoder, vae: SentenceAutoencoder) -> None:
    some = sentences()[::60]
    without, report = model.evaluate(some), model.evaluate(among(some))
    assert (report.overall, report.by_length) == (without.overall, without.by_length)
    assert (without.blank, without.notes) == (0, [])
    assert (report.blank, report.notes) == (5, ["5 of 25 sentences were blank, left out"])
    for measured in (lambda lines: vae.likelihood(lines, samples=2), vae.diagnose):
        assert measured(list(among(some))) == replace(measured(some), blank=5)
    for measured in (model.evaluate, vae.likelihood, vae.diagnose):
        with pytest.raises(ValueError, match="no sentence to measure: all 4 are blank"):
            measured(BLANKS)


def test_the_vectors_of_blank_sentences_are_left_out_with_them(model: SentenceAutoencoder) -> None:
    torch.manual_seed(0)
    shape, tokenizer = ModelConfig(hidden=16, embedding=8, latent=8, vectors=5), model.run.tokenizer
    network = Autoencoder(shape, tokenizer.vocab_size).eval()
    reader = SentenceAutoencoder(Run(network, tokenizer, Settings(shape, TEXT, TrainingConfig())))
    some = sentences()[::60]
    lines = list(among(some))
    vectors = np.random.default_rng(0).normal(size=(len(lines), 5)).astype(np.float32)
    kept = vectors[[row for row, line in enumerate(lines) if line.strip()]]
    report = reader.evaluate(lines, vectors=vectors)
    assert report.overall == reader.evaluate(some, vectors=kept).overall
    assert report.blank == 5
    for wrong, said in ((vectors[:-1], "24 vectors for 25"), (vectors[:3], "3 vectors for more")):
        with pytest.raises(VectorError, match=said):
            reader.evaluate(lines, vectors=wrong)


def test_pairs_with_a_blank_side_are_left_out_of_a_translations_scores() -> None:
    translator = SentenceAutoencoder.load(OLDER / "translator", device="cpu")
    some = sentences()[::100]
    wanted = [one.upper() for one in some]
    without = translator.evaluate_translation(some, wanted)
    report = translator.evaluate_translation(["", *some, "A dog", " "], ["EIN", *wanted, "\t", ""])
    assert report.overall == without.overall
    assert (report.blank, report.notes) == (3, ["3 of 15 pairs had a blank side, left out"])
    with pytest.raises(ValueError, match="2 of 2 pairs had a blank side"):
        translator.evaluate_translation(["", "a"], ["a", ""])
    with pytest.raises(ValueError, match="one for each"):
        translator.evaluate_translation(["a"], [])


@pytest.mark.parametrize("separate", [True, False])
def test_what_a_run_was_not_trained_for_is_not_measured(model: SentenceAutoencoder, separate: bool) -> None:
    translator = SentenceAutoencoder.load(OLDER / "translator", device="cpu")
    assert translator.run.target_tokenizer is not None
    if not separate:
        translator.run.target_tokenizer = None
    for refused in (translator.evaluate, translator.likelihood):
        with pytest.raises(ConfigError, match=r"trained to translate.*`evaluate_translation`"):
            refused(["A dog."])
    with pytest.raises(ConfigError, match="not trained to translate; use `evaluate`"):
        model.evaluate_translation(["a"], ["b"])


def test_the_perplexity_of_a_cut_sentence_is_that_of_what_was_read(model: SentenceAutoencoder) -> None:
    text = "x " * 50
    (ids,), _ = model.run.tokenizer.encode_cut([text], model.max_length)
    (read,) = model.run.tokenizer.decode([ids])
    assert model.run.tokenizer.encode([read]) == [ids]
    assert len(read) < len(text)
    whole, part = (model.evaluate([one]).overall for one in (text, read))
    assert whole.perplexity_word == pytest.approx(part.perplexity_word)
    assert whole.perplexity_byte == pytest.approx(part.perplexity_byte)


def test_likelihood_and_diagnosis(vae: SentenceAutoencoder, model: SentenceAutoencoder) -> None:
    some = sentences()[::40]
    one, many = (vae.likelihood(some, samples=samples) for samples in (1, 30))
    assert many.nll < one.nll
    assert -many.elbo > many.nll
    assert many == vae.likelihood(some, samples=30)
    long = "x " * 50
    (ids,), _ = vae.run.tokenizer.encode_cut([long], vae.max_length)
    cut, read = (vae.likelihood([one], samples=3) for one in (long, *vae.run.tokenizer.decode([ids])))
    assert cut == read  # whose words are fewer
    found = vae.diagnose(some)
    assert found.dimensions == 24
    assert found.active_units > 12
    for refused in (model.likelihood, model.diagnose):
        with pytest.raises(ConfigError, match="variational"):
            refused(some)
