from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import sentences
from fastapi.testclient import TestClient

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.server.app import make_app
from textrae.server.hosted import Hosted
from textrae.server.service import Service

A, B, C = sentences()[0], sentences()[700], sentences()[3]


def ask(client: TestClient, path: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(path, json=fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_each_endpoint_answers_as_the_model(client: TestClient, model: SentenceAutoencoder) -> None:
    both = [A, B]
    vectors = model.encode(both).tolist()
    written = {"model": "plain", "texts": model.reconstruct(both), "truncated": []}
    assert ask(client, "/reconstruct", texts=both) == written
    assert ask(client, "/decode", vectors=vectors) == written
    assert ask(client, "/interpolate", texts=both, steps=3)["texts"] == model.interpolate(A, B, steps=3)
    assert ask(client, "/sample", count=3, seed=5)["texts"] == model.sample(3, seed=5)
    assert ask(client, "/sample", count=3, temperature=0)["texts"] == model.sample(3, temperature=0)
    assert ask(client, "/paraphrase", text=A, count=2)["texts"] == model.paraphrase(A, 2)
    step = model.direction([A], [B])
    moved = ask(client, "/analogy", texts=C, source=[A], target=[B], strength=[0, 1])["moved"]
    assert moved == [{"strength": s, "texts": [model.move(C, step, s)]} for s in (0.0, 1.0)]
    across = model.boundary([A], [B])
    least = ask(client, "/analogy", texts=[C], source=[A], target=[B], strength="least")["moved"]
    assert least == [{"strength": "least", "texts": [model.move(C, across, "least")]}]
    (cost,) = ask(client, "/score", texts=[A])["scores"]
    assert cost["nats"] < 5
    assert cost["tokens"] == len(model.run.tokenizer.encode([A])[0]) + 1


def test_search(client: TestClient) -> None:
    found = ask(client, "/search", queries=[C, A], k=2)
    first, second = found["hits"]
    assert found["index"] == "some"
    assert first[0] == {"text": C, "score": pytest.approx(1.0, abs=1e-3), "rows": [4, 51], "copies": 2}
    assert second[0]["text"] == A
    assert len(first) == 2


def test_another_run_is_asked_by_its_name(client: TestClient, vae: SentenceAutoencoder) -> None:
    found = ask(client, "/sample", model="vae", count=2, source="prior", seed=1)
    assert found == {"model": "vae", "texts": vae.sample(2, source="prior", seed=1), "truncated": []}
    assert ask(client, "/score", model="vae", texts=[A], by="likelihood", samples=5)["by"] == "likelihood"


def test_blur_is_given_on(corpus: Path) -> None:
    config = ModelConfig(hidden=16, embedding=16, slots=0, latent=8, variational=True, blur=0.5)
    blurred = SentenceAutoencoder.train(
        corpus, config, TrainingConfig(steps=3), text=CorpusConfig(vocab_size=400)
    )
    service = Service()
    service.host([Hosted("b", blurred, service.batcher)])
    with TestClient(make_app(service)) as client:
        assert client.get("/v1/models").json()["data"][0]["blur"] is True
        drawn = ask(client, "/sample", count=3, blur=0.9)["texts"]
        assert drawn == blurred.sample(3, blur=0.9)
        way = ask(client, "/interpolate", texts=[A, B], steps=5, blur=0.5)["texts"]
        assert way == blurred.interpolate(A, B, steps=5, blur=0.5)
        (moved,) = ask(client, "/analogy", texts=C, source=[A], target=[B], blur=0.7)["moved"]
        assert moved["texts"] == [blurred.move(C, blurred.direction([A], [B]), blur=0.7)]


@pytest.mark.parametrize(
    ("path", "fields", "status", "said"),
    [
        (
            "/analogy",
            {"texts": ["a"] * 101, "source": ["b"], "target": ["c"], "strength": "least"},
            422,
            "texts: at most 100 are moved by least, as each is tried in some 80 ways; send fewer at a time",
        ),
        ("/translate", {"texts": "a"}, 422, "plain: was not trained to translate; ask /reconstruct"),
        ("/decode", {"vectors": [[1.0]]}, 422, "this run decodes (n, 24)"),
        ("/sample", {"count": 10**9}, 422, "count: Input should be less than or equal to 1000"),
        ("/sample", {"label": "x"}, 422, "`label` and `length`: only a flow can follow them"),
        ("/interpolate", {"texts": [A, " "]}, 422, "sentence 2: is blank"),
        ("/interpolate", {"texts": [A, B], "method": "flow"}, 422, "this run has no flow"),
        (
            "/search",
            {"queries": "a", "index": "/etc"},
            404,
            "index: there is none of that name; there are some",
        ),
        ("/search", {"queries": "a", "approximate": True}, 422, "no graph"),
        ("/reconstruct", {"texts": "a", "model": "b"}, 404, "there are plain, vae"),
        ("/sample", {"blur": 0.5}, 422, "blur"),
        ("/score", {"texts": "a", "by": "likelihood"}, 422, "only a variational model"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    client: TestClient, path: str, fields: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post(path, json=fields)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert said in error["message"]
    assert "\n" not in error["message"]
