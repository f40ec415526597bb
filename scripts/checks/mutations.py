"""Damage and forge files: bytes, JSON, safetensors, NumPy files, SentencePiece models, and what lies in a file's place."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from messages import of_message

Mutation = tuple[str, bytes]
"""What was done, and the content that came of it."""

DEEP = b"[" * 100_000
RAW = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 5_000, b"-0", b"00", b"0x10", b'"\\ud800"', b'"\xff"', b"null",
    b"true", b"", b"[", b"{", b'{"a":' * 5_000, DEEP, b"/* */", b"1_000", b"'single'",
)  # fmt: skip
"""Texts in the place of a value of JSON."""
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 64, 255, 1_000, 2**15, 2**16, 65_535, 2**31 - 1, 2**31, 2**40, 2**63, 2**64, -(2**70), 10**400,
    0.5, -0.5, 1e-320, 1e308, 1.0, 2.0, "", " ", "a", "0", "1", "auto", "none", "cpu", "cuda:7", "gru", "lstm", "rnn", "x" * 100_000,
    "\x00", "a\nb\x1b[31mred", "../../escaped", "/etc/hostname", "s3://nowhere/x", "~", "猫🐱", [], {}, [[]], [None], [1] * 1_000,
    ["a"] * 1_000, {"a": {"b": 1}}, ["../escaped"],
)  # fmt: skip
"""Values in the place of a value of JSON."""


TYPES = ("F64", "F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "F8_E4M3", "C64", "F4", "Q9", "", "f32")
"""Types of arrays of a safetensors file, some of which are none."""
METADATA: tuple[Any, ...] = (
    {}, {"textrae": ""}, {"textrae": "[" * 50_000}, {"textrae": "{}"}, {"a": "b" * 10**6}, {"textrae": 5},
)  # fmt: skip
"""Metadata of a safetensors file."""


class _Evil:
    """An object whose pickle calls the shell when it is read."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch '{self.canary}'",)


def payloads(canary: Path) -> dict[str, bytes]:
    """Return files that create `canary` when they are unpickled or loaded as code, by what they are."""
    evil, whole = _Evil(canary), io.BytesIO()
    torch.save({"weight": evil}, whole)
    array, several = io.BytesIO(), io.BytesIO()
    np.save(array, np.array([evil], dtype=object), allow_pickle=True)
    np.savez(several, vectors=np.array([evil], dtype=object))
    code = f"__import__('os').system({f'touch {canary}'!r})"
    return {
        "a pickle": pickle.dumps(evil),
        "a file of torch.save": whole.getvalue(),
        "an array of objects": array.getvalue(),
        "an archive of arrays of objects": several.getvalue(),
        "a program": code.encode(),
        "YAML that names a function": f"---\nx: !!python/object/apply:os.system ['touch {canary}']\n---\n".encode(),
        "JSON that names a class": json.dumps({"__class__": "os.system", "py/reduce": [code]}).encode(),
    }


