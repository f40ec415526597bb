"""Unusual sentences: what is planted among others comes first."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError
from textrae.search import Index, outliers
from textrae.search.outliers import default_by

OLDER = Path(__file__).parents[1] / "older"
ODD = "zq xk vv jj qq 77"


@pytest.fixture(scope="module")
def index(model: SentenceAutoencoder) -> Index:
    return Index.build(model, [*sentences()[:300], ODD, "", ODD])


def test_what_is_rebuilt_badly_comes_first(index: Index, model: SentenceAutoencoder) -> None:
    assert default_by(model) == "reconstruction"
    first, second = outliers(index, 2)
    assert (first.text, first.rows, first.other) == (ODD, [300, 302], model.reconstruct(ODD))
    assert first.score > second.score > 0
    assert len(outliers(index, 1_000)) == 301


def test_a_variational_model_tells_likelihoods(vae: SentenceAutoencoder, model: SentenceAutoencoder) -> None:
    assert default_by(vae) == "likelihood"
    lines = [*sentences()[:40], ODD]
    first, *others = outliers(Index.build(vae, lines), 41, samples=5)
    assert first.text == ODD
    nats = np.mean([one.score for one in others])
    whole = vae.likelihood([one.text for one in others], samples=5)
    assert nats == pytest.approx(np.log(whole.perplexity_token), rel=0.05)
    with pytest.raises(ConfigError, match="only a variational model"):
        outliers(Index.build(model, lines), 1, by="likelihood")


def by_definition(index: Index, numbers: np.ndarray) -> list[tuple[float, int]]:
    unit = index.store.vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    near = np.sort(cosines[:, numbers], axis=1)[:, -5:].mean(1)
    return sorted(((1 - float(value), row) for row, value in enumerate(near)), reverse=True)


def test_distances_are_those_from_the_nearest(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("textrae.search.outliers")
    monkeypatch.setattr(module, "_BLOCK", 64)
    monkeypatch.setattr(module, "_OTHERS", 50)
    found = outliers(index, 10, by="distance")
    wanted = by_definition(index, np.arange(301))[:10]
    assert [one.score for one in found] == pytest.approx([score for score, _ in wanted], abs=1e-3)
    assert found[0].text == ODD
    assert found[0].other in sentences()


def test_many_are_compared_with_a_sample(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("textrae.search.outliers")
    monkeypatch.setattr(module, "SAMPLE", 40)
    numbers = module._sampled(301, 3)
    assert len({*numbers.tolist()}) == 40
    found = outliers(index, 5, by="distance", seed=3)
    wanted = by_definition(index, numbers)[:5]
    assert [one.score for one in found] == pytest.approx([score for score, _ in wanted], abs=1e-3)


def test_few_sentences_have_few_neighbours(model: SentenceAutoencoder) -> None:
    assert outliers(Index.build(model, ["A dog."]), 3, by="distance") == []
    one, two = outliers(Index.build(model, ["A dog.", "A cat."]), 3, by="distance")
    assert {one.text, two.text} == {one.other, two.other} == {"A dog.", "A cat."}


def test_a_translator_has_distances_only() -> None:
    model = SentenceAutoencoder.load(OLDER / "translator", device="cpu")
    assert default_by(model) == "distance"
    index = Index.build(model, sentences()[:9])
    assert len(outliers(index, 2)) == 2
    with pytest.raises(ConfigError, match="trained to translate"):
        outliers(index, 2, by="reconstruction")
