"""What single sentences cost, beside the figures over all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences

from textrae import SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError
from textrae.evaluation.costs import likelihood_costs, reconstruction_costs
from textrae.inference.cuts import Cuts

LINES = [*sentences()[:30], "zq xk vv", "x " * 50]


def test_reconstruction_adds_up_to_the_perplexity(model: SentenceAutoencoder) -> None:
    cuts = Cuts()
    (costs,) = reconstruction_costs(model.engine, LINES, cuts)
    nats, tokens = costs
    assert np.exp(nats.sum() / tokens.sum()) == pytest.approx(model.evaluate(LINES).overall.perplexity_token)
    assert nats[30] / tokens[30] > 10 * (nats[:30] / tokens[:30]).mean()
    assert (cuts.sentences, cuts.cut) == (32, 1)


def test_likelihood_adds_up_too(vae: SentenceAutoencoder, model: SentenceAutoencoder) -> None:
    (costs,) = likelihood_costs(vae.engine, LINES, samples=3, seed=1)
    nats, tokens = costs
    whole = vae.likelihood(LINES, samples=3, seed=1)
    assert nats.mean() == pytest.approx(whole.nll)
    assert np.exp(nats.sum() / tokens.sum()) == pytest.approx(whole.perplexity_token)
    with pytest.raises(ConfigError, match="only a variational model"):
        next(likelihood_costs(model.engine, LINES, 3, 1))


def test_a_model_of_distances_has_distances(corpus: Path) -> None:
    shape = replace(SMALL, reconstruction="mse")
    made = SentenceAutoencoder.train(corpus, shape, TrainingConfig(steps=2, precision="fp32"), text=TEXT)
    ((costs, tokens),) = reconstruction_costs(made.engine, LINES)
    assert (costs > 0).all()
    assert tokens[0] == len(made.run.tokenizer.encode(LINES[:1])[0]) + 1
