"""The folder of an index: NumPy files, the text, and `index.json`, which says what belongs together.

The files of one making have a name of their own, and `index.json` appears last. So a crash leaves the index that was there,
or none, and who reads the old one while a new one takes its place keeps it. Nothing is a pickle, and nothing is executed.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from textrae.errors import SearchError, cannot_write
from textrae.inference.vectors import STORAGE
from textrae.runs.draft import Draft, is_alive, is_leftover
from textrae.runs.files import write_atomically
from textrae.search.store import KEPT, Store
from textrae.text.npy import open_npy
from textrae.version import __version__

FORMAT = 2
"""Number of the folder's layout; a newer textrae writes a larger one."""
INDEX = "index.json"
"""The file that makes a folder an index."""
GRAPH = "graph"
"""Part that an approximate search goes by, which may be missing."""
_ENDINGS = {
    "vectors": ".npy",
    "steps": ".npy",
    "errors": ".npy",
    "ends": ".npy",
    "rows": ".npy",
    "starts": ".npy",
    "text": ".txt",
    GRAPH: ".usearch",
}
_NAME = re.compile(rf"({'|'.join(_ENDINGS)})\.[0-9a-f]{{16}}\.(npy|txt|usearch)")
_MARK = re.compile(r"[0-9a-f]{16}")
_LARGEST = 1 << 16
"""Bytes of `index.json` at most."""
_BLOCK = 1 << 22
"""Bytes written at once."""
_PAGES, _PAGE = 64, 4_096
"""Pages of a file that its digest is made from, and their bytes."""
_AGAIN = "make it again with `textrae index`"
_GIVE = "give the folder that `textrae index -o` wrote"


def is_index(path: Path) -> bool:
    """Return whether a path is a folder, as an index is; files of sentences are none."""
    return path.is_dir()


def claim_index(path: Path, overwrite: bool) -> None:
    """Reject a place that an index may not be written to.

    Raises:
        SearchError: a file is there, other files than an index's, or an index and `overwrite` is not set.
    """
    if path.exists() and not path.is_dir():
        raise SearchError(f"{path}: is a file; give a folder for the index")
    try:
        names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    except OSError as error:
        raise SearchError(cannot_write(path, error)) from None
    foreign = [
        name for name in names if name != INDEX and not _NAME.fullmatch(name) and not is_leftover(name)
    ]
    if foreign:
        raise SearchError(
            f"{path}: holds files that are no index's ({min(foreign)}); give an empty or a new folder"
        )
    if INDEX in names and not overwrite:
        raise SearchError(f"{path}: holds an index already; choose another folder, or give `overwrite=True`")


def save_store(path: Path, store: Store, run: str, *, overwrite: bool, graph: bytes | None = None) -> None:
    """Write an index whole or not at all.

    Args:
        path: folder to write.
        store: what it holds.
        run: fingerprint of the run that made the vectors.
        overwrite: whether an index there may be replaced.
        graph: what an approximate search goes by.

    Raises:
        SearchError: as :func:`claim_index`, or the disk refuses.
    """
    claim_index(path, overwrite)
    mark, made, drafts = secrets.token_hex(8), not path.is_dir(), list[Draft]()
    parts = [name for name in _ENDINGS if name != GRAPH or graph is not None]
    try:
        path.mkdir(parents=True, exist_ok=True)
        digests = {}
        for part in parts:
            drafts.append(Draft(path / _file(part, mark)))
            for block in _blocks(part, store, graph):
                drafts[-1].stream.write(block)
            digests[part] = _digest(drafts[-1])
        for draft in drafts:
            draft.publish(durable=True)
        facts = {"format": FORMAT, "textrae": __version__, "run": run, "lines": store.lines, "mark": mark}
        shape = {
            "sentences": len(store.vectors),
            "dimensions": store.vectors.shape[1],
            "rows": len(store.rows),
        }
        storage = {"storage": str(store.vectors.dtype), "digests": digests}
        write_atomically(path / INDEX, json.dumps({**facts, **shape, **storage}, indent=1).encode())
    except BaseException as error:
        for draft in drafts:
            with suppress(OSError):
                draft.path.unlink(missing_ok=True)
        if made:
            with suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            raise SearchError(cannot_write(path, error)) from None
        raise
    finally:
        for draft in drafts:
            draft.discard()
    _tidy(path, mark)


def _tidy(path: Path, mark: str) -> None:
    """Remove the files of other makings, and what killed processes left of theirs."""
    for entry in path.iterdir():
        old = _NAME.fullmatch(entry.name) and f".{mark}." not in entry.name
        number = entry.name.rpartition(".")[0].rpartition(".")[2]
        left = is_leftover(entry.name) and number.isdecimal() and not is_alive(int(number))
        if old or left:
            with suppress(OSError):
                entry.unlink()


