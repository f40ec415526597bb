from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.errors import ConfigError, VectorError
from textrae.server.hosted import Hosted
from textrae.server.service import Service

SOME = sentences()[:90]


@pytest.fixture
def plain(service: Service) -> Hosted:
    return service.runs["plain"]


def done(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_facts_tell_what_a_run_can_do(service: Service) -> None:
    facts = service.runs["plain"].facts()
    assert (facts["id"], facts["created"], facts["dimensions"], facts["max_tokens"]) == ("plain", 7, 24, 20)
    assert set(facts["can"]) == {
        "embeddings", "decode", "reconstruct", "interpolate", "sample", "paraphrase", "analogy", "score",
        "search", "map",
    }  # fmt: skip
    assert facts["indexes"] == ["some"]
    assert "search" not in service.runs["vae"].can
    assert service.runs["vae"].sources == ["prior", "posterior", "mixture"]


def test_results_are_those_of_the_model(plain: Hosted, model: SentenceAutoencoder) -> None:
    read = done(plain.encode(SOME))
    np.testing.assert_allclose(np.stack(read.results), model.encode(SOME), atol=1e-5)
    assert read.tokens == sum(len(ids) for ids in model.run.tokenizer.encode(SOME))
    assert done(plain.decode(model.encode(SOME), 1, None)) == model.decode(model.encode(SOME))
    assert done(plain.reconstruct(SOME, 2)).results == model.reconstruct(SOME, beam=2)
    assert done(plain.interpolate(SOME[:2], steps=5)).results == model.interpolate(*SOME[:2], steps=5)
    assert done(plain.paraphrase(SOME[0], count=2)).results == model.paraphrase(SOME[0], 2)
    assert done(plain.sample(60, 3)) == model.sample(60, seed=3)
    assert done(plain.sample(70, 3)) == model.sample(64, seed=3) + model.sample(6, seed=4)


def test_truncated_sentences_are_told(plain: Hosted) -> None:
    texts = [SOME[0], "x " * 50, SOME[1], "y " * 50]
    for work in (plain.encode(texts), plain.reconstruct(texts, 1), plain.interpolate(texts, steps=2)):
        assert done(work).truncated == [1, 3]


def test_a_step_moves_as_the_models_own(plain: Hosted, model: SentenceAutoencoder) -> None:
    source, target = SOME[:20], SOME[20:40]
    step = done(plain.direction([*source, " "], target))
    np.testing.assert_allclose(step, model.direction(source, target), atol=1e-5)
    moved = done(plain.move(SOME, step, [0.0, 1.0], 1, None)).results
    assert moved == [model.move(SOME, step, strength) for strength in (0.0, 1.0)]
    with pytest.raises(ConfigError, match="`source`: all of its sentences are blank"):
        done(plain.direction([" "], target))


def test_sentences_are_moved_no_farther_than_each_needs(
    service: Service, plain: Hosted, model: SentenceAutoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = [one for one in sentences() if one.endswith("today.")][:40]
    target = [one for one in sentences() if one.endswith("again!")][:40]
    across = done(plain.boundary([*source, ""], target))
    wanted = model.boundary(source, target)
    np.testing.assert_allclose(across.step, wanted.step, atol=1e-5)
    np.testing.assert_allclose(across.normal, wanted.normal, rtol=1e-2, atol=1e-3)
    some = [*source[:17], "  "]  # more than are moved at once
    one, least = done(plain.move(some, across, [1.0, "least"], 1, None)).results
    assert one == model.move(some, across.step, 1.0)
    assert least == model.move(some, across, "least")
    assert least[-1] == ""
    assert plain.facts()["least"] is service.runs["vae"].facts()["least"] is True
    monkeypatch.setattr("textrae.server.hosted._WIDEST", 23)
    assert plain.facts()["least"] is False
    with pytest.raises(ConfigError, match="takes encodings of at most 23 numbers, not 24"):
        done(plain.boundary(source, target))


def test_costs(service: Service, plain: Hosted) -> None:
    good, bad = done(plain.score([SOME[0], "zebra zebra"], "reconstruction", 1, 0)).results
    assert good[0] < bad[0]
    vae = service.runs["vae"]
    some = done(vae.score(SOME[:20], "likelihood", 10, 0)).results
    assert some == done(vae.score(SOME[:20], "likelihood", 10, 0)).results
    assert len(some) == 20
    with pytest.raises(ConfigError, match="only a variational model"):
        done(plain.score(SOME, "likelihood", 10, 0))


def test_what_a_run_cannot_do_is_refused(plain: Hosted) -> None:
    with pytest.raises(ConfigError, match="was not trained to translate"):
        done(plain.translate(SOME, 5, 1.0, None))
    with pytest.raises(ConfigError, match="encodings only spell"):
        done(plain.encode(SOME, "meaning"))
    with pytest.raises(ConfigError, match="one language"):
        done(plain.decode(plain.vectors([[0.0] * 24]), 1, "de"))
    with pytest.raises(VectorError, match="24"):
        plain.vectors([[0.0]])


def test_a_translator_translates(corpus: Any, tmp_path: Any) -> None:
    from textrae import CorpusConfig, ModelConfig, TrainingConfig

    config = ModelConfig(hidden=16, embedding=16, slots=0, latent=8)
    translator = SentenceAutoencoder.train(
        corpus, config, TrainingConfig(steps=3), text=CorpusConfig(vocab_size=400), target=corpus
    )
    service = Service()
    run = Hosted("t", translator, service.batcher)
    assert {"translate", "embeddings"} <= set(run.can)
    assert not {"reconstruct", "score"} & set(run.can)
    assert run.facts()["least"] is False
    with pytest.raises(ConfigError, match="`strength='least'` needs a model that reads what it writes"):
        done(run.boundary(SOME[:2], SOME[2:4]))
    several = done(run.translate(SOME[:3], 3, 1.0, None)).results
    (blocks,) = translator.translations(SOME[:3], beam=3, window=3)
    assert [[text for text, _ in one] for one in several] == [[text for text, _ in one] for one in blocks]
    assert [[one[0][0]] for one in done(run.translate(SOME[:3], 1, 1.0, None)).results] == [
        [text] for text in translator.translate(SOME[:3], beam=1)
    ]
    with pytest.raises(ConfigError, match="was trained to translate"):
        done(run.reconstruct(SOME, 1))
    service.close()
