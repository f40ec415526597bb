"""Files of other systems than this machine's: `s3://`, `gs://`, `hf://`, `memory://` and whatever else fsspec knows."""

from __future__ import annotations

import re
from typing import Any, BinaryIO, Final, cast

from textrae.errors import CorpusError

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")
"""How an address begins. The letter of a drive of Windows is a single one."""
_PACKAGES: Final = {"aiohttp": "aiohttp requests", "git": "pygit2"}
"""What to install where the name of the missing module does not say it."""
_STAMPS: Final = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "blob_id",
    "LastModified",
    "last_modified",
    "mtime",
    "created",
)
"""What file systems tell of a file that changes with its content, the surest first."""


def is_address(path: str) -> bool:
    """Tell whether a path is an address such as ``s3://bucket/part-0.parquet``."""
    return _ADDRESS.match(path) is not None


def connect(path: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and the path in it; of ``file://`` None and the path here.

    Args:
        path: an address, of which fsspec's chains are some (``zip://a.txt::s3://…``).

    Raises:
        CorpusError: there is no such protocol, its driver is not installed (which one is said), or it refuses.
    """
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    protocol = path.partition(":")[0]
    try:
        system, inner = url_to_fs(path)
    except ImportError as error:
        missing = getattr(error.__cause__, "name", None) or error.name
        package = _PACKAGES.get(missing or "", (missing or "").partition(".")[0])
        advice = f"`pip install {package}`" if package else "install its driver for fsspec"
        raise CorpusError(f"{path}: {protocol}:// needs a driver that is not installed; {advice}") from None
    except ValueError as error:
        if "not known" in str(error):
            raise CorpusError(f"{path}: fsspec knows no protocol {protocol}://; check the address") from None
        raise unreachable(path, error) from None
    except Exception as error:  # whatever a driver raises where it cannot connect
        raise unreachable(path, error) from None
    return (None, inner) if isinstance(system, LocalFileSystem) else (system, inner)


def found_at(system: Any, inner: str, path: str) -> tuple[str, list[str]]:
    """Find out what is at an address.

    Args:
        system: its file system.
        inner: the path in it.
        path: the address in messages.

    Returns:
        ``file`` and the path, ``folder`` and the paths in it, ``pattern`` and the paths that match it, or ``nothing`` and
        no paths. They are in no certain order.

    Raises:
        CorpusError: the file system cannot be reached, or refuses.
    """
    from fsspec.core import has_magic

    try:
        kind = _kind(system, inner)
        if kind == "file":
            return "file", [inner]
        if kind == "directory":
            inside = system.ls(inner, detail=True)
            return "folder", [str(one["name"]) for one in inside if one.get("type") == "file"]
        if has_magic(inner):
            every = system.glob(inner, detail=True)
            return "pattern", [name for name, one in every.items() if one.get("type") == "file"]
    except Exception as error:  # drivers raise anything
        raise unreachable(path, error) from None
    return "nothing", []


def _kind(system: Any, inner: str) -> str | None:
    """Return ``file`` or ``directory``, or None where there is nothing; `isfile` would hide that access is refused."""
    try:
        return str(system.info(inner).get("type"))
    except FileNotFoundError:
        return None


def open_at(system: Any, inner: str) -> BinaryIO:
    """Open a file of a file system to be read as bytes; it raises whatever its driver does."""
    return cast("BinaryIO", system.open(inner, "rb"))


def address(system: Any, inner: str) -> str:
    """Return the address of a path in a file system, for messages."""
    return str(system.unstrip_protocol(inner))


def stamp(system: Any, inner: str) -> list[Any]:
    """Return what changes with the content of a file: its size, and its digest or its date as far as they are known.

    Raises:
        CorpusError: it cannot be looked at.
    """
    try:
        told = system.info(inner)
    except Exception as error:
        raise unreachable(address(system, inner), error) from None
    known = next((str(told[name]) for name in _STAMPS if told.get(name) is not None), None)
    return [told.get("size"), known]


def unreachable(name: str, error: Exception) -> CorpusError:
    """Return the error about a file that a driver cannot reach or read, in one line."""
    if isinstance(error, FileNotFoundError):
        return CorpusError(f"{name}: no such file; check the address")
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return CorpusError(
        f"{name}: cannot be read: {said[:200]}; check the address, the network and your access"
    )
