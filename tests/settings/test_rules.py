"""The rules across settings: each refuses its own case, in one line that begins with the setting, and lets its cure pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textrae import CorpusConfig, ModelConfig, TrainingConfig
from textrae.errors import ConfigError
from textrae.settings import rules
from textrae.settings.run import Settings

Values = dict[str, Any]
VECTORS = {"vectors": "x.npy"}
TWO = {"target": ("b", "c"), "target_languages": ("de", "fr")}


def settings(model: Values, corpus: Values, training: Values, **files: object) -> Settings:
    """Return settings of a training on one file."""
    parts = ModelConfig(**model), CorpusConfig(**corpus), TrainingConfig(**training)
    return replace(Settings(*parts, sources=("a.txt",)), **files)  # type: ignore[arg-type]


def refused(check: Callable[[], None], said: str) -> None:
    """Expect that a rule refuses, and says so in one line."""
    with pytest.raises(ConfigError) as caught:
        check()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "model", "training", "cure"),
    [
        *((name, {}, {}, "`variational=True`") for name in rules.VARIATIONAL),
        ("beta_cycles", {"variational": True}, {}, "`beta_schedule=cyclical`"),
        ("beta_warmup", {"variational": True}, {"beta_schedule": "constant"}, "`beta_schedule=constant`"),
        ("free_bits_per", {"variational": True}, {"free_bits": 0}, "`free_bits`"),
        ("regulariser_weight", {}, {}, "`regulariser`"),
        ("conditioning", {"memory": "states"}, {}, "`conditioning=initial`"),
        ("rehearsal", {}, {}, "`hierarchical=True`"),
        ("scoring", {"slots": 0}, {}, "`slots`, or `memory=states`"),
        ("slot_addressing", {"slots": 0}, {}, "`slots`"),
        ("slot_addressing", {"slots": 1}, {}, "`slots`"),
        ("encoding_scale", {"conditioning": "initial"}, {}, "`conditioning=every-step`"),
        ("encoding_scale", {"memory": "states"}, {}, "`conditioning=every-step`"),
        ("tokenizers", {}, {}, "`target`"),
        ("target_tokenizer", {}, {}, "`target`"),
        ("target_column", {}, {}, "`target`"),
    ],
)
def test_what_would_have_no_effect_is_refused(name: str, model: Values, training: Values, cure: str) -> None:
    made = settings(model, {}, training)
    refused(lambda: rules.refuse_ineffective({name}, made), cure)
    refused(lambda: rules.refuse_ineffective({name}, made), f"`{name}`: ")
    rules.refuse_ineffective((), made)  # what was not given is not refused


@pytest.mark.parametrize("name", ["vocab_size", "whole_words"])
@pytest.mark.parametrize(
    ("corpus", "files", "said"),
    [
        ({"tokenizer": "x"}, {}, "a given tokenizer comes with its own pieces"),
        (
            {"tokenizer": "x"},
            {"encoder": "run", "decoder": "run"},
            "a trained part comes with its own pieces",
        ),
        ({"tokenizer": "x"}, {"target": ("b",)}, "a given tokenizer"),
        (
            {"tokenizer": "x", "tokenizers": "separate", "target_tokenizer": "y"},
            {"target": ("b",)},
            "a given",
        ),
    ],
)
def test_a_tokenizer_that_is_there_has_its_pieces(
    name: str, corpus: Values, files: Values, said: str
) -> None:
    refused(lambda: rules.refuse_ineffective({name}, settings({}, corpus, {}, **files)), f"`{name}`: {said}")


@pytest.mark.parametrize("name", ["vocab_size", "whole_words"])
@pytest.mark.parametrize(
    ("corpus", "files"),
    [({}, {}), ({"tokenizer": "x", "tokenizers": "separate"}, {"target": ("b",)}), ({}, {"target": ("b",)})],
)
def test_a_tokenizer_that_is_trained_has_the_pieces_asked_for(
    name: str, corpus: Values, files: Values
) -> None:
    rules.refuse_ineffective({name}, settings({}, corpus, {}, **files))


@pytest.mark.parametrize("name", ["beta", "free_bits", "aggressive", "regulariser_weight", "embedding_rate"])
def test_an_encoder_that_stays_as_it_is_learns_nothing(name: str) -> None:
    model = {"variational": True, "regulariser": "mmd"}
    for frozen in (False, True):
        made = settings(model, {}, {"freeze_encoder": frozen}, encoder="run")
        if frozen:
            refused(lambda given=made: rules.refuse_ineffective({name}, given), "leave `freeze_encoder` out")
        else:
            rules.refuse_ineffective({name}, made)
    # a translator has other embeddings to write with
    rules.refuse_ineffective({"embedding_rate"}, replace(made, target=("b",)))


def test_a_divergence_that_weighs_nothing_has_no_schedule() -> None:
    made = settings({"variational": True}, {}, {"beta": 0.0})
    for name in ("beta_schedule", "beta_warmup", "beta_cycles", "free_bits", "free_bits_per"):
        refused(lambda given=name: rules.refuse_ineffective({given}, made), "`beta=0` leaves out")
    rules.refuse_ineffective({"beta", "pretrain", "aggressive"}, made)


def test_what_is_changed_is_what_differs_from_the_defaults() -> None:
    assert rules.changed(settings({}, {}, {})) == set()
    made = settings({"hidden": 512, "layers": 2}, {"vocab_size": 300}, {"beta": 0.15, "seed": 1})
    assert rules.changed(made) == {"layers", "vocab_size", "seed"}


@pytest.mark.parametrize("name", ["bidirectional", "reverse", "pooling"])
def test_given_vectors_leave_no_encoder_to_set(name: str) -> None:
    refused(
        lambda: rules.refuse_ineffective({name}, settings({}, {}, {}, **VECTORS)),
        f"`{name}`: is of an encoder",
    )
    rules.refuse_ineffective({name}, settings({}, {}, {}))


def test_what_has_an_effect_is_let_through() -> None:
    model = {"variational": True, "regulariser": "mmd", "hierarchical": True, "slots": 2}
    given = {*rules.VARIATIONAL, "regulariser_weight", "rehearsal", "tokenizers", "conditioning", "hidden"}
    given |= {"scoring", "slot_addressing", "encoding_scale"}
    cyclical = {"beta_schedule": "cyclical"}
    rules.refuse_ineffective(given, settings(model, {}, cyclical, target=("b.txt",)))
    states = {"memory": "states", "conditioning": "initial"}
    rules.refuse_ineffective({"conditioning", "scoring"}, settings(states, {}, {}))


@pytest.mark.parametrize(
    ("model", "corpus", "training", "files", "said"),
    [
        ({"latent": 2, "slots": 0}, {}, {}, {}, "`latent`: "),
        ({}, {}, {}, {"valid": "v", "valid_target": ("t",)}, "`valid_target`: is for translation"),
        ({}, {}, {}, {"target": ("b",), "valid_target": ("t",)}, "`valid_target`: the validation file"),
        ({}, {}, {}, {"valid_vectors": "x.npy"}, "`valid_vectors`: are for a model"),
        *(
            ({}, {}, {}, {**TWO, **files}, said)
            for files, said in (
                (
                    {"valid": "v", "valid_target": ("t",)},
                    "`valid_target`: every language is validated, and de, fr has",
                ),
                (
                    {"valid": "v", "valid_target": ("t",), "valid_languages": ("fr",)},
                    "validated, and de has none",
                ),
                (
                    {"valid": "v", "valid_target": ("t", "u"), "valid_languages": ("fr", "it")},
                    "no target is named it; name",
                ),
            )
        ),
        (
            {},
            {},
            {},
            {"target": ("b",), "valid": "v", "valid_target": ("t", "u")},
            "`valid_target`: one for each",
        ),
        ({}, {}, {"noise_drop": 0.1}, VECTORS, "`noise_drop`: "),
        ({}, {}, {"noise_blank": 0.1}, VECTORS, "`noise_blank`: "),
        ({}, {}, {"noise_substitute": 0.1}, VECTORS, "`noise_substitute`: "),
        ({}, {}, {"noise_shuffle": 1}, VECTORS, "`noise_shuffle`: "),
    ],
)
def test_a_training_that_begins_uses_what_it_is_given(
    model: Values, corpus: Values, training: Values, files: Values, said: str
) -> None:
    refused(lambda: rules.refuse_incomplete(settings(model, corpus, training, **files)), said)


@pytest.mark.parametrize(
    ("model", "corpus", "training", "files"),
    [
        ({"latent": 3, "slots": 0}, {}, {}, {}),
        ({"latent": 2, "slots": 2}, {}, {}, {}),
        ({"latent": 2, "variational": True}, {}, {}, {}),
        ({"latent": 2, "regulariser": "mmd"}, {}, {}, {}),
        ({"latent": 2, "memory": "states"}, {}, {}, {}),
        ({}, {}, {}, {"valid": "v", "target": ("b",), "valid_target": ("t",)}),
        ({}, {}, {}, {"valid": "v", "target": ("b",), "target_languages": ("de",), "valid_target": ("t",)}),
        ({}, {}, {}, {**TWO, "valid": "v", "valid_target": ("t", "u"), "valid_languages": ("fr", "de")}),
        ({}, {}, {}, TWO),
        ({}, {}, {}, {**VECTORS, "valid": "v", "valid_vectors": "y.npy"}),
        ({}, {}, {"noise_drop": 0.1}, {}),
    ],
)
def test_a_training_that_begins_may_have_what_it_uses(
    model: Values, corpus: Values, training: Values, files: Values
) -> None:
    rules.refuse_incomplete(settings(model, corpus, training, **files))


@pytest.mark.parametrize(
    ("model", "training", "files", "said"),
    [
        ({"hierarchical": True}, {"crossover": 0.1}, {}, "`crossover`: a hierarchical"),
        ({"reconstruction": "mse"}, {"label_smoothing": 0.1}, {}, "`label_smoothing`: "),
        ({"hierarchical": True}, {}, {"target": ("b",)}, "`hierarchical`: "),
        ({}, {"crossover": 0.1}, {"target": ("b",)}, "no translation"),
        ({}, {}, {"target": ("b",), "valid": "v"}, "`valid_target`"),
        ({"languages": ("de",)}, {}, {}, "`languages`: the targets are of no named language"),
        (
            {"languages": ("de",)},
            {},
            {"target": ("b", "c"), "target_languages": ("de", "fr")},
            "`languages`: the targets are de, fr",
        ),
        ({"vectors": 8}, {}, {}, "`vectors`: "),
        ({}, {}, {**VECTORS, "target": ("b",)}, "`target`: with `vectors`"),
        ({}, {"crossover": 0.1}, VECTORS, "no vector"),
        ({}, {}, {**VECTORS, "encoder": "run"}, "`encoder`: with `vectors`"),
        ({}, {}, {**VECTORS, "valid": "v"}, "`valid`: its vectors are missing"),
        ({}, {}, {**VECTORS, "valid_vectors": "y.npy"}, "`valid_vectors`: their sentences are missing"),
        ({}, {"freeze_encoder": True}, {}, "`freeze_encoder`: "),
    ],
)
def test_what_contradicts_is_refused(model: Values, training: Values, files: Values, said: str) -> None:
    refused(lambda: rules.refuse_conflicts(settings(model, {}, training, **files)), said)


@pytest.mark.parametrize(
    ("model", "corpus", "training", "files"),
    [
        ({}, {}, {"crossover": 0.1, "label_smoothing": 0.1}, {}),
        ({}, {}, {}, {"target": ("b",), "valid": "v", "valid_target": ("t",)}),
        ({}, {"target_column": "t"}, {}, {"target": ("b",), "valid": "v"}),
        ({"languages": ("de",)}, {}, {}, {"target": ("b",), "target_languages": ("de",)}),
        ({"vectors": 8}, {}, {}, {**VECTORS, "valid": "v", "valid_vectors": "y.npy", "decoder": "run"}),
        ({}, {}, {"freeze_encoder": True}, {"encoder": "run"}),
    ],
)
def test_what_agrees_is_let_through(model: Values, corpus: Values, training: Values, files: Values) -> None:
    rules.refuse_conflicts(settings(model, corpus, training, **files))


def test_vectors_have_the_width_of_the_model_and_of_each_other() -> None:
    named = settings({}, {}, {}, vectors="x.npy", valid_vectors="y.npy")
    rules.refuse_widths(named, 8, None)
    rules.refuse_widths(named, 8, 8)
    refused(lambda: rules.refuse_widths(named, 8, 9), "y.npy: vectors of 9 dimensions, not 8")
    shaped = replace(named, model=ModelConfig(vectors=8))
    rules.refuse_widths(shaped, 8, 8)
    refused(lambda: rules.refuse_widths(shaped, 7, 7), "x.npy: vectors of 7 dimensions, not 8")


@pytest.mark.parametrize(
    ("corpus", "given", "files", "translates", "said"),
    [
        ({}, {}, {"encoder": "a", "decoder": "b"}, False, "give one run as both, one of them, or `target`"),
        ({}, {}, {"encoder": "a", "decoder": "a"}, True, "a translates"),
        ({"tokenizer": "x"}, {}, {"encoder": "a"}, False, "`tokenizer`: "),
        ({"tokenizer": "x"}, {}, {"decoder": "a"}, False, "`tokenizer`: "),
        (
            {"target_tokenizer": "x", "tokenizers": "separate"},
            {},
            {"decoder": "a", "target": ("b",)},
            False,
            "`target_tokenizer`: ",
        ),
        ({}, {"tokenizers": "joint"}, {"encoder": "a", "target": ("b",)}, False, "`tokenizers`: "),
        ({}, {"tokenizers": "joint"}, {"decoder": "a", "target": ("b",)}, False, "`tokenizers`: "),
    ],
)
def test_what_does_not_go_with_trained_parts_is_refused(
    corpus: Values, given: Values, files: Values, translates: bool, said: str
) -> None:
    named = settings({}, corpus, {}, **files)
    refused(lambda: rules.refuse_with_parts(named, given, translates), said)


@pytest.mark.parametrize(
    ("corpus", "files", "translates"),
    [
        ({"tokenizer": "x"}, {}, False),
        ({}, {"encoder": "a", "decoder": "./a"}, False),
        ({}, {"encoder": "a", "decoder": "b", "target": ("c",)}, True),
        ({"tokenizer": "x"}, {"decoder": "a", "target": ("c",)}, False),
    ],
)
def test_what_goes_with_trained_parts_is_let_through(corpus: Values, files: Values, translates: bool) -> None:
    rules.refuse_with_parts(settings({}, corpus, {}, **files), {}, translates)


@pytest.mark.parametrize(
    ("what", "reads_vectors", "wanted", "said"),
    [
        ("encoder", True, {}, "`encoder=run`: was trained on vectors"),
        ("encoder", False, {"hidden": 50}, "`encoder=run`: its `hidden` is 48, not 50"),
        ("decoder", True, {"segments": "12"}, "`decoder=run`: its `segments` is None, not 12"),
        ("decoder", False, {"bidirectional": False}, "`decoder=run`: its `bidirectional` is True, not False"),
    ],
)
def test_a_part_that_differs_is_refused(what: str, reads_vectors: bool, wanted: Values, said: str) -> None:
    shape = {"hidden": 48, "segments": None, "bidirectional": True}
    refused(
        lambda: rules.refuse_part(what, "run", reads_vectors=reads_vectors, shape=shape, wanted=wanted), said
    )


@pytest.mark.parametrize("wanted", [{}, {"hidden": None}, {"hidden": "auto"}, {"hidden": 48}, {"lr": 1e-3}])
@pytest.mark.parametrize(("what", "reads_vectors"), [("encoder", False), ("decoder", True)])
def test_a_part_that_agrees_is_let_through(what: str, reads_vectors: bool, wanted: Values) -> None:
    rules.refuse_part(what, "run", reads_vectors=reads_vectors, shape={"hidden": 48}, wanted=wanted)


def test_a_link_to_a_run_is_that_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    both = settings({}, {}, {}, encoder=str(tmp_path / "run"), decoder=str(tmp_path / "link"))
    rules.refuse_with_parts(both, {}, translates=False)
