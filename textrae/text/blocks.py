"""From bytes to lines: a file's blocks, decompressed, checked for foreign encodings, split at newlines, decoded."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal, cast

from textrae.errors import CorpusError
from textrae.text.kept import Kept
from textrae.text.sources import Source

MAX_LINE: Final = 2**20
"""Bytes of a line that are kept (characters of a table's field); the rest is skipped, and the line counted."""
_BLOCK: Final = 2**20
_SNIFFED: Final = 4_096
"""Bytes of a file's beginning that tell binary data from text."""

_FOREIGN: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32 text; convert it with `iconv -f UTF-32 -t UTF-8`"),
    (codecs.BOM_UTF32_BE, "UTF-32 text; convert it with `iconv -f UTF-32 -t UTF-8`"),
    (codecs.BOM_UTF16_LE, "UTF-16 text; convert it with `iconv -f UTF-16 -t UTF-8`"),
    (codecs.BOM_UTF16_BE, "UTF-16 text; convert it with `iconv -f UTF-16 -t UTF-8`"),
    (b"\x1f\x8b", "gzip data under a name without .gz; rename it, or decompress it with gunzip"),
    (
        b"PK\x03\x04",
        "a zip archive; unpack it and give the files inside (save a .docx, .odt or .xlsx as text or CSV)",
    ),
    (b"%PDF-", "a PDF; give its text, as `pdftotext` writes it"),
    (b"\x89PNG\r\n", "a picture; give a file of sentences"),
    (b"\xff\xd8\xff", "a picture; give a file of sentences"),
    (b"GIF8", "a picture; give a file of sentences"),
    (b"\x7fELF", "a program; give a file of sentences"),
    (b"\x93NUMPY", "an array of NumPy; give a file of sentences"),
    (b"\xfd7zXZ\x00", "xz data; decompress it with unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd data; decompress it with unzstd"),
    (b"BZh91AY&SY", "bzip2 data; decompress it with bunzip2"),
    (b"ARROW1", "an Arrow file; write it as parquet"),
    (b"SQLite format 3\x00", "an SQLite data base; export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "a file of an older spreadsheet or word processor; save it as CSV or text"),
    (b"PAR1", "a parquet file; let its name end in .parquet, or give `format=parquet`"),
)
"""First bytes of files that are not UTF-8 text. UTF-32 stands first, as its mark begins with that of UTF-16."""


@dataclass
class ReadCounts:
    """Counts of what has been read so far."""

    lines: int = 0
    """Number of lines or rows, blank ones included."""
    blank: int = 0
    """Number of lines without a visible character."""
    cut: int = 0
    """Number of lines over 1 MiB, of which only the beginning was read."""
    undecodable: int = 0
    """Number of lines with bytes that are not UTF-8, read as U+FFFD."""
    missing: int = 0
    """Number of rows of tables that have no value in the column; they are blank ones."""
    tables: list[str] = field(default_factory=list)
    """Part of each source that is read, such as ``column "text" (delimiter ;)``; empty for lines of text."""
    ends: list[int] = field(default_factory=list)
    """Number of lines up to the end of each source that was read to its end."""
    kept: Kept | None = None
    """Takes further columns of the rows that are read, if any are asked for."""

    def tell(self, what: str) -> None:
        """Note what is read of the latest source."""
        self.tables[-1:] = [what]


def read_blocks(source: Source) -> Iterator[bytes]:
    """Yield the bytes of a source's stream, or else of its file, decompressed, in blocks of at most 1 MiB.

    Args:
        source: a single file, or standard input.

    Raises:
        CorpusError: the file cannot be read or decompressed, or is of another encoding or kind.
    """
    name, started = source.name, False
    try:
        with ExitStack() as stack:
            raw = source.stream if source.stream is not None else stack.enter_context(source.open())
            # GzipFile is a binary stream in all but its declared type.
            file = (
                cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=raw))) if source.gzipped else raw
            )
            # Of a pipe, read what is there: its writer may wait for the answer to a line.
            read = getattr(file, "read1", file.read) if source.waits else file.read
            head = read(_BLOCK)
            while b"\n" not in head and len(head) < _BLOCK and (more := read(_BLOCK)):
                head += more
            if head:
                yield _checked_head(head, name)
            started = True
            while block := read(_BLOCK):
                yield block
    except gzip.BadGzipFile as error:
        if started or "Not a gzipped" not in str(error):
            raise CorpusError(f"{name}: damaged gzip data ({error}); fetch the file again") from None
        raise CorpusError(f"{name}: not gzip data, though its name ends in .gz; rename it") from None
    except EOFError:
        raise CorpusError(f"{name}: its gzip data ends too early; fetch the file again") from None
    except zlib.error as error:
        raise CorpusError(f"{name}: damaged gzip data ({error}); fetch the file again") from None
    except OSError as error:
        raise source.unreadable(error) from None
    except CorpusError:
        raise
    except Exception as error:
        if source.system is None:
            raise
        raise source.unreadable(error) from None  # a driver's error may be of any kind


