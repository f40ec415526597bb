"""The help of `textrae train`."""

from __future__ import annotations

import re

import pytest
from support import textrae
from textrae_cli.app import app
from typer.main import get_command

from textrae.series.settings import SeriesConfig
from textrae.settings.model import ModelConfig


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """What each section says, on one line."""
    shown = textrae("train", "--help").stdout.decode()
    parts = re.split(r"^(\w[^\n]*):\n", shown, flags=re.MULTILINE)[1:]
    return {title: " ".join(said.split()) for title, said in zip(parts[::2], parts[1::2], strict=True)}


def test_every_switch_is_in_one_section(sections: dict[str, str]) -> None:
    said = " ".join(sections.values())
    params = get_command(app).commands["train"].params  # type: ignore[attr-defined]
    for switch in (option for param in params for option in param.opts if option.startswith("--")):
        assert len(re.findall(rf"(?:^|-o, | ){switch} (?=<|/|[A-Z])", said)) == 1, switch


@pytest.mark.parametrize(
    ("switch", "section"),
    [
        ("--out", "Run and files"),
        ("--vocab-size", "Corpus and tokenizer"),
        ("--corpus-format", "Corpus and tokenizer"),
        ("--model", "Model"),
        ("--beta", "Variational models"),
        ("--seed", "Training"),
        ("--freeze-encoder", "Translation, vectors and trained parts"),
        ("--series", "Series of numbers"),
        ("--batch-size", "Series of numbers"),
    ],
)
def test_switches_are_where_one_looks_for_them(sections: dict[str, str], switch: str, section: str) -> None:
    assert f"{switch} " in sections[section]


def test_defaults_are_those_of_the_settings(sections: dict[str, str]) -> None:
    text, series = ModelConfig().hidden, SeriesConfig().hidden
    assert f"Units of a layer. [default: {text}, with --series {series}]" in sections["Model"]
    assert f"[default: {ModelConfig().latent}]" in sections["Model"]
    assert "Read both ways. [default: bidirectional]" in sections["Model"]
    assert "which is written. --valid-vectors" in sections["Translation, vectors and trained parts"]
