"""What goes with what in the shape of a model; the grid of all variants is in test_variants.py."""

from __future__ import annotations

from typing import Any

import pytest

from textrae.errors import ConfigError
from textrae.settings.files import build
from textrae.settings.model import ModelConfig


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"meaning": 8, "variational": True}, "`meaning`: does not go with `variational`: samples are drawn"),
        ({"meaning": 8, "hierarchical": True}, "`meaning`: does not go with `hierarchical`"),
        ({"meaning": 8, "memory": "states"}, "`meaning`: does not go with `memory`"),
        ({"meaning": 8, "regulariser": "mmd"}, "`meaning`: does not go with `regulariser`"),
        ({"meaning": 8, "vectors": 9}, "`meaning`: with vectors there is no encoder"),
        ({"meaning": 2}, "`meaning`: of so few numbers"),
        ({"memory": "states", "slots": 4}, "`slots`: with `memory=states`"),
        ({"reverse": True}, "`reverse`: a bidirectional encoder"),
        ({"slots": 0, "clock": True}, "`clock`: it needs slots with positions"),
        ({"slots": 1, "slot_addressing": "position"}, "`slot_addressing`: a position needs several slots"),
        ({"places": 3, "hierarchical": True, "latent": 8}, "`places`: 8 dimensions cannot be divided into 3"),
        ({"mse_weight": 0.5, "reconstruction": "mse"}, "`mse_weight`: it mixes"),
        ({"segments": "4"}, "`segments`: only a hierarchical model"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(ModelConfig, values)


def test_a_part_for_meaning_comes_first() -> None:
    shape = ModelConfig(slots=4, latent=8, meaning=16)
    assert shape.encoding_size == 16 + 4 * 8
    assert [shape.part_size(part) for part in ("all", "meaning", "spelling")] == [48, 16, 32]
    assert shape.compared == "meaning"
    assert ModelConfig(slots=4, latent=8).compared == "all"
