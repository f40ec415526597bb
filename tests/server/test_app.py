from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textrae.server.endpoints import ENDPOINTS
from textrae.server.openai import EMBEDDINGS


def test_models_health_and_measures(client: TestClient) -> None:
    listed = client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [one["id"] for one in listed["data"]] == ["plain", "vae"]
    assert client.get("/v1/models/vae").json() == listed["data"][1]
    missing = client.get("/v1/models/x")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    assert client.get("/health").json() == {"status": "ok", "models": ["plain", "vae"], "waiting": 0}
    measures = client.get("/metrics")
    assert measures.headers["content-type"].startswith("text/plain")
    assert 'textrae_requests_total{route="/health",status="200"}' in measures.text


def test_other_paths_and_methods_are_refused(client: TestClient) -> None:
    for path in ("/x", "/../../etc/passwd", "/v1/models/..%2f..%2fetc"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["type"] == "invalid_request_error"
    answer = client.get("/decode")
    assert (answer.status_code, answer.json()["error"]["message"]) == (405, "GET is not for this path")


def test_the_description_has_every_endpoint_with_an_example(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    schemas = found["components"]["schemas"]
    for endpoint in (EMBEDDINGS, *ENDPOINTS):
        post = found["paths"][endpoint.path]["post"]
        reference = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert schemas[reference.rsplit("/", 1)[1]]["examples"], endpoint.path
        assert post["summary"].endswith(".")
        assert {"200", "401", "413", "429"} <= set(post["responses"])
    references = str(found).split("#/components/schemas/")[1:]
    assert {one.split("'")[0] for one in references} <= set(schemas)


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@pytest.mark.parametrize("endpoint", [EMBEDDINGS, *ENDPOINTS], ids=lambda endpoint: endpoint.path)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_asked_is_answered_or_refused(client: TestClient, endpoint: Any, data: Any) -> None:
    (example,) = endpoint.asked.model_config["json_schema_extra"]["examples"]
    fields = {**example, "model": "plain"}
    names = st.sampled_from([*endpoint.asked.model_fields, "unknown"])
    fields |= data.draw(st.dictionaries(names, VALUES, min_size=1, max_size=2))
    answer = client.post(endpoint.path, json=fields)
    assert answer.status_code in (200, 400, 404, 422), answer.text
    if answer.status_code == 200:
        endpoint.answer.model_validate_json(answer.content)
    else:
        assert "\n" not in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 10_000, b"9" * 5_000, b'{"texts": NaN}', b"null"])
def test_what_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/reconstruct", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "\n" not in answer.json()["error"]["message"]
