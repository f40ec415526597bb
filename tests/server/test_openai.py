from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from conftest import sentences
from fastapi.testclient import TestClient

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.search.encoding import scaled
from textrae.server.app import make_app
from textrae.server.hosted import Hosted
from textrae.server.service import Service

SOME = sentences()[:3]


def embed(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/embeddings", json=fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_floats_and_base64(client: TestClient, model: SentenceAutoencoder) -> None:
    found = embed(client, input=SOME, model="plain")
    vectors = model.encode(SOME)
    np.testing.assert_allclose([one["embedding"] for one in found["data"]], vectors, atol=1e-5)
    assert [one["index"] for one in found["data"]] == [0, 1, 2]
    tokens = sum(len(ids) for ids in model.run.tokenizer.encode(SOME))
    assert found["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    (one,) = embed(client, input=SOME[0], encoding_format="base64", user="me", other=1)["data"]
    read = np.frombuffer(base64.b64decode(one["embedding"]), dtype="<f4")
    np.testing.assert_allclose(read, vectors[0], atol=1e-5)


def test_truncated_sentences_are_told_and_counted(client: TestClient, service: Service) -> None:
    assert embed(client, input=["a", "x " * 50])["truncated"] == [1]
    line = next(
        line
        for line in service.metrics.page().decode().splitlines()
        if line.startswith("textrae_truncated_sentences_total")
    )
    assert float(line.split()[1]) >= 1


@pytest.mark.parametrize(
    ("fields", "status", "param", "said"),
    [
        ({"input": [1, 2]}, 400, "input", "tokens of another tokenizer cannot be read; give strings"),
        ({"input": [[1, 2]]}, 400, "input", "tokens of another tokenizer"),
        ({"input": ""}, 400, "input", "is an empty string"),
        ({"input": []}, 400, "input", "at least 1 item"),
        ({}, 400, "input", "Field required"),
        ({"input": "a", "dimensions": 5}, 400, "dimensions", "as it has no part for meaning"),
        ({"input": "a", "part": "meaning"}, 400, None, "this run's encodings only spell"),
        ({"input": "a", "model": "text-embedding-3-small"}, 404, "model", "there are plain, vae"),
    ],
)
def test_errors_have_the_form_of_openai(
    client: TestClient, fields: dict[str, Any], status: int, param: str | None, said: str
) -> None:
    answer = client.post("/v1/embeddings", json=fields)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert said in error["message"]


@pytest.fixture(scope="module")
def meaning() -> SentenceAutoencoder:
    return SentenceAutoencoder.train(
        sentences=sentences(),
        model=ModelConfig(hidden=16, embedding=16, slots=0, latent=8, meaning=16, sif=True),
        training=TrainingConfig(steps=2),
        text=CorpusConfig(vocab_size=400),
    )


def test_a_part_for_meaning_has_length_1_and_can_be_shortened(meaning: SentenceAutoencoder) -> None:
    service = Service()
    service.host([Hosted("m", meaning, service.batcher)])
    whole = meaning.encode(SOME)
    with TestClient(make_app(service)) as client:

        def vectors(**fields: Any) -> Any:
            return np.array([one["embedding"] for one in embed(client, input=SOME, **fields)["data"]])

        np.testing.assert_allclose(vectors(part="all"), whole, atol=1e-5)
        means = meaning.encode(SOME, part="meaning")
        np.testing.assert_allclose(vectors(), scaled(means), atol=1e-5)
        np.testing.assert_allclose(vectors(dimensions=5), scaled(means[:, :5]), atol=1e-5)
        for fields in ({"dimensions": 17}, {"dimensions": 5, "part": "all"}):
            assert client.post("/v1/embeddings", json={"input": "a", **fields}).status_code == 400
