"""Values of JSON from a file: one a line, an array of them, or one after another over any lines."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, Literal, NamedTuple, NoReturn

from textrae.errors import CorpusError
from textrae.text.blocks import ReadCounts

LONGEST: Final = 2**24
"""Bytes of a value at most; it cannot be truncated, so a longer one is refused."""
_BATCH_VALUES: Final = 1024
_FIRST: Final = 100
"""Lines that are looked at for objects over several lines."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_OF_NUMBERS: Final = ("", *".eE+-0123456789")
_UNREADABLE: Final = "not JSON that can be read (a huge number, or nested too deep)"
_DECODER: Final = json.JSONDecoder()


class Item(NamedTuple):
    """A value of JSON."""

    value: Any
    """The value in Python; None for a blank line."""
    raw: str
    """JSON that it was read from."""
    number: int
    """Number of its line, or of the value, from 1."""


Shape = Literal["lines", "array", "values"]
"""How values stand in a file: one a line, in one array, or one after another."""


def shape_of(blocks: Iterator[bytes]) -> tuple[Shape, Iterator[bytes]]:
    """Tell how values stand in a file; return its blocks too, none of which is lost.

    Args:
        blocks: of the file; the first one holds a whole line, or 1 MiB.
    """
    seen: list[bytes] = []
    for block in blocks:
        seen.append(block)
        if start := block.lstrip(b" \t\r\n"):
            rest = chain(seen, blocks)
            if start.startswith(b"["):
                return "array", rest
            first, *more = start.split(b"\n", _FIRST)
            # No line of JSON is a bracket on its own, or begins an object that goes on below.
            apart = any(line.rstrip() == b"{" for line in more[:-1]) or (more and not _is_json(first))
            return ("values" if start.startswith(b"{") and apart else "lines"), rest
    return "lines", iter(seen)


def is_object(line: str) -> bool:
    """Tell whether a line is an object of JSON."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return False
    return True


def line_items(lines: Iterator[list[str]], name: str, first: int = 1) -> Iterator[list[Item]]:
    """Yield the value of each line.

    Args:
        lines: of JSON, in lists.
        name: the file in messages.
        first: number of the first line.

    Raises:
        CorpusError: a line is not JSON; it names the line.
    """
    for batch in lines:
        yield [_line_item(line, number, name) for number, line in enumerate(batch, first)]
        first += len(batch)


def _line_item(line: str, number: int, name: str) -> Item:
    if not line or line.isspace():
        return Item(None, "", number)
    try:
        return Item(json.loads(line), line, number)
    except json.JSONDecodeError as error:
        said = f"not JSON ({error.msg} at character {error.pos + 1})"
    except (ValueError, RecursionError):
        said = _UNREADABLE
    raise CorpusError(f"{name}: line {number}: {said}")


def stream_items(
    blocks: Iterator[bytes],
    name: str,
    errors: Literal["strict", "replace"],
    counts: ReadCounts,
    *,
    array: bool,
) -> Iterator[list[Item]]:
    """Yield the values of an array, or of a file of values; only a few are held at a time.

    Args:
        blocks: bytes of the file; those of an array begin with ``[``.
        name: the file in messages.
        errors: whether bytes that are not UTF-8 raise, or are read as U+FFFD.
        counts: updated for values that hold U+FFFD for such bytes.
        array: whether it is an array.

    Raises:
        CorpusError: it is not JSON of that kind, or a value is over 16 MiB or nested too deep; it names the line.
    """
    # A parser of events, as of ijson, reads half a character as "?" without a word, and names no line.
    text, batch, number = _Text(blocks, name, errors), list[Item](), 0
    sign = text.sign()
    if array:
        text.at += 1
        sign = text.sign()
    while sign and not (array and sign == "]"):
        number += 1
        value, raw = text.value()
        if errors == "replace" and "\ufffd" in raw:
            counts.undecodable += 1
        batch.append(Item(value, raw, number))
        if len(batch) >= _BATCH_VALUES:
            yield batch
            batch = []
        sign = text.sign()
        if array and sign == ",":
            text.at += 1
            sign = text.sign()
            if sign == "]":
                text.refuse(text.at, "not JSON (a comma before the end of the array)")
        elif array and sign != "]":
            text.refuse(text.at, f"not JSON ({sign!r} after a value)" if sign else "the array has no end")
    if array:
        if not sign:
            text.refuse(text.at, "the array has no end")
        text.at += 1
        if text.sign():
            text.refuse(text.at, "something follows the array; give one array, or one object a line")
    if batch:
        yield batch


class _Text:
    """Text of JSON that is decoded as it is needed, and forgotten as it is read.

    Args:
        blocks: bytes of the file.
        name: the file in messages.
        errors: whether bytes that are not UTF-8 raise, or are read as U+FFFD.
    """

    def __init__(self, blocks: Iterator[bytes], name: str, errors: str) -> None:
        self.at = 0
        self._held, self._ended, self._lines = "", False, 1
        self._blocks, self._name = blocks, name
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors)

    def sign(self) -> str:
        """Return the next character that is no white space, and stay before it; nothing at the end."""
        while True:
            found = _SPACE.match(self._held, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self._held) or not self._more():
                return self._held[self.at : self.at + 1]

    def value(self) -> tuple[Any, str]:
        """Read a value that begins here, and return it with its JSON."""
        while True:
            at, said = self.at, ""
            try:
                value, end = _DECODER.raw_decode(self._held, self.at)
            except json.JSONDecodeError as error:
                at, said = error.pos, f"not JSON ({error.msg})"
            except (ValueError, RecursionError):
                self.refuse(self.at, _UNREADABLE)
            long = (len(self._held) if said else end) - self.at > LONGEST
            # A number may go on where what is held ends, as in `1e`.
            if not said and not long and (self._ended or self._held[end : end + 1] not in _OF_NUMBERS):
                raw, self.at = self._held[self.at : end], end
                return value, raw
            if long:
                self.refuse(self.at, f"a value over {LONGEST >> 20} MiB, so not a table of sentences")
            # Reading on forgets what stands before the value.
            at -= self.at
            if not self._more() and said:
                self.refuse(at, said)

    def refuse(self, at: int, reason: str) -> NoReturn:
        """Raise :class:`CorpusError` that names the line of a place in what is held."""
        line = self._lines + self._held.count("\n", 0, at)
        raise CorpusError(f"{self._name}: line {line}: {reason}")

    def _more(self) -> bool:
        """Read on, at least as much as is held and not read yet; return whether there was more."""
        self._lines += self._held.count("\n", 0, self.at)
        self._held = self._held[self.at :]
        self.at = read = 0
        parts, wanted = [self._held], len(self._held)
        while not self._ended and read <= wanted:
            block = next(self._blocks, b"")
            self._ended = not block
            try:
                parts.append(self._decoder.decode(block, final=self._ended))
            except UnicodeDecodeError as error:
                line = self._lines + sum(part.count("\n") for part in parts)
                line += error.object.count(b"\n", 0, error.start)
                raise CorpusError(
                    f"{self._name}: line {line}: 0x{error.object[error.start]:02x} is not UTF-8; convert the file, as in "
                    "`iconv -f LATIN1 -t UTF-8`, or give `errors=replace`"
                ) from None
            read += len(parts[-1])
        self._held = "".join(parts)
        return read > 0
