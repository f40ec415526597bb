from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from textrae.server.failures import Refusal, unfit
from textrae.server.schemas import Reconstruct


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "authentication_error"), (422, "invalid_request_error"), (500, "server_error")]
)
def test_a_refusal_has_the_form_of_openai(status: int, kind: str) -> None:
    body = json.loads(Refusal(status, "no", "beam", "x").body())
    assert body == {"error": {"message": "no", "type": kind, "param": "beam", "code": "x"}}


@pytest.mark.parametrize(
    ("body", "place", "more"),
    [
        (b'{"texts": ["a", 2]}', "texts[1]", ""),
        (b'{"texts": [1, 2, 3]}', "texts[0]", " (2 more)"),
        (b'{"texts": "a", "a b": 1}', "a b", ""),
        (b"{", "", ""),
    ],
)
def test_a_body_that_does_not_fit_is_told_by_its_place(body: bytes, place: str, more: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Reconstruct.model_validate_json(body)
    refusal = unfit(raised.value, 422)
    assert refusal.status == 422
    assert refusal.param == (place or None)
    assert str(refusal).startswith(f"{place}: " if place else "")
    assert str(refusal).endswith(more)
    assert "\n" not in str(refusal)