def open_store(path: Path, run: str) -> Store:
    """Map the files of an index, trusting nothing in them; little is read before it is used.

    Args:
        path: folder of the index.
        run: fingerprint of the run that it is to be of.

    Raises:
        SearchError: it is missing, foreign, damaged, of a newer textrae, or another run made it.
    """
    facts = _facts(path)
    if facts["run"] != run:
        raise SearchError(
            f"{path}: was made by another run (fingerprint {facts['run']}, not {run}); give that run, or {_AGAIN}"
        )
    count, width, mark = facts["sentences"], facts["dimensions"], facts["mark"]
    wanted = {
        "vectors": ((count, width), STORAGE[facts["storage"]]),
        "steps": ((count, width), "|i1"),
        "errors": ((count,), "<f4"),
        "ends": ((count,), "<u8"),
        "rows": ((facts["rows"],), "<u8"),
        "starts": ((count + 1,), "<u8"),
    }
    arrays: dict[str, NDArray[Any]] = {}
    for part, (shape, dtype) in wanted.items():
        file = _checked(path / _file(part, mark), facts["digests"].get(part))
        try:
            arrays[part] = open_npy(file)
        except (OSError, ValueError) as error:
            raise SearchError(f"{file}: damaged ({error}); {_AGAIN}") from None
        if arrays[part].shape != shape or arrays[part].dtype != np.dtype(dtype):
            raise SearchError(f"{file}: does not fit {INDEX}; {_AGAIN}")
    file = _checked(path / _file("text", mark), facts["digests"].get("text"))
    try:
        arrays["text"] = np.memmap(file, np.uint8, "r")
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise SearchError(f"{file}: damaged ({error}); {_AGAIN}") from None
    return Store(**arrays, lines=facts["lines"])


def graph_of(path: Path) -> Path:
    """Return the file of an index that an approximate search goes by.

    Raises:
        SearchError: the index has none, or it is damaged.
    """
    facts = _facts(path)
    if GRAPH not in facts["digests"]:
        raise SearchError(
            f"{path}: has no graph for `approximate`; make it again with `textrae index --approximate`"
        )
    return _checked(path / _file(GRAPH, facts["mark"]), facts["digests"][GRAPH])


def _facts(path: Path) -> dict[str, Any]:
    """Read `index.json`, and check that its values are of the right types."""
    file = path / INDEX
    try:
        if not path.is_dir():
            raise SearchError(f"{path}: no such index; {_GIVE}")
        if not file.is_file():
            raise SearchError(f"{path}: not an index (it has no {INDEX}); {_GIVE}")
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
        facts = json.loads(raw) if len(raw) <= _LARGEST else None
    except OSError as error:
        raise SearchError(
            f"{file}: cannot be read ({error.strerror or error}); check its permissions"
        ) from None
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise SearchError(f"{file}: damaged (not a JSON object of sensible size); {_AGAIN}")
    number = facts.get("format")
    if type(number) is int and number > FORMAT:
        raise SearchError(
            f"{file}: format {number} is newer than {FORMAT}, which this textrae {__version__} reads; upgrade textrae"
        )
    if type(number) is int and 0 < number < FORMAT:
        raise SearchError(f"{file}: format {number} is of an older textrae; {_AGAIN}")
    counts = [facts.get(name) for name in ("sentences", "dimensions", "rows", "lines")]
    strings = [facts.get("run"), facts.get("mark")]
    right = number == FORMAT and all(type(one) is int and 0 < one < 2**48 for one in counts)
    right &= all(isinstance(one, str) and _MARK.fullmatch(one) is not None for one in strings)
    digests = facts.get("digests")
    if not right or facts.get("storage") not in KEPT or not isinstance(digests, dict):
        raise SearchError(f"{file}: damaged or edited; {_AGAIN}")
    return facts


def _file(part: str, mark: str) -> str:
    return f"{part}.{mark}{_ENDINGS[part]}"


def _blocks(part: str, store: Store, graph: bytes | None) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    if part == GRAPH:
        assert graph is not None
        yield graph
        return
    values: NDArray[Any] = getattr(store, part)
    if part != "text":
        yield _header(values)
    count = max(1, _BLOCK // max(1, values[:1].nbytes))
    for start in range(0, len(values), count):
        yield values[start : start + count].tobytes()
        _forget(values)


def _forget(values: NDArray[Any]) -> None:
    """Give back the memory that holds what was read of a mapped array; it is read again where it is needed."""
    mapped = getattr(values, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mapped, "madvise"):  # not on Windows
        mapped.madvise(mmap.MADV_DONTNEED)


def _header(values: NDArray[Any]) -> bytes:
    """Return the header of a NumPy file."""
    start = npy.magic(1, 0)
    said = f"{{'descr': '{values.dtype.str}', 'fortran_order': False, 'shape': {values.shape}, }}"
    room = -(-(len(said) + 1 + len(start) + 2) // 64) * 64 - len(start) - 2
    return start + room.to_bytes(2, "little") + (said.ljust(room - 1) + "\n").encode("latin-1")


def _digest(draft: Draft) -> str:
    """Return the digest of a file that was written and has no place yet."""
    return _digest_of(draft.stream, draft.stream.tell())


def _digest_of(stream: Any, size: int) -> str:
    """Return a digest of a file's size and of pages all over it: 256 KiB, however large it is."""
    total = hashlib.sha256(str(size).encode())
    for number in range(_PAGES):
        stream.seek((max(0, size - _PAGE) * number) // (_PAGES - 1))
        total.update(stream.read(_PAGE))
    stream.seek(size)
    return total.hexdigest()


def _checked(file: Path, digest: object) -> Path:
    """Return a file of an index if it is the one that was written, as far as its pages tell."""
    try:
        if not file.is_file():  # opening a pipe would wait for somebody to write
            raise SearchError(f"{file}: missing, or no regular file; {_AGAIN}")
        with file.open("rb") as stream:
            found = _digest_of(stream, file.stat().st_size)
    except OSError as error:
        raise SearchError(
            f"{file}: cannot be read ({error.strerror or error}); check its permissions"
        ) from None
    if found != digest:
        raise SearchError(f"{file}: is not what was saved (damaged or mixed files); {_AGAIN}")
    return file
