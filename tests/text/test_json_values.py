"""Values of JSON: one a line, an array of them, or one after another, whatever the blocks are cut at."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.errors import CorpusError
from textrae.text.blocks import ReadCounts
from textrae.text.json_values import LONGEST, line_items, shape_of, stream_items

VALUES = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=6,
)


def cut(blob: bytes, size: int) -> Iterator[bytes]:
    return (blob[at : at + size] for at in range(0, len(blob), size))


def stream(blob: bytes, size: int = 7, array: bool = True, errors: str = "strict") -> list[object]:
    counts = ReadCounts()
    items = stream_items(cut(blob, size), "a.json", errors, counts, array=array)  # type: ignore[arg-type]
    return [item.value for batch in items for item in batch]


@given(values=VALUES, size=st.integers(1, 40), indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
@settings(max_examples=150, deadline=None)
def test_arrays_are_read_in_any_blocks(
    values: list[object], size: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    try:
        blob = f" {text}\n".encode()
    except UnicodeEncodeError:
        return
    assert stream(blob, size) == values
    apart = "\n".join(json.dumps(value, indent=indent) for value in values).encode()
    assert stream(apart, size, array=False) == values


@pytest.mark.parametrize(
    ("blob", "said"),
    [
        (b'["a",\n "b"', "line 2: the array has no end"),
        (b'["a",\n "b', "line 2: not JSON"),
        (b'["a",\n]', "line 2: not JSON (a comma before the end of the array)"),
        (b'["a"\n"b"]', "line 2: not JSON ('\"' after a value)"),
        (b'["a"]\n["b"]', "line 2: something follows the array"),
        (b'["a", \nx]', "line 2: not JSON (Expecting value)"),
        (b'["a",\n"\xff"]', "line 2: 0xff is not UTF-8"),
        (b"[" * 100_000, "line 1: not JSON that can be read"),
        (b"[" + b"9" * 5_000 + b"]", "line 1: not JSON that can be read"),
        (b'["' + b"x" * (LONGEST + 2_000_000) + b'"]', "line 1: a value over 16 MiB"),
        (b"[", "line 1: the array has no end"),
        (b'[\n1,\n\n{"a" 1}\n\n]\n\n', "line 4: not JSON (Expecting ':' delimiter)"),
    ],
)
def test_what_is_no_array_is_refused_with_its_line(blob: bytes, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        stream(blob, 1 << 20)
    assert str(caught.value).startswith(f"a.json: {said}")


def test_little_is_held() -> None:
    """One value at a time is read from an array of 64 MiB, a value of which may have 16."""
    asked = 0

    def blocks() -> Iterator[bytes]:
        nonlocal asked
        yield b"["
        for _ in range(64):
            asked += 1
            yield b'"' + b"x" * (1 << 20) + b'",'
        yield b'"end"]'

    batches = stream_items(blocks(), "a", "strict", ReadCounts(), array=True)
    assert sum(len(batch) for batch in batches) == 65
    assert stream(b"[]") == stream(b" [ ] \n") == []
    assert stream(b'["a\xff"]', errors="replace") == ["a\ufffd"]


def test_the_shape_is_told() -> None:
    shapes = {
        b'["a"]': "array",
        b"\n \n[": "array",
        b'{"a": 1}\n{"a": 2}\n': "lines",
        b'{\n "a": 1\n}\n': "values",
        b'{}\n{\n "a": 1\n}\n': "values",
        b'{"a":\n 1}\n': "values",
        b'{"a": ': "lines",
        b'"a"\n"b"\n': "lines",
        b"": "lines",
    }
    for blob, shape in shapes.items():
        found, blocks = shape_of(iter([blob[:1], blob[1:]] if blob[:1] == b"\n" else [blob]))
        assert (found, b"".join(blocks)) == (shape, blob)
    items = [item for batch in line_items(iter([["1", ""], ["{}"]]), "a") for item in batch]
    assert [(item.value, item.raw, item.number) for item in items] == [
        (1, "1", 1),
        (None, "", 2),
        ({}, "{}", 3),
    ]
