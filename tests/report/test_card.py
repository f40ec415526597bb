"""The best of a report in a model card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from textrae.errors import RunError
from textrae.pictures.canvas import Canvas
from textrae.report.blocks import Changed, Drawn, Listed, Rebuilt, Report, Said, Section, Table
from textrae.report.card import add_to_card, as_text
from textrae.runs.header import measured, model_index, parted, with_header

REPORT = Report(
    "t",
    "A sentence autoencoder.",
    [
        Section("What it is", [Said("left out")]),
        Section(
            "Quality", [Table(["tokens", "BLEU"], [["1-5", "a|b <i>"]]), Drawn("q", Canvas(1, 1, "q"), "c")]
        ),
        Section("Rebuilt", [Rebuilt([Changed("```a", [("", "b")]), Changed("same", [("", "same")])])]),
        Section("Samples", [Said("Drawn."), Listed(["one", "x" * 400])]),
    ],
)


def test_tables_and_sentences_are_markdown_that_no_text_breaks() -> None:
    assert as_text(REPORT).splitlines() == [
        "## Measured", "", "A sentence autoencoder.", "",
        "### Quality", "", "| tokens | BLEU |", "| --- | ---: |", r"| 1-5 | a\|b \<i\> |", "",
        "### Rebuilt", "", "````text", "```a", "  → b", "same", "````", "",
        "### Samples", "", "Drawn.", "", "```text", "one", "x" * 299 + "…", "```",
    ]  # fmt: skip


def test_it_is_written_into_the_card_once(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("# A run\n\nText.\n")
    add_to_card(tmp_path, REPORT)
    once = card.read_text()
    assert once.startswith("# A run\n\nText.\n\n<!-- textrae report -->\n## Measured\n")
    add_to_card(tmp_path, REPORT)
    assert card.read_text() == once


def test_a_missing_or_huge_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="missing"):
        add_to_card(tmp_path, REPORT)
    (tmp_path / "README.md").write_bytes(b"x" * (2 << 20))
    with pytest.raises(RunError, match="more than 1 MB"):
        add_to_card(tmp_path, REPORT)


def test_what_was_measured_on_a_file_joins_the_results_of_the_header(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    earlier = measured("translation", "other.txt", {"BLEU": ("bleu", 1.0)})
    fields = {"license": "mit", "pipeline_tag": "translation", "model-index": model_index("mine", [earlier])}
    card.write_text(with_header(fields, "Text.\n"))
    overall = {"bleu": 12.5, "chrf": 30.0, "ter": None, "exact": 0.5}
    report = replace(
        REPORT, figures={"file": {"name": "test.txt"}, "runs": [{"quality": {"overall": overall}}]}
    )
    for _ in range(2):
        add_to_card(tmp_path, report)
    header, body = parted(card.read_text(), card)
    assert body.startswith("Text.\n\n<!-- textrae report -->\n## Measured\n")
    assert header["license"] == "mit"
    (index,) = header["model-index"]
    assert index["name"] == "mine"
    assert index["results"][0] == earlier
    assert {one["type"]: one["value"] for one in index["results"][1]["metrics"]} == {
        "bleu": 12.5, "chrf": 30.0, "exact_match": 0.5
    }  # fmt: skip
    assert len(index["results"]) == 2
    card.write_text("---\na: [\n---\n")
    with pytest.raises(RunError, match=r"README\.md: line 2: the header is no valid YAML"):
        add_to_card(tmp_path, report)
