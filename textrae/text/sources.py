"""What a path of a corpus stands for: a file, standard input, a data set, or the files of a folder or a pattern."""

from __future__ import annotations

import glob
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig, CorpusFormat
from textrae.text.remote import address, connect, found_at, is_address, open_at, stamp, unreachable

_FORMATS: Final[dict[str, CorpusFormat]] = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".psv": "csv",
    ".parquet": "parquet",
}
_HUB_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(:[\w.\[\]%:-]+)?")


@dataclass(frozen=True)
class Source:
    """A place that sentences are read from, and its format."""

    name: str
    """Name in messages."""
    path: str
    """Path of a file, name of a data set, or what several files were given as."""
    format: CorpusFormat
    """Format of the content; never ``auto``."""
    gzipped: bool = False
    """Whether the bytes are gzip data."""
    stream: BinaryIO | None = None
    """Open stream that is read in place of the path."""
    rereadable: bool = True
    """Whether it can be read more than once; False for a pipe."""
    system: Any = None
    """File system of fsspec that `path` is in; None for this machine's."""
    parts: tuple[Source, ...] = ()
    """Files that are read one after another, as one, in the order of their names; none where it is a single file."""

    @property
    def files(self) -> tuple[Source, ...]:
        """The parts, or itself where it has none."""
        return self.parts or (self,)

    @property
    def waits(self) -> bool:
        """Whether it may be a pipe, of which is read what is there."""
        return not self.gzipped and self.system is None

    @property
    def label(self) -> str:
        """Name in statistics: that of the file without its folder, or of several and how many they are."""
        if self.format == "datasets":
            return self.name
        name = Path(self.name).name or Path(self.name).resolve().name
        return f"{name} ({len(self.parts):,} files)" if self.parts else name

    def open(self) -> BinaryIO:
        """Open the file to be read as bytes; of another file system it raises whatever the driver does.

        Raises:
            OSError: it cannot be opened.
        """
        return Path(self.path).open("rb") if self.system is None else open_at(self.system, self.path)

    def unreadable(self, error: Exception) -> CorpusError:
        """Return the error about the file, in one line, for what the system or a driver has raised."""
        if self.system is not None:
            return unreachable(self.name, error)
        if isinstance(error, PermissionError):
            return CorpusError(f"{self.name}: may not be read by you; have its owner allow it (chmod)")
        return CorpusError(f"{self.name}: cannot be read: {getattr(error, 'strerror', None) or error}")

    def state(self) -> list[Any]:
        """Return what changes when the content does: the path, the format, and the size and the date of a file.

        Raises:
            CorpusError: it cannot be looked at.
        """
        if self.format == "datasets":
            return [self.path, self.format]
        if self.system is not None:
            return [self.name, self.format, *stamp(self.system, self.path)]
        try:
            found = Path(self.path).stat()
        except OSError as error:
            raise self.unreadable(error) from None
        return [self.path, self.format, found.st_size, found.st_mtime_ns]


def locate(path: str, config: CorpusConfig, stdin: BinaryIO | None = None) -> Source:
    """Find out what `path` is: ``-`` for standard input, a file, a folder or a pattern of files, or a data set's name.

    A file whose name has signs of a pattern in it is that file. What begins with a dot or an underscore is no part of a
    folder, nor of what a pattern matches unless its own last part begins so.

    Args:
        path: as the user gave it; an address such as ``s3://bucket/part-*.parquet`` goes through fsspec.
        config: its format, unless that is ``auto``.
        stdin: stream to read in place of standard input.

    Raises:
        CorpusError: there is no such file and it cannot be a data set's name, nothing matches a pattern, several files have
            unlike formats, or a driver is missing.
    """
    if path == "-":
        if config.format == "datasets":
            raise CorpusError("-: a data set is given by its name; standard input can be text or a table")
        stream = stdin if stdin is not None else sys.stdin.buffer
        kind = "text" if config.format == "auto" else config.format
        return Source("standard input", path, kind, stream=stream, rereadable=False)
    if config.format == "datasets":
        return Source(path, path, "datasets")
    if is_address(path):
        system, inner = connect(path)
        if system is not None:
            return _remote(path, system, inner, config)
        path = inner
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return _unnamed(path, config)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(mode):
        try:
            inside = [str(one) for one in Path(path).iterdir() if one.is_file()]
        except OSError as error:
            raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from None
        return _several(path, [_file(one, config) for one in _shown(inside)], config, path)
    return _file(path, config, rereadable=stat.S_ISREG(mode))


