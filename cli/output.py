"""Where the results of commands go, as text or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from .as_json import to_json
from .failures import note

if TYPE_CHECKING:
    from textrae.report.blocks import Report
    from textrae.runs.draft import Draft


def refuse_inputs(out: Path, *inputs: str | Path | None) -> None:
    """Raise :class:`textrae.errors.ConfigError` if a file to be written is one that is read; ``-`` and None are none.

    So is a path that no system takes.
    """
    from textrae.errors import ConfigError
    from textrae.inference import arguments

    arguments.place("out", out)
    if not out.exists():
        return
    for one in (one for given in inputs if given not in (None, "-") for one in _files(str(given))):
        with suppress(OSError):  # an input that cannot be looked at is refused where it is read
            if one.exists() and out.samefile(one):
                raise ConfigError(f"`out`: {out} is read by this command; give another file")


def _files(given: str) -> list[Path]:
    """Return the files of this machine that an input may stand for: those of a pattern or a folder among them."""
    from textrae.errors import CorpusError
    from textrae.settings.corpus import CorpusConfig
    from textrae.text.remote import is_address
    from textrae.text.sources import locate

    if is_address(given) and not given.startswith("file:"):
        return []
    with suppress(CorpusError):
        return [Path(one.path) for one in locate(given, CorpusConfig(format="text")).files]
    return [Path(given)]


def print_json(value: Any) -> None:
    """Print a summary as a line of JSON."""
    with Output(None, True) as output:
        output.json(value)


def put_picture(report: Report, what: str, out: Path | None, as_json: bool, otherwise: str) -> None:
    """Write one picture of a report: the first of its kind.

    Args:
        report: what is drawn.
        what: name of the picture.
        out: file that :func:`textrae.pictures.files.check_picture` accepts; None for SVG on standard output.
        as_json: whether it is told as JSON what was written.
        otherwise: why there is none, where there is none.

    Raises:
        ConfigError: the report has no such picture.
    """
    from textrae.errors import ConfigError
    from textrae.pictures.files import save_picture
    from textrae.pictures.svg import to_svg

    drawn = next((one for one in report.pictures() if one.what == what), None)
    if drawn is None:
        raise ConfigError(f"`what={what}`: {otherwise}")
    if out is None:
        sys.stdout.write(to_svg(drawn.canvas))
        return
    save_picture(drawn.canvas, out, "measure fewer sentences")
    note(f"{out}: {drawn.caption}")
    if as_json:
        print_json({"out": out, "what": what, "title": drawn.canvas.title, "caption": drawn.caption})


class Output:
    """Results of a command, on standard output or in a file that appears when it is whole.

    Args:
        out: the file; None or ``-`` for standard output. What is there and is no file (``/dev/null``, a pipe) is
            written to as it is.
        as_json: whether results are lines of JSON.
        inputs: files that the command reads, none of which is overwritten.

    Raises:
        ConfigError: the file is one of the inputs.
        RunError: the file cannot be written there.
    """

    def __init__(self, out: Path | None, as_json: bool, *inputs: str | Path | None) -> None:
        self.out, self.as_json = None if str(out) in ("None", "-") else out, as_json
        self.rows_written, self.lines_written = 0, 0
        self._draft: Draft | None = None
        self._stream: IO[bytes] | None = None
        if self.out is not None:
            refuse_inputs(self.out, *inputs)
            self._open(self.out)

    def _open(self, out: Path) -> None:
        from textrae.errors import RunError, cannot_write
        from textrae.runs.draft import Draft

        if out.is_dir():
            raise RunError(f"{out}: is a folder; give a file")
        try:
            if out.exists() and not out.is_file():
                self._stream = out.open("wb")
            else:
                self._draft = Draft(out)
                self._stream = self._draft.stream
        except OSError as error:
            raise RunError(cannot_write(out, error)) from None

    def rows(self, **columns: Sequence[Any]) -> None:
        """Write rows: the last column line by line, or all of them as objects with their row's number from 1.

        Args:
            columns: values of each row, by their names in JSON. A line end inside a line becomes a space.
        """
        if not self.as_json:
            self.lines(str(value) for value in list(columns.values())[-1])
            return
        parts = []
        for values in zip(*columns.values(), strict=True):
            self.rows_written += 1
            parts.append(to_json({"row": self.rows_written, **dict(zip(columns, values, strict=True))}))
        self.lines(parts)

    def lines(self, texts: Iterable[str]) -> None:
        """Write texts, one on each line; a line end inside one becomes a space."""
        block = [text.replace("\n", " ") for text in texts]
        self.lines_written += len(block)
        self.write("".join(f"{line}\n" for line in block))

    def text(self, text: str) -> None:
        """Write a text of several lines."""
        self.lines_written += text.count("\n") + 1
        self.write(f"{text}\n")

    def json(self, value: Any) -> None:
        """Write one value as a line of JSON."""
        self.lines([to_json(value)])

    def write(self, text: str) -> None:
        """Write a text as it is."""
        if self._stream is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        from textrae.errors import RunError, cannot_write

        try:
            self._stream.write(text.encode("utf-8", "backslashreplace"))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RunError(cannot_write(self.out, error)) from None

    def __enter__(self) -> Self:
        """Return the output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Put the file at its place; after an error, leave nothing of it."""
        from textrae.errors import RunError, cannot_write

        try:
            if kind is None and self._draft is not None:
                self._draft.publish()
            elif kind is None and self._stream is not None:
                self._stream.close()  # a device or a pipe may refuse what is still held back
        except BrokenPipeError:
            raise
        except OSError as refused:
            raise RunError(cannot_write(self.out, refused)) from None
        finally:
            if self._draft is not None:
                self._draft.discard()
            elif self._stream is not None:
                with suppress(OSError):  # a pipe whose reader has left
                    self._stream.close()
        if kind is None and self.out is not None:
            note(f"{self.out}: {self.lines_written:,} lines")
