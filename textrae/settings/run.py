"""All settings of one training, and how older runs spelled them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import build, to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.training import TrainingConfig

_RENAMED = {"denoise": "noise_blank"}
"""Settings that older runs call otherwise."""

_BEFORE = {"encoding_scale": 1.0}
"""What older runs had before there was such a setting."""

_SLOTS_BEFORE = {"slot_addressing": "content"}
"""And those with slots."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training does; kept to resume it and to tell how a model was made."""

    model: ModelConfig
    corpus: CorpusConfig
    training: TrainingConfig
    sources: tuple[str, ...] = ()
    """The corpus as it was named."""
    valid: str | None = None
    """The validation file as it was named."""
    target: tuple[str, ...] = ()
    """Of parallel text: the other side of each source."""
    target_languages: tuple[str, ...] = ()
    """The language of each target, where there are several."""
    valid_target: str | None = None
    """And of the validation file."""
    encoder: str | None = None
    """The run whose encoder this one began with."""
    decoder: str | None = None
    """The run whose decoder it began with."""
    vectors: str | None = None
    """The file of vectors that are read instead of a text; `sources` are what is written for them."""
    valid_vectors: str | None = None
    """The same of the validation file."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` reads them back."""
        parts = {name: to_dict(getattr(self, name)) for name in ("model", "corpus", "training")}
        files = {"sources": list(self.sources), "valid": self.valid}
        pairs = {"target": list(self.target), "valid_target": self.valid_target}
        begun = {"encoder": self.encoder, "decoder": self.decoder}
        pairs["target_languages"] = list(self.target_languages)
        given = {"vectors": self.vectors, "valid_vectors": self.valid_vectors}
        return {**parts, **files, **pairs, **begun, **given}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """Raises :class:`ConfigError` where a value does not fit, :class:`KeyError` where one is missing."""
        training = {_RENAMED.get(name, name): value for name, value in values["training"].items()}
        slots = _SLOTS_BEFORE if values["model"].get("slots") else {}
        model = {**_BEFORE, **slots, **values["model"]}
        return cls(
            build(ModelConfig, model),
            build(CorpusConfig, values["corpus"]),
            build(TrainingConfig, training),
            tuple(str(source) for source in values["sources"]),
            values["valid"],
            tuple(str(target) for target in values.get("target", ())),
            tuple(str(language) for language in values.get("target_languages", ())),
            values.get("valid_target"),
            values.get("encoder"),
            values.get("decoder"),
            values.get("vectors"),
            values.get("valid_vectors"),
        )
