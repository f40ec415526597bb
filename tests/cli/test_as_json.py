"""Values as JSON, one a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from textrae_cli.as_json import to_json


@dataclass
class Figures:
    exact: float
    places: tuple[Path, ...]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"ö": "漢字\n", "n": float("nan"), "i": float("-inf")}, '{"ö":"漢字\\n","n":null,"i":null}'),
        (Figures(0.5, (Path("a"), Path("b"))), '{"exact":0.5,"places":["a","b"]}'),
        (np.array([[1.5, np.nan]], dtype=np.float32), "[[1.5,null]]"),
        (np.arange(6).reshape(2, 3).T, "[[0,3],[1,4],[2,5]]"),
        ([np.float64(1) / 3, np.int64(7), 2**64 - 1], "[0.3333333333333333,7,18446744073709551615]"),
        ({3: True, "file": "a\udcff.txt", "more": ["\udcfe"]}, None),
    ],
    ids=str,
)
def test_json_is_one_line_in_utf_8_without_nan(value: object, text: str | None) -> None:
    written = to_json(value)
    if text is None:  # a name of a file that is not UTF-8 is shown escaped
        assert json.loads(written) == {"3": True, "file": "a\\udcff.txt", "more": ["\\udcfe"]}
    else:
        assert written == text


def test_what_has_no_form_in_json_is_an_error() -> None:
    with pytest.raises(TypeError):
        to_json(object())
