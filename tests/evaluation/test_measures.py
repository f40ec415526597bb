"""A model measured on sentences: counts, likelihoods, posteriors."""

from __future__ import annotations

import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError


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
