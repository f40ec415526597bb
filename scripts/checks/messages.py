"""Forge SentencePiece models, which are messages of protobuf."""

from __future__ import annotations

import random
import struct


def fields(message: bytes) -> list[tuple[int, int, bytes]]:
    """Return the fields of a protobuf message, as in a SentencePiece model: number, wire type, and bytes.

    Raises:
        ValueError: it is none.
    """
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            if at >= len(message) or shift > 63:
                raise ValueError("no message")
            byte = message[at]
            value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
            if byte < 128:
                return value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        begin = at
        if kind == 0:
            varint()
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size = varint()
            begin, at = at, at + size
        else:
            raise ValueError("no message")
        if at > len(message):
            raise ValueError("no message")
        found.append((number, kind, message[begin:at]))
    return found


def message_of(found: list[tuple[int, int, bytes]]) -> bytes:
    """Return the protobuf message of some fields."""
    return b"".join(
        _varint(number * 8 + kind) + (_varint(len(value)) if kind == 2 else b"") + value
        for number, kind, value in found
    )


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def of_message(draw: random.Random, content: bytes, deep: int = 2) -> tuple[str, bytes] | None:
    """Forge a message: a field left out, doubled, moved, or with another value; return None if it is none."""
    try:
        found = fields(content)
    except ValueError:
        return None
    if not found:
        return "a new field", message_of([(draw.randrange(1, 50), 2, draw.randbytes(5))])
    at, way = (
        draw.choice((0, draw.randrange(len(found)), len(found) - 1, max(0, len(found) - 2))),
        draw.randrange(7),
    )
    number, kind, value = found[at]
    if way == 0:
        del found[at]
        return f"without field {number}", message_of(found)
    if way == 1:
        found[at:at] = [found[at]] * draw.choice((1, 2, 1_000))
        return f"field {number} again", message_of(found)
    if way == 2:
        draw.shuffle(found)
        return "fields shuffled", message_of(found)
    if kind == 2 and deep and way < 6:
        what, inner = of_message(draw, value, deep - 1) or ("noise", draw.randbytes(len(value)))
        found[at] = (number, kind, inner)
        return f"field {number}: {what}", message_of(found)
    if kind == 0:
        found[at] = (
            number,
            kind,
            _varint(draw.choice((0, 1, 2, 3, 6, 100, 2**31 - 1, 2**31, 2**63, 2**64 - 1))),
        )
    elif kind == 5:
        found[at] = (number, kind, struct.pack("<f", draw.choice((float("nan"), float("inf"), -1e38, 0.0))))
    else:
        found[at] = (
            number,
            kind,
            draw.choice(
                (b"", b"\0", b"a", "▁".encode(), b"\xff\xfe", draw.randbytes(300), b"x" * 10**6, b"\x80" * 20)
            ),
        )
    return f"field {number} = {found[at][2][:12]!r}", message_of(found)
