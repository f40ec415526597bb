"""The help of `textrae train`: its many switches in sections, each with the default of the setting that it sets."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from typer.core import TyperCommand

_GIVEN = {
    "target", "valid_target", "target_column", "tokenizers", "target_tokenizer", "vectors", "valid_vectors",
    "encoder", "freeze_encoder", "decoder",
}  # fmt: skip
_SECTIONS = (
    "Run and files",
    "Corpus and tokenizer",
    "Model",
    "Variational models",
    "Training",
    "Translation, vectors and trained parts",
    "Series of numbers",
)


class Sectioned(TyperCommand):
    """A command that trains, whose help is in sections."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each section with what it has."""
        written: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{name: [] for name in _SECTIONS}}
        sections, defaults = _settings()
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            if param.param_type_name == "argument":
                written["Arguments"].append(record)
                continue
            switch, said = record
            default = _said(param, defaults.get(str(param.name), []))
            written[sections.get(str(param.name), _SECTIONS[0])].append(
                (switch, f"{said}  [default: {default}]" if default else said)
            )
        for title, records in written.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _settings() -> tuple[dict[str, str], dict[str, list[Any]]]:
    """The section of each switch, and the defaults of its setting: of text and, where it is another, of series."""
    from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.model import ModelConfig
    from textrae.settings.rules import VARIATIONAL
    from textrae.settings.training import TrainingConfig

    text = {"Corpus and tokenizer": CorpusConfig, "Model": ModelConfig, "Training": TrainingConfig}
    series = (SeriesConfig, SeriesFormat, SeriesTraining)
    sections, defaults = {"model": "Model", "series": "Series of numbers"}, {}
    for title, cls in text.items():
        for field in fields(cls):
            sections[field.name], defaults[field.name] = title, [field.default]
    sections |= {"seed": "Training", "corpus_format": sections["format"]}
    defaults["corpus_format"] = defaults["format"]
    sections |= dict.fromkeys((*VARIATIONAL, "variational", "posterior_norm"), "Variational models")
    sections |= dict.fromkeys(("regulariser", "regulariser_weight"), "Variational models")
    sections |= dict.fromkeys(_GIVEN, "Translation, vectors and trained parts")
    del defaults["vectors"]  # the setting is how many numbers they have, the switch a file
    for field in (field for cls in series for field in fields(cls)):
        sections.setdefault(field.name, "Series of numbers")
        known = defaults.setdefault(field.name, [])
        if field.default not in known:
            known.append(field.default)
    return sections, defaults


def _said(param: Any, values: list[Any]) -> str:
    """The defaults of a switch as its help tells them."""
    told = [_value(param, value) for value in values if value is not None]
    return ", with --series ".join(told)


def _value(param: Any, value: Any) -> str:
    if isinstance(value, bool):
        return str((param.opts if value else param.secondary_opts)[0]).removeprefix("--")
    return f"{value:g}" if isinstance(value, float) else str(value)
