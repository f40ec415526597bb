from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from textrae.server import schemas
from textrae.server.endpoints import ENDPOINTS
from textrae.server.openai import EMBEDDINGS


@pytest.mark.parametrize("endpoint", [EMBEDDINGS, *ENDPOINTS], ids=lambda endpoint: endpoint.path)
def test_every_example_fits_its_schema(endpoint: object) -> None:
    schema: type[BaseModel] = endpoint.asked  # type: ignore[attr-defined]
    (example,) = schema.model_config["json_schema_extra"]["examples"]  # type: ignore[index, call-overload]
    schema.model_validate(example)


def test_one_sentence_is_a_list_of_one() -> None:
    assert schemas.Reconstruct.model_validate_json(b'{"texts": "a"}').texts == ["a"]
    assert schemas.Analogy.model_validate_json(
        b'{"texts": "a", "source": ["b"], "target": ["c"], "strength": 2}'
    ).strength == [2.0]


@pytest.mark.parametrize("given", ['"most"', "true", "NaN", "1e7", "[]", "null", '[["least"]]', '"1"'])
def test_a_strength_is_a_number_or_least(given: str) -> None:
    body = '{"texts": "a", "source": ["b"], "target": ["c"], "strength": %s}'
    assert schemas.Analogy.model_validate_json(body % '"least"').strength == ["least"]
    assert schemas.Analogy.model_validate_json(body % '[1, "least", -0.5]').strength == [1.0, "least", -0.5]
    with pytest.raises(ValidationError) as refused:
        schemas.Analogy.model_validate_json(body % given)
    (error,) = refused.value.errors()  # one line says all
    if given not in ("[]",):
        assert error["msg"] == "a number from -1000000 to 1000000, or least, is expected"


@pytest.mark.parametrize(
    "body",
    [
        b'{"texts": []}',
        b'{"texts": [1]}',
        b'{"texts": "a", "beam": "1"}',
        b'{"texts": "a", "beam": 21}',
        b'{"texts": "a", "path": "/etc/passwd"}',
        b'{"texts": "\\ud800"}',
        b'{"texts": ["' + b"a" * 20_001 + b'"]}',
        b'{"texts": [' + b",".join([b'"a"'] * 2_049) + b"]}",
    ],
)
def test_what_does_not_fit_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        schemas.Reconstruct.model_validate_json(body)


def test_vectors_are_finite() -> None:
    for number in (b"NaN", b"Infinity", b"1e999"):
        with pytest.raises(ValidationError):
            schemas.Decode.model_validate_json(b'{"vectors": [[' + number + b"]]}")
