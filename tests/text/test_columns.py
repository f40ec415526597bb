"""Which column holds the sentences: by name, near-miss, number or path; two that could be meant are refused."""

from __future__ import annotations

import pytest

from textrae.errors import CorpusError
from textrae.text.columns import Column, choose_column, could_choose, is_near, listing, refuse_repeats


def table(*names: str, text: bool = True) -> list[Column]:
    return [Column(name, text, place) for place, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "wanted", "place", "said"),
    [
        (["id", "text"], None, 1, 'column "text"'),
        (["sentence", "text"], None, 1, 'column "text"'),
        (["id", "sentence"], None, 1, 'column "sentence"'),
        (["title"], None, 0, 'column "title"'),
        (["Id", "Text"], None, 1, 'column "Text" (taken for "text")'),
        (["id", " text"], None, 1, 'column " text" (taken for "text")'),
        (["text", "Text"], None, 0, 'column "text"'),
        (["Sentence", "sentence"], None, 1, 'column "sentence"'),
        (["id", "SENTENCE\ufeff"], None, 1, 'column "SENTENCE\\ufeff" (taken for "sentence")'),
        (["text", "label", "text"], "3", 2, 'column "text" (number 3)'),
        (["a", "3", "c"], "3", 1, 'column "3"'),
        (["id", "Title"], "title ", 1, 'column "Title" (taken for "title ")'),
        (["a.b", "text"], "a.b", 0, 'column "a.b"'),
        (["x\ny"], None, 0, 'column "x\\ny"'),
    ],
)
def test_a_column_is_chosen(names: list[str], wanted: str | None, place: int, said: str) -> None:
    choice = choose_column(table(*names), wanted, "t.csv")
    assert (choice.column.place, choice.said()) == (place, said)
    assert could_choose(names, wanted) or names in (["title"], ["x\ny"])


@pytest.mark.parametrize(
    ("names", "wanted", "said"),
    [
        (["text", "label", "text"], None, "columns 1 and 3 have the name \"text\"; choose one by its number, as in `column=3`"),
        (["a", "b", "b", "b"], "b", 'columns 2, 3 and 4 have the name "b"'),
        (["Text", " text"], None, "'Text', ' text' could each be meant"),
        (["Text", "sentence"], None, "'Text', 'sentence' could each be meant"),
        (["Title", "TITLE"], "title", "no column 'title'; several are near it: 'Title', 'TITLE'"),
        (["a", "b"], None, "name the column of the sentences, as `column`; it has 'a', 'b'"),
        (["a", "b"], "c", "no column 'c'; it has 'a', 'b'"),
        (["a", "b"], "0", "no column 0; columns are numbered from 1, and it has 2"),
        (["a", "b"], "3", "no column 3; columns are numbered from 1"),
        (["a", "b"], "-1", "no column -1; columns are numbered from 1"),
        (["a", "b"], "9" * 5000, "no column 99999999999999999999999999999…; columns are numbered from 1"),
        (["a", "b"], "२", "no column '२'"),
        (["a", "b"], "", "no column ''"),
    ],
)  # fmt: skip
def test_what_is_not_there_or_there_twice_is_refused(names: list[str], wanted: str | None, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        choose_column(table(*names), wanted, "t.csv")
    assert str(caught.value).startswith("t.csv: ")
    assert said in str(caught.value)


def test_columns_without_text_are_not_read() -> None:
    with pytest.raises(CorpusError, match='column "n" holds no text'):
        choose_column([Column("n", False, 0), Column("title", True, 1)], "n", "t")
    assert choose_column([Column("n", False, 0), Column("title", True, 1)], None, "t").column.place == 1
    for name in ("text", "Text"):  # another one is not read in its place
        with pytest.raises(CorpusError, match=f'column "{name}" holds no text'):
            choose_column([Column(name, False, 0), Column("title", True, 1)], None, "t")


def test_parts_of_nested_columns() -> None:
    nested = [
        Column("translation.en", True, 0, ("en",)),
        Column("translation.de", True, 0, ("de",)),
        Column("id", True, 1),
    ]
    assert choose_column(nested, "translation.en", "t").column.path == ("en",)
    assert (
        choose_column([*nested, Column("translation.en", True, 2)], "translation.en", "t").column.place == 2
    )
    assert choose_column(nested, "2", "t").column.name == "id"
    with pytest.raises(
        CorpusError, match=r"column 1 is nested; name a part of it: 'translation.en', 'translation.de'"
    ):
        choose_column(nested, "1", "t")
    for others in (nested[:1], nested, [Column("tags[]", True, 0, ("[]",), in_list=True), nested[2]]):
        with pytest.raises(CorpusError, match="name the column"):
            choose_column(others, None, "t")
    with pytest.raises(CorpusError, match="lies in lists"):
        choose_column([Column("tags[]", True, 0, ("[]",), in_list=True)], "tags[]", "t")


def test_names_are_listed_shortly() -> None:
    assert listing(table(*map(str, range(15)))).endswith("'11' and 3 more")
    assert listing(["x" * 50]) == f"'{'x' * 29}…'"
    assert listing([]) == "none"
    assert is_near(" Text")
    assert not is_near("texts")
    with pytest.raises(CorpusError, match='has "a" twice'):
        refuse_repeats(["a", "b", "a"], "x")
    refuse_repeats(["a", "b"], "x")
