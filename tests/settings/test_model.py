"""The shape of a model: presets, what is derived, and what does not fit together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from textrae import ModelConfig
from textrae.errors import ConfigError
from textrae.settings.files import build
from textrae.settings.sizes import SIZES, Size


def test_presets_and_their_overriding() -> None:
    assert not ModelConfig.preset("rae").bidirectional
    assert ModelConfig.preset("ara") == ModelConfig()
    assert ModelConfig.preset("brae") == ModelConfig(slots=0)
    assert ModelConfig.preset("rae", cell="lstm", hidden=32).cell == "lstm"
    unknown: Any = "xrae"
    with pytest.raises(ConfigError, match=r"`model`: .xrae. is no variant; there are rae, brae"):
        ModelConfig.preset(unknown)


BASE = SIZES["base"]


def numbers_of(model: ModelConfig) -> tuple[int, int, int, int]:
    return model.hidden, model.embedding, model.slots, model.latent


@pytest.mark.parametrize("size", SIZES)
def test_a_size_sets_the_numbers_that_are_not_given(size: Size) -> None:
    of = SIZES[size]
    assert numbers_of(ModelConfig.sized(size)) == of[:4]
    one = (of.hidden, of.embedding, 0, of.vector)
    for name in ("rae", "brae", "hrae"):
        assert numbers_of(ModelConfig.preset(name, size)) == one  # type: ignore[arg-type]
    assert numbers_of(ModelConfig.preset("vrae", size)) == (of.hidden, of.embedding, 16, 16)
    assert numbers_of(ModelConfig.preset("ara", size, variational=True)) == of[:4]
    given = ModelConfig.sized(size, hidden=24, slots=3)
    assert numbers_of(given) == (24, of.embedding, 3, of.latent)


def test_a_size_that_does_not_exist_is_refused() -> None:
    for make in (ModelConfig.sized, lambda size: ModelConfig.preset("rae", size)):
        with pytest.raises(ConfigError, match=r"^`size`: 'huge' is none; there are small, base, large$"):
            make("huge")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("values", "slots", "latent"),
    [
        ({}, BASE.slots, BASE.latent),
        ({"memory": "states"}, 0, BASE.vector),
        ({"vectors": 384}, 0, BASE.vector),
        ({"hierarchical": True}, 0, BASE.vector),
        ({"variational": True}, 0, BASE.vector),
        ({"regulariser": "mmd"}, 0, BASE.vector),
        ({"pooling": "last"}, 0, BASE.vector),
        ({"pooling": "auto", "regulariser": "none", "variational": False}, BASE.slots, BASE.latent),
        ({"memory": "slots", "hierarchical": True}, BASE.slots, BASE.latent),
        ({"variational": True, "slots": 2}, 2, BASE.latent),
        ({"slots": 1}, 1, BASE.vector),
        ({"latent": 24}, BASE.slots, 24),
        ({"slots": 0, "latent": 24}, 0, 24),
    ],
    ids=str,
)
def test_slots_give_way_to_what_does_not_use_them(values: dict[str, Any], slots: int, latent: int) -> None:
    assert numbers_of(ModelConfig(**values)) == (BASE.hidden, BASE.embedding, slots, latent)


def test_settings_in_their_places_are_given_too() -> None:
    assert numbers_of(ModelConfig("lstm", 2, 99, 33, 24)) == (99, 33, BASE.slots, 24)
    assert replace(ModelConfig(slots=2), hidden=8) == ModelConfig(slots=2, hidden=8)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"memory": "states", "slots": 2}, "`slots`: with `memory=states`"),
        ({"memory": "states", "variational": True}, "`variational`: with `memory=states`"),
        ({"memory": "states", "regulariser": "mmd"}, "`regulariser`: with `memory=states`"),
        ({"memory": "states", "hierarchical": True}, "`hierarchical`: with `memory=states`"),
        ({"slot_addressing": "position", "slots": 1}, "`slot_addressing`: a position needs several slots"),
        ({"posterior_norm": 0.5}, "`posterior_norm`: .*`variational=True`"),
        ({"reverse": True}, "`reverse`: .*`bidirectional=False`"),
        ({"reverse": True, "bidirectional": False, "hierarchical": True}, "`reverse`: a hierarchical"),
        ({"segments": "clause"}, "`segments`: .*`hierarchical=True`"),
        ({"closings": False}, "`closings`: only a hierarchical model"),
        ({"places": 4}, "`places`: only a hierarchical model"),
        ({"places": 4, "hierarchical": True, "slots": 2}, "`places`: only a hierarchical model"),
        ({"places": 3, "hierarchical": True, "latent": 8}, "`places`: 8 dimensions cannot be divided into 3"),
        ({"scoring": "additive", "slots": 0}, "`scoring`: there is no attention"),
        ({"encoding_scale": 0.5, "conditioning": "initial"}, "`encoding_scale`: "),
        ({"slots": 2, "pooling": "max"}, "`pooling`: slots take the place"),
        ({"mse_weight": 1.0, "reconstruction": "mse"}, "`mse_weight`: .*nothing to mix"),
        ({"vectors": 8, "variational": True}, "`variational`: with vectors"),
        ({"vectors": 8, "hierarchical": True}, "`hierarchical`: with vectors"),
        ({"vectors": 8, "reverse": True, "bidirectional": False}, "`reverse`: with vectors"),
        ({"vectors": 8, "memory": "states"}, "`memory`: with vectors"),
        ({"vectors": 8, "regulariser": "mmd"}, "`regulariser`: with vectors"),
    ],
)
def test_what_does_not_fit_together_is_refused(values: dict[str, Any], said: str) -> None:
    for make in (lambda: ModelConfig(**values), lambda: build(ModelConfig, values)):
        with pytest.raises(ConfigError, match=f"^{said}") as caught:
            make()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"memory": "states", "scoring": "additive"},
        {"slots": 4, "slot_addressing": "position", "scoring": "additive"},
        {"hierarchical": True, "slots": 2, "pooling": "max"},
        {"hierarchical": True, "places": 4, "latent": 8, "segments": "12,sentence"},
        {"encoding_scale": 1.0, "conditioning": "initial"},
        {"variational": True, "posterior_norm": 0.5, "regulariser": "mmd"},
        {"vectors": 8, "slots": 2, "mse_weight": 1.0},
    ],
)
def test_what_fits_together_is_kept(values: dict[str, Any]) -> None:
    assert build(ModelConfig, values) == ModelConfig(**values)


def test_what_is_left_open_is_derived() -> None:
    assert (ModelConfig().pooled, ModelConfig(hierarchical=True).pooled) == ("max", "mean")
    assert ModelConfig(slots=4).slots_placed
    assert not ModelConfig(slots=4, variational=True).slots_placed
    assert ModelConfig(slots=0, latent=256).encoding_scale_used == 0.5
    assert ModelConfig(latent=256, hierarchical=True).encoding_scale_used == 1.0
    assert [ModelConfig(latent=n, hierarchical=True).places_used for n in (4, 8, 24, 128)] == [0, 2, 4, 16]
    assert ModelConfig(hierarchical=True, segments="4,clause,sentence").levels == 3
    assert ModelConfig(slots=4, latent=32).encoding_size == ModelConfig(slots=4, latent=32).read_size == 128
    assert ModelConfig(vectors=384).read_size == 384