def _unnamed(path: str, config: CorpusConfig) -> Source:
    """Return what a path is that is no file's: a pattern, or the name of a data set."""
    pattern = glob.has_magic(path)
    if pattern and (matching := _matching(path)):
        return _several(path, [_file(one, config) for one in matching], config)
    ending, gzipped = _ending(path)
    if config.format == "auto" and ending not in _FORMATS and not gzipped and _HUB_NAME.fullmatch(path):
        return Source(path, path, "datasets")
    raise CorpusError(
        f"{path}: {'no file matches it; check the pattern' if pattern else 'no such file; check the path'}"
    )


def _matching(pattern: str) -> list[str]:
    """Return the files that match a pattern, whose folders may have signs of one in their names."""
    parts = Path(pattern).parts
    known = Path(parts[0]) if Path(pattern).is_absolute() else Path()
    count = len(known.parts)
    while count < len(parts) and (known / parts[count]).exists():
        known /= parts[count]
        count += 1
    try:
        found = [one for one in known.glob("/".join(parts[count:])) if one.is_file()]
    except ValueError as error:
        raise CorpusError(f"{pattern}: {str(error).lower()}; check the pattern") from None
    hidden = {one for one in found if any(_is_hidden(part) for part in one.relative_to(known).parts[:-1])}
    files = [str(one) for one in found if one not in hidden]
    return files if _is_hidden(parts[-1]) else _shown(files)


def _remote(path: str, system: Any, inner: str, config: CorpusConfig) -> Source:
    what, found = found_at(system, inner, path)
    if what == "nothing":
        raise CorpusError(f"{path}: no such file; check the address")
    if what == "file":
        return _file(path, config, system=system, inner=inner)
    if what == "folder" or not _is_hidden(Path(inner).name):
        found = _shown(found)
    if what == "pattern" and not found:
        raise CorpusError(f"{path}: no file matches it; check the pattern")
    files = [_file(address(system, one), config, system=system, inner=one) for one in found]
    return _several(path, files, config, path if what == "folder" else None)


def _shown(paths: Sequence[str]) -> list[str]:
    """Return the paths without those that are no data: hidden files, and marks such as ``_SUCCESS``."""
    return [path for path in paths if not _is_hidden(Path(path).name)]


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", ".")) and name != ".."


def _file(
    name: str, config: CorpusConfig, *, rereadable: bool = True, system: Any = None, inner: str | None = None
) -> Source:
    """Return a file as a source."""
    ending, gzipped = _ending(name)
    kind = _FORMATS.get(ending, "text") if config.format == "auto" else config.format
    if kind == "parquet" and gzipped:
        raise CorpusError(f"{name}: a parquet file is compressed inside; decompress it with gunzip")
    return Source(name, name if inner is None else inner, kind, gzipped, rereadable=rereadable, system=system)


def _several(name: str, files: Sequence[Source], config: CorpusConfig, folder: str | None = None) -> Source:
    """Return files as one source, sorted by their names.

    Args:
        name: what they were given as.
        files: the files.
        config: their format, which must be told from their endings if it is ``auto``.
        folder: the folder that they are all of; None if a pattern has chosen them.

    Raises:
        CorpusError: there are none, or they are not all of one format.
    """
    pattern = "another pattern" if folder is None else f"a pattern as in {folder.rstrip('/')}/*.txt"
    if not files:
        raise CorpusError(f"{name}: a folder without a file in it; give a folder of files, or {pattern}")
    parts = sorted(files, key=lambda one: one.name)
    kinds: dict[tuple[str, bool], str] = {}
    for part in parts if config.format == "auto" else parts[:1]:
        # a README beside texts is none of them, though both would be read as lines
        known = part.format != "text" or _ending(part.name)[0] in _FORMATS
        kinds.setdefault((part.format, known), Path(part.name).name)
    if len(kinds) > 1:
        unlike = " and ".join(list(kinds.values())[:2])
        raise CorpusError(
            f"{name}: files of unlike kinds, such as {unlike}; give {pattern}, or the `format` of them all"
        )
    return Source(name, name, parts[0].format, parts=tuple(parts))


def each_file(sources: Sequence[Source]) -> Iterator[Source]:
    """Yield the files of sources one after another."""
    for source in sources:
        yield from source.files


def listed(names: Sequence[str]) -> str:
    """Return names for a message: the first three, and how many there are if there are more."""
    more = f" … ({len(names):,} in all)" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _ending(path: str) -> tuple[str, bool]:
    name = Path(path)
    gzipped = name.suffix.lower() == ".gz"
    return (Path(name.stem) if gzipped else name).suffix.lower(), gzipped
