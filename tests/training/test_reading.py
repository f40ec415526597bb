"""What a training reads: what files decide, what is made of them, and what is told of text that is hard to learn."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, TEXT, sentences

from textrae import TrainingConfig
from textrae.errors import ConfigError
from textrae.settings.run import Settings
from textrae.training.reading import prepared, settled, unknown


@pytest.fixture
def settings(corpus: Path) -> Settings:
    return Settings(SMALL, TEXT, TrainingConfig(), (str(corpus),))


def test_files_decide_on_languages_and_on_the_dimensions_of_vectors(
    settings: Settings, tmp_path: Path
) -> None:
    assert settled(settings) == (settings, (None, None))
    several = replace(settings, target=("a", "b", "c"), target_languages=("de", "fr", "de"))
    assert settled(several)[0].model.languages == ("de", "fr")
    np.save(tmp_path / "v.npy", np.ones((3, 7), dtype=np.float32))
    found, (table, valid) = settled(replace(settings, vectors=str(tmp_path / "v.npy")))
    assert found.model.vectors == 7
    assert table is not None
    assert valid is None
    with pytest.raises(ConfigError, match="vectors of 7 dimensions, not 8"):
        settled(replace(settings, model=replace(SMALL, vectors=8), vectors=str(tmp_path / "v.npy")))


def test_a_text_pairs_or_vectors_become_token_rows(settings: Settings, tmp_path: Path) -> None:
    plain = prepared(settings, (None, None), tmp_path / "plain", print)
    assert plain.targets is None
    assert plain.stats.train_rows == 1_080
    pairs = prepared(replace(settings, target=settings.sources), (None, None), tmp_path / "pairs", print)
    assert pairs.targets is not None
    assert pairs.stats.target_tokens == pairs.stats.train_tokens
    np.save(tmp_path / "v.npy", np.ones((len(sentences()), 7), dtype=np.float32))
    given, tables = settled(replace(settings, vectors=str(tmp_path / "v.npy")))
    assert prepared(given, tables, tmp_path / "given", print).stats.vectors


def test_text_that_a_tokenizer_does_not_know_is_told(settings: Settings, run: Path, tmp_path: Path) -> None:
    strange = tmp_path / "zh.txt"
    strange.write_text("".join(f"房子的{word}是第{n}号\n" for n in range(20) for word in "门墙顶"))
    model = str(run / "tokenizer.model")
    for corpus, tokenizer, told in (
        (strange, model, True), (settings.sources[0], model, False), (strange, None, False)
    ):  # fmt: skip
        text = replace(TEXT, tokenizer=tokenizer, vocab_size=5_000)
        other = replace(settings, sources=(str(corpus),), corpus=text)
        made = prepared(other, (None, None), tmp_path / f"{told} {tokenizer is None}", print)
        said = [line for line in unknown(other, made) if "single bytes" in line]
        assert len(said) == told
        assert not told or said[0].split("%")[0] > "80"


def test_a_hard_wrapped_book_is_told(settings: Settings, tmp_path: Path) -> None:
    lines = sentences()
    for width, told in ((60, True), (10_000, False)):
        text = tmp_path / f"{width}.txt"
        paragraphs = (" ".join(lines[start : start + 8]) for start in range(0, 800, 8))
        text.write_text("\n\n".join(textwrap.fill(paragraph, width) for paragraph in paragraphs))
        notes: list[str] = []
        prepared(
            replace(settings, sources=(str(text),)), (None, None), tmp_path / f"cache{width}", notes.append
        )
        assert any("hard-wrapped lines" in line and "`textrae split`" in line for line in notes) == told