def of_bytes(draw: random.Random, content: bytes) -> Mutation:
    """Damage bytes."""
    size = len(content)
    at, to = sorted((draw.randrange(size + 1), draw.randrange(size + 1)))
    way = draw.randrange(10)
    if way <= 2 and size:
        changed = bytearray(content)
        count = draw.choice((1, 1, 1, 3, 30, max(1, size // 100)))
        near = draw.choice((size, size, min(size, 400)))  # headers lie at the start
        for _ in range(count):
            changed[draw.randrange(near)] ^= 1 << draw.randrange(8)
        return f"{count} bits", bytes(changed)
    if way == 3:
        return f"cut off at {at}", content[:at]
    if way == 4:
        more = draw.choice((b"\0", b"\n", b"x" * 5_000, draw.randbytes(100), content))
        return f"{len(more)} bytes more", content + more
    if way == 5:
        return f"zeros from {at} to {to}", content[:at] + bytes(to - at) + content[to:]
    if way == 6:
        return f"noise from {at} to {to}", content[:at] + draw.randbytes(to - at) + content[to:]
    if way == 7:
        return f"without {at} to {to}", content[:at] + content[to:]
    if way == 8:
        return "begins later", content[at:]
    return draw.choice((("empty", b""), ("noise", draw.randbytes(size)), ("zeros", bytes(size))))


def of_json(draw: random.Random, content: bytes) -> Mutation:
    """Change one value of JSON; of lines of JSON one of one line."""
    lines = content.split(b"\n") if content.count(b"}\n{") else [content]
    at = draw.randrange(len(lines))
    try:
        values = json.loads(lines[at])
    except ValueError:
        return of_bytes(draw, content)
    what, lines[at] = _changed_json(draw, values)
    mark = draw.random()
    joined = b"\n".join(lines)
    if mark < 0.02:
        return f"{what}, and UTF-16", joined.decode("utf-8", "replace").encode("utf-16")
    return (f"{what}, and a mark", b"\xef\xbb\xbf" + joined) if mark < 0.04 else (what, joined)


def _changed_json(draw: random.Random, values: Any) -> Mutation:
    places = list(_places(values))
    if not places:
        return "another value", json.dumps(draw.choice(ODD)).encode()
    parent, key = draw.choice(places)
    what, way = f"{key!r:.40}", draw.randrange(8)
    if way == 0 and isinstance(parent, dict):
        del parent[key]
        return f"without {what}", json.dumps(values).encode()
    if way == 1 and isinstance(parent, dict):
        parent[draw.choice((f"{key}x", "unknown", "", "__class__", "a\nb", "\x1b[31m"))] = parent.pop(key)
        return f"{what} renamed", json.dumps(values).encode()
    if way == 2 and isinstance(parent, dict):  # twice the same name
        other = json.dumps({key: draw.choice(ODD)})[1:-1]
        return f"{what} twice", json.dumps(values).replace("{", "{" + other + ",", 1).encode()
    if way == 3:
        parent[key], mark = "@@", draw.choice(RAW)
        return f"{what} = {mark[:20]!r}", json.dumps(values).encode().replace(b'"@@"', mark)
    if way == 4:
        other_parent, other = draw.choice(places)
        parent[key], other_parent[other] = other_parent[other], parent[key]
        with_circle = json.dumps(values, default=str, check_circular=True) if _flat(values) else "{}"
        return f"{what} and {other!r:.40} changed places", with_circle.encode()
    if way == 5 and isinstance(parent[key], int) and not isinstance(parent[key], bool):
        parent[key] = draw.choice(
            (parent[key] + 1, parent[key] - 1, -parent[key], parent[key] * 1_000, parent[key] << 20)
        )
        return f"{what} = {parent[key]}", json.dumps(values).encode()
    odd = draw.choice(ODD)
    parent[key] = odd
    return f"{what} = {repr(odd)[:30]}", json.dumps(values).encode()


def _flat(values: Any) -> bool:
    """Return whether values hold no circle."""
    try:
        json.dumps(values)
    except (ValueError, RecursionError):
        return False
    return True


def _places(values: Any) -> Any:
    """Yield each place in values of JSON: what holds it, and its key or number."""
    keys = (
        list(values)
        if isinstance(values, dict)
        else range(min(len(values), 20))
        if isinstance(values, list)
        else ()
    )
    for key in keys:
        yield values, key
        yield from _places(values[key])


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header and the numbers of a safetensors file.

    Raises:
        ValueError: it is none.
    """
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size]) if size < len(content) else None
    if not isinstance(header, dict):
        raise ValueError("no safetensors file")
    return header, content[8 + size :]


def joined(header: Any, numbers: bytes) -> bytes:
    """Return a safetensors file of a header, as values or bytes, and numbers."""
    said = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(said)) + said + numbers


def of_safetensors(draw: random.Random, content: bytes) -> Mutation:
    """Forge a safetensors file: its length, header, types, shapes, places, names, or numbers."""
    try:
        header, numbers = parts(content)
    except ValueError:
        return of_bytes(draw, content)
    names = [name for name in header if name != "__metadata__"]
    way = draw.randrange(9)
    if way == 0:
        size = draw.choice((0, 1, 7, 2**31, 2**32, 2**63, 2**64 - 1, len(content), len(content) - 8))
        return f"header of {size} bytes", struct.pack("<Q", size) + content[8:]
    if way == 1:
        what, said = _changed_json(draw, header)
        return f"header: {what}", joined(said, numbers)
    if way == 2:
        header["__metadata__"] = draw.choice(METADATA)
        return "other metadata", joined(header, numbers)
    if not names:
        return of_bytes(draw, content)
    name = draw.choice(names)
    if way <= 6:
        return _forged_entry(draw, header, name, numbers)
    begin, end = header[name]["data_offsets"]
    if way == 7:
        value = draw.choice((float("nan"), float("inf"), -float("inf"), 3e38, 1e-45, 0.0))
        what, some = f"all {value}", struct.pack("<f", value) * ((end - begin) // 4)
    else:
        what, some = of_bytes(draw, numbers[begin:end])
    some = some[: end - begin].ljust(end - begin, b"\0")
    return f"{name[:30]}: {what}", joined(header, numbers[:begin] + some + numbers[end:])


def _forged_entry(draw: random.Random, header: dict[str, Any], name: str, numbers: bytes) -> Mutation:
    """Give one array another type, shape or place, or its name to two."""
    entry, short = header[name], name[:30]
    shape, (begin, end) = list(entry["shape"]), entry["data_offsets"]
    way = draw.randrange(4)
    if way == 0:
        entry["dtype"] = draw.choice(TYPES)
        return f"{short} of {entry['dtype']}", joined(header, numbers)
    if way == 1:
        large = [[2**63], [2**32, 2**32], [2**40, 0], [*shape, 2**20], [1] * 300]
        entry["shape"] = draw.choice([*large, [], [0], [-1, *shape], [*shape, 1], shape[::-1], [1, *shape]])
        return f"{short} of shape {str(entry['shape'])[:40]}", joined(header, numbers)
    if way == 2:
        other = header[draw.choice([one for one in header if one != "__metadata__"])]["data_offsets"]
        odd = [[0, 0], [end, begin], [begin, 2**63], [begin + 4, end + 4], [0, len(numbers)], [-4, 4]]
        entry["data_offsets"] = draw.choice([*odd, other])
        return f"{short} at {entry['data_offsets']}", joined(header, numbers)
    said = json.dumps({name: entry})[1:-1].encode()
    return f"{short} twice", joined(b"{" + said + b"," + json.dumps(header).encode()[1:], numbers)


def of_npy(draw: random.Random, content: bytes) -> Mutation:
    """Forge the header of a NumPy file, or damage it."""
    if content[:6] != b"\x93NUMPY" or draw.random() < 0.4:
        return of_bytes(draw, content)
    size = int.from_bytes(content[8:10], "little")
    numbers = content[10 + size :]
    descr = draw.choice(
        (
            "<f4",
            "<f8",
            "<f2",
            "|O",
            "<c8",
            "<M8[s]",
            "|S4",
            "<U4",
            "|V4",
            "|b1",
            "|i1",
            "|u1",
            ">f4",
            "<f99",
            "<q8",
        )
    )
    shape: Any = draw.choice(
        (
            "(2, 4)",
            "()",
            "(0,)",
            "(-1, 4)",
            f"({2**62},)",
            f"({2**31}, {2**31})",
            "(1, 1, 1)",
            "(2, 'a')",
            "__import__('os')",
            "(" * 3_000,
        )
    )
    said = draw.choice((
        f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 4), }}", f"{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}, }}",
        f"{{'descr': [('a', '{descr}'), ('b', '|O')], 'fortran_order': False, 'shape': (2,), }}", "{}", "", "(" * 5_000, "{" * 5_000,
        "{'descr': '<f4'}", "__import__('os').system('touch escaped')",
    ))  # fmt: skip
    version = draw.choice((b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"))
    length = struct.pack("<H" if version[0] == 1 else "<I", len(said))
    return f"header {said[:60]}", b"\x93NUMPY" + version + length + said.encode() + numbers


def of_model(draw: random.Random, content: bytes) -> Mutation:
    """Forge a SentencePiece model."""
    return of_message(draw, content) or of_bytes(draw, content)


HELD = (".json", ".model", ".npy", ".parquet", ".safetensors")
"""Endings of files that are held or mapped whole, where others are read as they come, however long they are."""


def put_in_place(draw: random.Random, path: Path) -> str:
    """Replace a file by something that is none, or by far more than it was; return by what."""
    content = path.read_bytes()
    path.unlink()
    way = draw.randrange(10)
    if way == 0:
        path.mkdir()
        return "a folder"
    if way == 1:
        os.mkfifo(path)
        return "a pipe"
    if way == 2:
        path.symlink_to(path.name)
        return "a link to itself"
    if way in (3, 4, 5):
        target = draw.choice(
            (
                "/dev/zero",
                "/dev/full",
                "/etc/hostname",
                "/proc/self/mem",
                "/nowhere/at/all",
                "/proc/self/fd",
                "..",
            )
        )
        path.symlink_to(target)
        return f"a link to {target}"
    if way == 6:
        path.write_bytes(content)
        path.chmod(0)
        return "a file that may not be read"
    if way == 7:
        return "nothing"
    path.write_bytes(content)
    size = draw.choice((1 << 31, 1 << 36, 1 << 42)) if path.suffix in HELD else 1 << 27
    os.truncate(path, size)
    if path.suffix == ".safetensors" and way == 9:
        with path.open("r+b") as stream:
            count = (size - 1_032) // 4
            entry = {"weight": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}
            stream.write(joined(json.dumps(entry).ljust(1_024).encode(), b""))
            os.truncate(path, 1_032 + 4 * count)
    return f"the file with zeros up to {size:,} bytes"


BY_ENDING: dict[str, Callable[[random.Random, bytes], Mutation]] = {
    ".json": of_json,
    ".jsonl": of_json,
    ".safetensors": of_safetensors,
    ".npy": of_npy,
    ".model": of_model,
}
"""What forges a file of each ending."""


def of_file(draw: random.Random, path: Path, canary: Path) -> str:
    """Damage, forge or replace a file; return what was done."""
    way = draw.random()
    if way < 0.08:
        return put_in_place(draw, path)
    if way < 0.16:
        what, content = draw.choice(sorted(payloads(canary).items()))
    elif way < 0.4:
        what, content = of_bytes(draw, path.read_bytes())
    else:
        what, content = BY_ENDING.get(path.suffix, of_bytes)(draw, path.read_bytes())
    path.write_bytes(content)
    return what
