"""Objects of JSON: the column that is read, rows without it, and later rows that would have changed the choice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from text.reading import read_path

from textrae.errors import CorpusError
from textrae.text.blocks import ReadCounts


def put(folder: Path, *values: Any, name: str = "a.jsonl") -> str:
    path = folder / name
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in values))
    return str(path)


def said(path: str, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        read_path(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_text_is_found_wherever_it_first_occurs(tmp_path: Path) -> None:
    counts = ReadCounts()
    rows = [{"id": "r"}, {"id": "r", "text": None}, {"id": "r", "text": "a"}, {"id": "r"}, {"text": "b"}]
    assert read_path(put(tmp_path, *rows), counts=counts) == ["", "", "a", "", "b"]
    assert (counts.lines, counts.blank, counts.missing, counts.tables) == (5, 3, 3, ['column "text"'])
    late = [{"id": "r"}] * 999 + [{"text": "a"}]
    assert read_path(put(tmp_path, *late)) == [""] * 999 + ["a"]
    # Later than that, `id` has been read: it is said, and not mixed.
    assert 'line 1200: has "text" too' in said(put(tmp_path, *[{"id": "r"}] * 1199, {"text": "a"}))
    counts = ReadCounts()
    named = put(tmp_path, *[{"id": "r"}] * 5000, {"text": "a"}, {})
    assert read_path(named, column="text", counts=counts) == [""] * 5000 + ["a", ""]
    assert (counts.missing, counts.blank) == (5001, 5001)
    assert "no column 'txet'; it has 'id', 'text'" in said(named, column="txet")
    assert read_path(put(tmp_path, "", {"text": "a"}, "null", '"b"')) == ["", "a", "", "b"]


def test_the_only_column_with_text_must_stay_it(tmp_path: Path) -> None:
    assert read_path(put(tmp_path, {"title": "a", "n": 1}, {"title": "b"})) == ["a", "b"]
    assert "it has 'title', 'body'" in said(put(tmp_path, {"title": "a"}, {"title": "b", "body": "c"}))
    assert "it has 'id', 'm[].content'" in said(put(tmp_path, {"id": "a", "m": [{"content": "b"}]}))
    assert "it has 'id', 't.en'" in said(put(tmp_path, {"id": "a", "t": {"en": "b"}}))
    assert "it has 'version', 'data[]'" in said(put(tmp_path, {"version": "1", "data": ["a", "b"]}))
    later = [{"title": "a"}] * 1000
    assert 'line 1001: has "body" too' in said(put(tmp_path, *later, {"body": "b"}))
    assert 'line 1001: has "o.body" too' in said(put(tmp_path, *later, {"o": {"body": "b"}}))
    assert 'line 1001: has "TEXT" too' in said(put(tmp_path, *[{"Text": "a"}] * 1000, {"TEXT": "b"}))
    assert read_path(put(tmp_path, *[{"sentence": "a"}] * 1000, {"body": "b", "sentence": "c"}))[-1] == "c"
    many = [{f"k{n}": 1} for n in range(20_000)]
    assert "name the column" in said(
        put(tmp_path, {"title": "a"}, dict(pair for one in many for pair in one.items()))
    )
    assert 'column "text" holds no text' in said(put(tmp_path, {"text": None, "title": "a"}))
    assert read_path(put(tmp_path, {"Text": "a"}, {"Text": "b"})) == ["a", "b"]
    assert "'Text', ' text' could each" in said(put(tmp_path, {"Text": "a", " text": "b"}))


def test_nested_columns(tmp_path: Path) -> None:
    path = put(tmp_path, {"t": {"en": "a", "de": "b"}}, {"t": {"de": "c"}}, {"t": None}, {})
    assert read_path(path, column="t.de") == ["b", "c", "", ""]
    assert read_path(path, column="t.en") == ["a", "", "", ""]
    assert 'column "t" holds no text; name one that does' in said(path, column="t")
    assert "no column 't.fr'" in said(path, column="t.fr")
    assert "name the column" in said(path)
    assert read_path(put(tmp_path, {"t.en": "x", "t": {"en": "a"}}), column="t.en") == ["x"]
    assert read_path(put(tmp_path, {"a.b": {"c": "x"}}), column="a.b.c") == ["x"]
    assert 'line 2: "t" is no object here' in said(
        put(tmp_path, {"t": {"en": "a"}}, {"t": "b"}), column="t.en"
    )
    assert "rename one" in said(put(tmp_path, {"a": {"b.c": "x"}, "a.b": {"c": "y"}}), column="a.b.c")


def test_values_that_are_no_text(tmp_path: Path) -> None:
    for value, kind in ((5, "a number"), (True, "true or false"), ([1], "a list"), ({"a": 1}, "an object")):
        assert f"line 2: {kind} where text was expected" in said(
            put(tmp_path, {"text": "a"}, {"text": value})
        )
    assert "columns have names only" in said(put(tmp_path, {"a": "b", "c": "d"}), column="2").replace(
        "its ", ""
    )
    assert "line 2: no column 'a', as it is no object" in said(put(tmp_path, {"a": "b"}, '"c"'), column="a")
    assert "line 1: no column 'a', as it is no object" in said(put(tmp_path, '"c"', {"a": "b"}), column="a")


def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    assert 'line 1: has "text" twice' in said(put(tmp_path, '{"text": "a", "text": "b"}'))
    assert 'line 1: has "é" twice' in said(put(tmp_path, '{"é": "a", "\\u00e9": "b"}'), column="é")
    assert read_path(put(tmp_path, '{"text": "a \\"text\\" b", "n": {"text": 1}}')) == ['a "text" b']


def test_a_name_that_changes_on_the_way(tmp_path: Path) -> None:
    assert 'line 2: has "Text" where others have "text"' in said(put(tmp_path, {"text": "a"}, {"Text": "b"}))
    assert 'line 1: has "Text" where others have "text"' in said(put(tmp_path, {"Text": "a"}, {"text": "b"}))
    assert read_path(put(tmp_path, {"text": "a", "Text": "b"}, {"text": "c"})) == ["a", "c"]


def test_strings_and_arrays_say_what_they_are(tmp_path: Path) -> None:
    counts = ReadCounts()
    assert read_path(put(tmp_path, '["a", null, "b"]', name="a.json"), counts=counts) == ["a", "", "b"]
    assert read_path(put(tmp_path, '[{"text": "a"}, {}]', name="b.json"), counts=counts) == ["a", ""]
    assert read_path(put(tmp_path, '"a"'), counts=counts) == ["a"]
    assert counts.tables == ["strings (a JSON array)", 'column "text" (a JSON array)', "strings"]
    assert "row 2: a number" in said(put(tmp_path, '["a", 2]', name="a.json"))
    assert "row 2: an escape is half" in said(put(tmp_path, '["a", "\\ud800"]', name="a.json"))