def _checked_head(head: bytes, name: str) -> bytes:
    """Return the first block without a UTF-8 mark.

    Raises:
        CorpusError: it is visibly not lines of UTF-8.
    """
    for mark, what in _FOREIGN:
        if head.startswith(mark):
            raise CorpusError(f"{name}: {what}")
    # Latin text of two bytes a character is half NUL; UTF-8 text may hold a few NULs.
    if len(head) >= 32 and (nuls := head.count(0)) * 4 > len(head):
        kind = "UTF-32" if nuls * 5 > len(head) * 3 else "UTF-16"
        order = "LE" if head[0] else "BE"
        raise CorpusError(f"{name}: {kind} text; convert it with `iconv -f {kind}{order} -t UTF-8`")
    if _is_binary(head[:_SNIFFED]):
        raise CorpusError(f"{name}: no text, but binary data; give a file of sentences in UTF-8")
    if b"\n" not in head and b"\r" in head[:-1]:
        raise CorpusError(f"{name}: has old Mac line ends (CR alone); convert it with `tr '\\r' '\\n'`")
    return head.removeprefix(codecs.BOM_UTF8)


def _is_binary(some: bytes) -> bool:
    """Return whether the first bytes of a file are no text in any usual encoding: not UTF-8, with many control characters."""
    controls = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in some)
    if len(some) < 32 or controls * 20 <= len(some):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(some)  # whose last character may be cut
    except UnicodeDecodeError:
        return True
    return False


def decoded_lines(
    blocks: Iterator[bytes],
    name: str,
    errors: Literal["strict", "replace"],
    counts: ReadCounts,
    *,
    refuse_over: int | None = None,
    before: int = 0,
) -> Iterator[list[str]]:
    """Yield the lines of `blocks` without their ends (LF or CRLF), about a list for each block.

    Args:
        blocks: of one file.
        name: the file in messages.
        errors: whether bytes that are not UTF-8 raise, or are read as U+FFFD and counted.
        counts: updated for lines over 1 MiB, which are truncated, and for undecodable ones.
        refuse_over: bytes of a line above which it raises instead of being truncated.
        before: lines of the file before the first block, for messages.

    Raises:
        CorpusError: bytes are not UTF-8 while `errors` is strict, or a line is too long; it names the line.
    """
    number = before
    for ready in _whole_lines(blocks, name, counts, refuse_over, before + 1):
        lines = _decoded(ready, name, number, errors, counts)
        number += len(lines)
        yield lines


def _whole_lines(
    blocks: Iterator[bytes], name: str, counts: ReadCounts, refuse_over: int | None, number: int
) -> Iterator[bytes]:
    """Yield byte strings of one or more whole lines, without the last newline, of at most about the limit and a block."""
    limit = refuse_over or MAX_LINE
    carry = b""
    skipping = False
    for block in blocks:
        if skipping:
            _, newline, block = block.partition(b"\n")
            skipping = not newline
            if skipping:
                continue
        end = block.rfind(b"\n")
        if end < 0:
            carry += block
        else:
            ready, carry = carry + block[:end], block[end + 1 :]
            first = ready.find(b"\n")
            # Only the first line can be long: the others lie within a block.
            if (first if first >= 0 else len(ready)) > limit:
                _count_long(name, number, counts, refuse_over)
                ready = _cut(ready, limit) + (ready[first:] if first >= 0 else b"")
            number += ready.count(b"\n") + 1
            yield ready
        if len(carry) > limit:
            _count_long(name, number, counts, refuse_over)
            number += 1
            yield _cut(carry, limit)
            carry, skipping = b"", True
    if carry:
        yield carry


def _count_long(name: str, number: int, counts: ReadCounts, refuse_over: int | None) -> None:
    if refuse_over is not None:
        raise CorpusError(f"{name}: line {number}: over {refuse_over >> 20} MiB, so not a table of sentences")
    counts.cut += 1


def _cut(line: bytes, limit: int) -> bytes:
    """Return the first `limit` bytes of a line, or a few less so as to end between two characters."""
    end = limit
    while end > limit - 4 and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end]


def _decoded(
    ready: bytes, name: str, number: int, errors: Literal["strict", "replace"], counts: ReadCounts
) -> list[str]:
    try:
        text = ready.decode()
    except UnicodeDecodeError as error:
        if errors == "strict":
            line = number + ready.count(b"\n", 0, error.start) + 1
            offset = error.start - ready.rfind(b"\n", 0, error.start)
            raise CorpusError(
                f"{name}: line {line}, byte {offset}: 0x{ready[error.start]:02x} is not UTF-8; convert the file, "
                "as in `iconv -f LATIN1 -t UTF-8`, or give `errors=replace`"
            ) from None
        text = ready.decode(errors="replace")
        counts.undecodable += sum(not _is_utf8(line) for line in ready.split(b"\n"))
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    return text.split("\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
