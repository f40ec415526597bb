"""All settings of one training, and how older runs spelled them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import build, to_dict
from textrae.settings.model import ModelConfig
from textrae.settings.training import TrainingConfig

_RENAMED = {"denoise": "noise_blank"}
"""Settings that older runs call by another name, with their names of today."""

_BEFORE = {"encoding_scale": 1.0}
"""Values of settings that older runs do not name yet."""

_HIERARCHICAL_BEFORE = {"closings": False, "clock": False}
"""Values of settings that older hierarchical runs do not name yet."""

_SLOTS_BEFORE = {"slot_addressing": "content", "clock": False}
"""Values of settings that older runs with slots do not name yet."""


ENCODER_SETTINGS = (
    "cell",
    "layers",
    "hidden",
    "embedding",
    "latent",
    "bidirectional",
    "reverse",
    "pooling",
    "slots",
    "slot_addressing",
    "clock",
    "scoring",
    "variational",
    "regulariser",
    "posterior_norm",
    "hierarchical",
    "segments",
    "closings",
    "places",
)
"""Settings that the encoder of a model depends on."""
DECODER_SETTINGS = (
    "cell",
    "layers",
    "hidden",
    "embedding",
    "latent",
    "slots",
    "slot_addressing",
    "clock",
    "scoring",
    "memory",
    "conditioning",
    "encoding_scale",
    "reconstruction",
    "hierarchical",
    "segments",
    "closings",
    "places",
)
"""Settings that the decoder of a model depends on."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training does, kept to resume it and to tell how a model was made."""

    model: ModelConfig
    corpus: CorpusConfig
    training: TrainingConfig
    sources: tuple[str, ...] = ()
    """Corpus files or data sets, as they were named."""
    valid: str | None = None
    """Validation file, as it was named."""
    target: tuple[str, ...] = ()
    """Target file of each source, for parallel text."""
    target_languages: tuple[str, ...] = ()
    """Language of each target, where languages are named."""
    valid_target: tuple[str, ...] = ()
    """Targets of the validation file, for several languages one of each."""
    valid_languages: tuple[str, ...] = ()
    """Language of each target of the validation file, where they are named."""
    encoder: str | None = None
    """Run whose encoder this training began with: a folder, or ``user/name@commit`` of the Hugging Face hub."""
    decoder: str | None = None
    """Run folder whose decoder this training began with."""
    vectors: str | None = None
    """File of vectors that are read instead of a text; `sources` are what is written for them."""
    valid_vectors: str | None = None
    """Vectors of the validation file."""
    teacher: str | None = None
    """File of vectors of the sources' lines, which teach what sentences mean."""

    def to_json(self) -> dict[str, Any]:
        """Convert to plain values, ready for JSON; :meth:`from_json` reads them back."""
        parts = {name: to_dict(getattr(self, name)) for name in ("model", "corpus", "training")}
        files = {"sources": list(self.sources), "valid": self.valid}
        pairs = {"target": list(self.target), "valid_target": list(self.valid_target)}
        begun = {"encoder": self.encoder, "decoder": self.decoder}
        pairs["target_languages"] = list(self.target_languages)
        pairs["valid_languages"] = list(self.valid_languages)
        given = {"vectors": self.vectors, "valid_vectors": self.valid_vectors}
        return {**parts, **files, **pairs, **begun, **given, "teacher": self.teacher}

    def with_length(self, longest: int) -> Settings:
        """Return the settings with the tokens of a sentence at most, which a corpus has decided."""
        return replace(self, corpus=replace(self.corpus, max_length=longest))

    def with_batch(self, tokens: int) -> Settings:
        """Return the settings with the tokens of a batch, which a device has decided."""
        return replace(self, training=replace(self.training, batch_tokens=tokens))

    @property
    def taught(self) -> bool:
        """Whether a corpus is read with the numbers of its lines, from which a text is taught what it means."""
        return self.teacher is not None or self.training.context or self.training.aligned

    @property
    def joint(self) -> bool:
        """Whether the encoder can read the target too, as it has the same tokens."""
        separate = self.corpus.tokenizers == "separate" or self.corpus.target_tokenizer is not None
        return bool(self.target) and not separate

    @property
    def copies(self) -> bool:
        """Whether what is written is a plain copy of what is read, which training can exercise with any text."""
        model, other = self.model, self.target or self.vectors
        return not (other or model.hierarchical or model.variational or model.regulariser != "none")

    @property
    def copying_used(self) -> float:
        """Share of batches that are exercises in copying, with the default resolved."""
        if self.training.copying is not None:
            return self.training.copying
        return 0.2 if self.copies and self.model.slots > 1 else 0.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """Build settings from plain values, which an older textrae may have written.

        Raises:
            ConfigError: a value does not fit.
            KeyError: a value is missing.
        """
        training = {"copying": 0.0} | {
            _RENAMED.get(name, name): value for name, value in values["training"].items()
        }
        valid_target = values.get("valid_target")  # an older run has one file
        slots = _SLOTS_BEFORE if values["model"].get("slots") else {}
        segments = _HIERARCHICAL_BEFORE if values["model"].get("hierarchical") else {}
        model = {**_BEFORE, **slots, **segments, **values["model"]}
        return cls(
            model=build(ModelConfig, model),
            corpus=build(CorpusConfig, values["corpus"]),
            training=build(TrainingConfig, training),
            sources=tuple(str(source) for source in values["sources"]),
            valid=values["valid"],
            target=tuple(str(target) for target in values.get("target", ())),
            target_languages=tuple(str(language) for language in values.get("target_languages", ())),
            valid_target=(valid_target,) if isinstance(valid_target, str) else tuple(valid_target or ()),
            valid_languages=tuple(str(language) for language in values.get("valid_languages", ())),
            encoder=values.get("encoder"),
            decoder=values.get("decoder"),
            vectors=values.get("vectors"),
            valid_vectors=values.get("valid_vectors"),
            teacher=values.get("teacher"),
        )
