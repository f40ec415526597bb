"""The header of a card: what the hub's own client reads back, what somebody edited, and what is no header."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import RunError
from textrae.runs.header import data_sets, languages, measured, model_index, parted, with_header

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text("abc-_", min_size=1, max_size=8), plain, max_size=5), st.text(max_size=30))
@settings(max_examples=60)
def test_what_is_written_is_read(header: dict[str, object], body: str) -> None:
    kept = {name: value for name, value in header.items() if value not in (None, "", [], {})}
    assert parted(with_header(header, body), "README.md") == (kept, body)


def test_the_hubs_client_reads_the_results() -> None:
    one = measured("translation", "test.txt", {"BLEU": ("bleu", 31.25), "nats": ("loss", 1 / 3)})
    card = ModelCard(with_header({"license": "mit", "model-index": model_index("m", [one])}, "# M\n"))
    assert card.data.license == "mit"
    found = {each.metric_type: (each.metric_value, each.dataset_name, each.task_type) for each in card.data.eval_results}  # fmt: skip
    assert found == {"bleu": (31.25, "test.txt", "translation"), "loss": (0.333333, "test.txt", "translation")}  # fmt: skip


def test_a_later_result_of_a_text_replaces_the_earlier_one() -> None:
    old, new = (measured("t", "a", {"BLEU": ("bleu", value)}) for value in (1.0, 2.0))
    other, empty = measured("t", "b", {"BLEU": ("bleu", 3.0)}), measured("t", "c", {})
    odd = {"metrics": [1], "dataset": "mine"}
    assert model_index("m", [old, other, odd, empty, new])[0]["results"] == [new, other, odd]
    assert model_index("m", [empty]) == []


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("---\na: 1\nb: [1\n---\ntext", r"README.md: line \d+: the header is no valid YAML"),
        ("---\n- a\n---\n", "the header must be fields"),
        ("---\na: !!python/object/apply:os.getcwd []\n---\n", "line 2: the header is no valid YAML"),
        ("---\na: 2024-99-99\n---\n", "no valid YAML"),
    ],
)
def test_a_header_that_is_none_is_refused_with_its_line(card: str, said: str) -> None:
    with pytest.raises(RunError, match=said):
        parted(card, "README.md")


def test_cards_without_fields() -> None:
    for card in ("", "text", "text\n---\na: 1\n---\n", "---\nopen"):
        assert parted(card, "README.md") == ({}, card)
    assert parted("---\n---\ntext", "README.md") == ({}, "text")
    assert parted("---\r\na: 1\r\n---\r\ntext", "README.md") == ({"a": 1}, "text")


def test_data_sets_and_languages_are_those_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own").touch()
    sources = ["a/b:test", "a/b", "c.txt", "data/own", "/data/x.txt", "d/e/f", "imdb"]
    assert data_sets(sources) == ["a/b"]
    assert languages(["de", "fr", "de", "german", "zh_cn", "yue"]) == ["de", "fr", "yue"]
