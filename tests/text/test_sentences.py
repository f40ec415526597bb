"""Running text to sentences: what is joined, what is split, and that nothing is lost."""

from __future__ import annotations

import re
import textwrap
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import ConfigError
from textrae.text import sentences
from textrae.text.sentences import SplitCounts, split_sentences

SENTENCES = [
    "It was late when Mr. Smith came home.",
    'He said "Stop." and then he left the house, as he had done so often before.',
    "Nobody knew why!",
    "Was it the rain, the wind, or something that they had never spoken of?",
    "She waited by the window for an hour... and then for another one.",
]


def split(text: str, language: str = "en", **options: bool) -> list[str]:
    return list(split_sentences(text.split("\n"), language, **options))


@pytest.mark.parametrize("width", [30, 45, 72, 120])
@pytest.mark.parametrize("indent", ["", "    "])
def test_hard_wrapped_paragraphs_become_sentences(width: int, indent: str) -> None:
    first, second = (
        textwrap.fill(" ".join(part), width, subsequent_indent=indent)
        for part in (SENTENCES[:3], SENTENCES[3:])
    )
    text = f"\n\n{first}\n\n \n\n{second}\n"
    counts = SplitCounts()
    found = list(split_sentences(text.split("\n"), "en", counts))
    assert found == [*SENTENCES[:3], "", *SENTENCES[3:]]
    assert (counts.paragraphs, counts.sentences, counts.cut) == (2, 5, 0)
    assert counts.joined == first.count("\n") + second.count("\n")
    assert split("\n".join(found)) == found


def test_lines_that_are_not_wrapped_stay_apart() -> None:
    lines = ["Contents", "A rather long title of the first chapter", "Index", "Letters to a friend", "End"]
    assert split("\n".join(lines)) == lines
    paragraphs = [" ".join(SENTENCES), SENTENCES[0], " ".join(SENTENCES[1:]), "The end"]
    assert split("\n".join(paragraphs)) == [*SENTENCES, SENTENCES[0], *SENTENCES[1:], "The end"]


def test_a_line_that_is_set_in_begins_a_paragraph() -> None:
    text = "\n".join(
        textwrap.fill(" ".join(part), 40, initial_indent="  ") for part in (SENTENCES[:2], SENTENCES[2:])
    )
    assert split(text) == [*SENTENCES[:2], "", *SENTENCES[2:]]


def test_scripts_without_spaces_are_joined_without_one() -> None:
    assert split("我们今天下午在图书馆看\n书，他说：“好的！\n”然后他走了。", "zh") == [
        "我们今天下午在图书馆看书，他说：“好的！”",
        "然后他走了。",
    ]
    assert split("私は昨日東京駅で友\n達に会いました。", "ja") == ["私は昨日東京駅で友達に会いました。"]
    assert split("วันนี้เราไปตลาดและ\nซื้อผลไม้", "th") == ["วันนี้เราไปตลาดและซื้อผลไม้"]
    assert split("나는 어제 서울역에서\n친구를 만났다.", "ko") == ["나는 어제 서울역에서 친구를 만났다."]
    assert split("我们今天在用\nGoogle 搜索。", "zh") == ["我们今天在用 Google 搜索。"]


@pytest.mark.parametrize(
    ("text", "kept", "dropped"),
    [
        ("a good exam-\nple of it", "a good exam-ple of it", "a good example of it"),
        ("a well-\nknown thing", "a well-known thing", "a wellknown thing"),
        ("the North-\nSouth line", "the North-South line", None),
        ("the years 1914-\n1918 were", "the years 1914-1918 were", None),
        ("Haus-\nund Hoftür", "Haus- und Hoftür", None),
        ("they came--\nand went", "they came--and went", None),
        ("they came—\nand went", "they came—and went", None),
        ("they came -\nand went", "they came - and went", None),
        ("they came –\nand went", "they came – and went", None),
        ("a good exam\u00ad\nple of it", "a good exam\u00adple of it", "a good example of it"),
    ],
)
def test_hyphens_at_line_ends(text: str, kept: str, dropped: str | None) -> None:
    """A plain text does not tell a divided word from a compound: a hyphen stays unless it is asked to go."""
    assert split(text) == [kept]
    assert split(text, drop_hyphens=True) == [dropped or kept]


def test_the_language_tells_abbreviations() -> None:
    assert split("Er kam z. B. gestern. Dann ging er.", "de") == ["Er kam z. B. gestern.", "Dann ging er."]
    for wrong in ("english", "", "e", "EN", "en_US", "../x"):
        with pytest.raises(ConfigError, match="no code of a language"):
            split_sentences([], wrong)


def unspaced(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(
            st.sampled_from("aB .!?…\"”“)»«。！」“，'1é猫\u200d\u3000\u2028\u00a0\x0c\r\t-—\u00adข"),
            max_size=40,
        ),
        max_size=12,
    ),
    st.sampled_from(["en", "de", "zh", "xx"]),
)
def test_nothing_is_lost_but_white_space(lines: list[str], language: str) -> None:
    counts = SplitCounts()
    found = list(split_sentences(iter(lines), language, counts))
    assert unspaced("".join(found)) == unspaced("".join(lines))
    assert all(one == one.strip() for one in found)
    assert counts.sentences == len([one for one in found if one])
    assert counts.paragraphs == (found.count("") + 1 if found else 0)
    assert "" not in (found[:1], found[-1:])


def test_a_text_without_ends_is_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "_HELD", 50)
    monkeypatch.setattr(sentences, "_LONGEST", 120)
    for text in ("word " * 100, "x" * 500):
        counts = SplitCounts()
        found = list(split_sentences([text], "en", counts))
        assert unspaced("".join(found)) == unspaced(text)
        assert 2 <= counts.cut == len(found) - 1
        assert max(map(len, found)) <= 220
    few = list(split_sentences(textwrap.wrap(" ".join(SENTENCES * 5), 60), "en"))
    assert few == SENTENCES * 5  # where a text is read in parts does not matter


def test_memory_is_that_of_a_part() -> None:
    lines = (line for _ in range(2_000) for line in textwrap.wrap(" ".join(SENTENCES), 70))
    tracemalloc.start()
    try:
        assert sum(1 for _ in split_sentences(lines)) == 10_000  # of one paragraph
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
