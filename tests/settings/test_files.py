"""Settings from untyped values and TOML files: unknown keys and values out of range are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from textrae import CorpusConfig, ModelConfig, TrainingConfig
from textrae.errors import ConfigError
from textrae.settings.files import build, merged, read_toml, to_dict


@pytest.mark.parametrize(
    "config", [ModelConfig(layers=2), CorpusConfig(column="x"), TrainingConfig(epochs=1.5)]
)
def test_round_trip(config: ModelConfig | CorpusConfig | TrainingConfig) -> None:
    assert build(type(config), to_dict(config)) == config


@pytest.mark.parametrize(
    ("cls", "values", "said"),
    [
        (ModelConfig, {"hiden": 3}, "`hiden`: no such setting"),
        (ModelConfig, {"hidden": 0}, "`hidden`: .*greater than 0"),
        (ModelConfig, {"cell": "transformer"}, "`cell`: .*'rnn', 'lstm'"),
        (TrainingConfig, {"minutes": 1, "steps": 2}, "`minutes` and `steps` are each a budget"),
        (TrainingConfig, {"word_dropout": 1.5}, "word_dropout"),
        (TrainingConfig, {"epochs": float("inf")}, "`epochs`: .*10000000 .given: inf"),
        (TrainingConfig, {"seed": 2**65}, "seed"),
        (CorpusConfig, {"vocab_size": 70_000}, "vocab_size"),
    ],
)
def test_what_is_wrong_is_named(cls: type, values: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build(cls, values)
    assert "\n" not in str(caught.value)


def test_toml(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("hidden = 32\n[training]\nbatch-tokens = 100\nlr = 1e-3\n")
    assert read_toml(file) == {"hidden": 32, "batch_tokens": 100, "lr": 1e-3}
    file.write_text("hidden = 32\n[model]\nhidden = 3\n")
    with pytest.raises(ConfigError, match="set twice"):
        read_toml(file)
    file.write_text("batch_tokens = 200\n[training]\nbatch-tokens = 100\n")
    with pytest.raises(ConfigError, match="batch-tokens is set twice"):
        read_toml(file)
    file.write_text("hidden = = 3")
    with pytest.raises(ConfigError, match="not a TOML file"):
        read_toml(file)
    with pytest.raises(ConfigError, match="existing TOML"):
        read_toml(tmp_path / "none.toml")


def test_a_file_of_settings_has_a_size(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("#" * (1 << 20) + "\n")
    with pytest.raises(ConfigError, match="over 1 MiB"):
        read_toml(file)
    file.write_text("a = " + "[" * 50_000)
    with pytest.raises(ConfigError, match="not a TOML file"):
        read_toml(file)


def test_a_budget_that_is_given_replaces_the_stored_one() -> None:
    stored = {"minutes": 5, "hidden": 32, "lr": 1e-3}
    assert merged(stored, {"steps": 10, "lr": 2e-3}) == {"hidden": 32, "steps": 10, "lr": 2e-3}
    assert merged(stored, {"hidden": 64}) == {"minutes": 5, "hidden": 64, "lr": 1e-3}


def test_tuples_are_lists_as_plain_values() -> None:
    assert to_dict(ModelConfig(languages=("de", "fr")))["languages"] == ["de", "fr"]
