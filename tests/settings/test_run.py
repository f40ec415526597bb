"""All settings of a training: kept as plain values, and read as older runs spelled them."""

from __future__ import annotations

import json

import pytest

from textrae import CorpusConfig, ModelConfig, TrainingConfig
from textrae.errors import ConfigError
from textrae.settings.run import Settings


def settings() -> Settings:
    """Return settings in which every field has a value of its own."""
    return Settings(
        model=ModelConfig(slots=2, languages=("de", "fr")),
        corpus=CorpusConfig(column="text"),
        training=TrainingConfig(epochs=2),
        sources=("a.txt", "b.txt"),
        valid="valid.txt",
        target=("a.de", "b.fr"),
        target_languages=("de", "fr"),
        valid_target=("valid.de",),
        valid_languages=("de",),
        encoder="encoder",
        decoder="decoder",
        vectors="vectors.npy",
        valid_vectors="valid.npy",
        teacher="teacher.npy",
    )


def test_settings_are_the_same_when_read_again() -> None:
    assert Settings.from_json(json.loads(json.dumps(settings().to_json()))) == settings()


def test_what_older_runs_do_not_name_is_absent() -> None:
    values = Settings(ModelConfig(), CorpusConfig(), TrainingConfig(), ("a.txt",)).to_json()
    for name in (
        "target",
        "target_languages",
        "valid_target",
        "valid_languages",
        "encoder",
        "decoder",
        "vectors",
        "valid_vectors",
        "teacher",
    ):
        del values[name]
    assert Settings.from_json(values).target == ()
    assert Settings.from_json(values).vectors is None


def test_an_older_hierarchical_run_keeps_its_segments() -> None:
    plain, segmented = (
        Settings(ModelConfig(hierarchical=one), CorpusConfig(), TrainingConfig(), ("a.txt",)).to_json()
        for one in (False, True)
    )
    for values in (plain, segmented):
        assert values["model"].pop("closings") is True
    assert Settings.from_json(plain).model.closings
    assert not Settings.from_json(segmented).model.closings


def test_an_older_run_has_one_file_of_validation_targets() -> None:
    values = settings().to_json()
    del values["valid_languages"]
    for older, found in (("valid.de", ("valid.de",)), (None, ())):
        read = Settings.from_json({**values, "valid_target": older})
        assert (read.valid_target, read.valid_languages) == (found, ())


def test_what_does_not_fit_is_refused() -> None:
    values = settings().to_json()
    with pytest.raises(ConfigError, match="hidden"):
        Settings.from_json({**values, "model": {"hidden": 0}})
    del values["sources"]
    with pytest.raises(KeyError):
        Settings.from_json(values)


def test_an_older_name_of_a_setting_is_read() -> None:
    values = Settings(ModelConfig(), CorpusConfig(), TrainingConfig()).to_json()
    del values["training"]["noise_blank"]
    values["training"]["denoise"] = 0.25
    assert Settings.from_json(values).training.noise_blank == 0.25


def test_slots_of_runs_that_are_older_than_their_positions_have_none() -> None:
    for slots, expected in ((4, False), (0, False)):
        values = Settings(ModelConfig(slots=slots), CorpusConfig(), TrainingConfig()).to_json()
        del values["model"]["slot_addressing"]
        assert Settings.from_json(values).model.slots_placed == expected
    assert ModelConfig(slots=4).slots_placed


def test_runs_that_are_older_than_the_scale_of_encodings_have_none() -> None:
    for latent in (64, 512):
        values = Settings(ModelConfig(slots=0, latent=latent), CorpusConfig(), TrainingConfig()).to_json()
        assert Settings.from_json(values).model.encoding_scale_used == min(1, 128 / latent)
        del values["model"]["encoding_scale"]
        assert Settings.from_json(values).model.encoding_scale_used == 1.0
