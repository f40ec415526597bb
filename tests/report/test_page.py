"""The page is whole, loads nothing, and shows every text as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from textrae.pictures.canvas import Canvas, Words
from textrae.report.blocks import Changed, Code, Drawn, Listed, Rebuilt, Report, Said, Section, Table
from textrae.report.page import page

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&`<b>`"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "polyline", "rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect",):
            assert self.open.pop() == tag


def report(text: str) -> Report:
    wide = Canvas(900, 50, text, [Words(0, 10, text)])
    return Report(
        text,
        text,
        [
            Section(text, [Said(text), Code(text), Drawn("map", wide, text)]),
            Section("2", [Table([text, text], [[text, text]]), Table([], [[text, text]])]),
            Section(
                "3",
                [Rebuilt([Changed(text, [(text, f"x {text}"), ("", text)])]), Listed([text], ordered=True)],
            ),
        ],
    )


@given(st.text(max_size=30) | st.just(EVIL))
def test_no_text_is_markup(text: str) -> None:
    made = page(report(text), text)
    tags = Tags()
    tags.feed(made)
    assert tags.open == []
    assert not tags.seen & {"script", "img", "b", "iframe", "object", "link"}
    assert not {name for name in tags.attributes if name.startswith("on")} | tags.attributes & {
        "src",
        "srcset",
    }
    assert not re.search(r"url\(|@import|https?://", made.replace(text, ""))
    made.encode()


def test_differences_are_marked_and_what_came_back_to_the_letter_is_told() -> None:
    rows = [Changed("a red ball", [("", "a blue ball")]), Changed("same", [("run", "same")])]
    made = page(Report("t", "l", [Section("s", [Rebuilt(rows)])]), "f")
    assert "a <del>red</del><ins>blue</ins> ball" in made
    assert '<span class="who">run</span><span class="same">✓ to the letter</span>' in made


def test_pictures_stand_side_by_side_and_a_wide_one_is_moved_sideways() -> None:
    drawn = [Drawn("a", Canvas(420, 10, "small"), "`code`"), Drawn("b", Canvas(900, 10, "wide"), "c")]
    made = page(Report("t", "l", [Section("s", [*drawn, Said("x"), drawn[0]])]), "f")
    assert made.count('<div class="pictures">') == 2
    assert made.count('<div class="scroll" tabindex="0"><svg style="min-width:900px;') == 1
    assert "<figcaption><code>code</code></figcaption>" in made
    assert "prefers-color-scheme:dark" in made
    assert "default-src 'none'" in made
