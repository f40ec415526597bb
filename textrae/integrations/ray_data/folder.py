"""A folder of parts, here or wherever fsspec writes: what it holds is whole, and of one job."""

from __future__ import annotations

import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from textrae.errors import CorpusError, RunError, cannot_write
from textrae.integrations.ray_data.jobs import Job
from textrae.text.remote import connect, is_address

FACTS: Final = "_textrae.json"
"""Name of the file that tells what the parts are; readers of parquet leave it out by its first character."""
MARK: Final = b"textrae_part"
"""Name of a part's metadata that tell its job, its number and its counts."""
_LARGEST: Final = 2**20
_PART: Final = re.compile(r"part-(\d{6,})\.parquet")
_LEFT: Final = re.compile(r"\.(part-\d{6,}\.parquet|_textrae\.json)\.[0-9a-f]{32}\.partial")
_SAID: Final = {
    "command": "another command's ({0}, not {1})",
    "run": "another run's (its digest is {0}, this one's {1})",
    "input": "another input's, or this one has changed",
    "settings": "of other settings",
    "part_rows": "another size's (`part_rows={0}`, not {1})",
}


def name_of(part: int) -> str:
    """Return the name of a part's file."""
    return f"part-{part:06}.parquet"


class Folder:
    """A place for parts: a folder of this machine, or an address such as ``s3://bucket/vectors``.

    A file is written beside its place and renamed, so that a process that dies leaves none that is half there.

    Args:
        path: the folder, or its address.

    Raises:
        RunError: its address is of no kind that is known, or a file is there.
    """

    def __init__(self, path: str) -> None:
        self.path, self._system = path, None
        self._inner = path
        if is_address(path):
            try:
                self._system, self._inner = connect(path)
            except CorpusError as error:
                raise RunError(str(error)) from None
        self._inner = self._inner.rstrip("/") or "/"
        if self._system is None and Path(self._inner).is_file():
            raise RunError(f"{path}: is a file; give a folder for the parts")

    def claim(self, job: Job) -> set[int]:
        """Make the folder, or see that what it holds is of this job; return the numbers of the parts that are there.

        Raises:
            RunError: it holds something else, or cannot be written.
        """
        names = self._names()
        facts = {**job.facts(), "textrae": job.made_by}
        if FACTS in names:
            self._refuse_other(self._read_facts(), job)
        elif visible := sorted(name for name in names if not _LEFT.fullmatch(name)):
            raise RunError(
                f"{self.path}: holds {visible[0]} and no {FACTS}, so no parts that a run of this command has written; "
                "give an empty folder"
            )
        else:
            with self.writing(FACTS) as stream:
                stream.write(json.dumps(facts, indent=1).encode())
        return {int(found[1]) for name in names if (found := _PART.fullmatch(name))}

    def part(self, job: Job, part: int) -> dict[str, Any] | None:
        """Return what a part's file tells of it; None if there is none, or one that is damaged.

        Raises:
            RunError: it is of another job, or cannot be looked at.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        name = name_of(part)
        try:
            with self._open(name) as stream:
                found = pq.read_metadata(stream)
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise RunError(f"{self.path}/{name}: cannot be read ({error.strerror or error})") from None
            return None  # not a whole parquet file
        told = _json((found.metadata or {}).get(MARK, b""))
        if told.get("job") != job.digest or told.get("part") != part:
            raise RunError(
                f"{self.path}/{name}: is no part of this run, input and settings; remove it, or give another folder"
            )
        return told if told.get("rows") == found.num_rows == len(job.rows_of(part)) else None

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Yield a stream whose content becomes a file of that name when it is whole, or nothing after an error.

        Raises:
            RunError: the place cannot be written to.
        """
        beside = f".{name}.{uuid.uuid4().hex}.partial"
        write = self._writing_here if self._system is None else self._writing_there
        try:
            with write(beside, name) as stream:
                yield stream
        except OSError as error:
            raise RunError(cannot_write(f"{self.path}/{name}", error)) from None

    def clean(self) -> None:
        """Remove what killed processes have left; nobody else may be writing."""
        for name in self._names():
            if _LEFT.fullmatch(name):
                with suppress(OSError):
                    if self._system is None:
                        (Path(self._inner) / name).unlink(missing_ok=True)
                    else:
                        self._system.rm_file(f"{self._inner}/{name}")

    @contextmanager
    def _writing_here(self, beside: str, name: str) -> Iterator[IO[bytes]]:
        place = Path(self._inner)
        place.mkdir(parents=True, exist_ok=True)
        try:
            with (place / beside).open("wb") as stream:
                yield stream
            (place / beside).replace(place / name)
        except BaseException:
            with suppress(OSError):
                (place / beside).unlink(missing_ok=True)
            raise

    @contextmanager
    def _writing_there(self, beside: str, name: str) -> Iterator[IO[bytes]]:
        """Write to this machine first: a driver may upload what it has, also of a file that is given up."""
        assert self._system is not None
        with tempfile.TemporaryDirectory(prefix="textrae-") as folder:
            here = Path(folder) / name
            with here.open("wb") as stream:
                yield stream
            try:
                self._system.makedirs(self._inner, exist_ok=True)
                self._system.put_file(os.fspath(here), f"{self._inner}/{beside}")
                self._system.mv(f"{self._inner}/{beside}", f"{self._inner}/{name}")
            except OSError:
                raise
            except Exception as error:  # drivers raise anything
                raise OSError(_first_line(error)) from None

    def _names(self) -> set[str]:
        """Return the names of what is in the folder; none where there is no folder."""
        try:
            if self._system is None:
                return {one.name for one in Path(self._inner).iterdir()}
            self._system.invalidate_cache()
            return {
                str(name).rstrip("/").rpartition("/")[2]
                for name in self._system.ls(self._inner, detail=False)
            }
        except FileNotFoundError:
            return set()
        except Exception as error:  # drivers raise anything
            raise RunError(f"{self.path}: cannot be looked into: {_first_line(error)}") from None

    def _open(self, name: str) -> Any:
        if self._system is None:
            return (Path(self._inner) / name).open("rb")
        return self._system.open(f"{self._inner}/{name}", "rb")

    def _read_facts(self) -> dict[str, Any]:
        try:
            with self._open(FACTS) as stream:
                content = stream.read(_LARGEST)
        except Exception as error:  # drivers raise anything
            raise RunError(f"{self.path}/{FACTS}: cannot be read: {_first_line(error)}") from None
        return _json(content)

    def _refuse_other(self, told: dict[str, Any], job: Job) -> None:
        """Raise :class:`RunError` if a folder's facts are not those of the job; it says which differ."""
        for name, own in job.facts().items():
            if told.get(name) != own:
                said = _SAID.get(name, "of another version").format(told.get(name), own)
                if name == "settings":
                    said += f" ({_unlike(told.get(name), own)})"
                raise RunError(f"{self.path}: its parts are {said}; give another folder, or remove this one")


def _unlike(told: Any, own: dict[str, Any]) -> str:
    """Name the settings that differ, with the values that the folder has."""
    known = told if isinstance(told, dict) else {}
    return ", ".join(f"`{name}={known.get(name)}`" for name in own if known.get(name) != own[name])


def _json(content: bytes) -> dict[str, Any]:
    """Return an object of JSON; an empty one for anything else."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
