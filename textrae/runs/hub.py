"""Runs of the Hugging Face hub: ``user/name`` or ``user/name@revision`` where no such folder exists.

Only the files of a run are downloaded, into the cache of ``huggingface_hub``, and none larger than a run may have.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from textrae.errors import HubError, TextraeError
from textrae.runs import files, metrics
from textrae.runs.folder import (
    CARD,
    CHOICES,
    CONFIG,
    FILES,
    METRICS,
    MODEL,
    MODULES,
    TARGET_TOKENIZER,
    TOKENIZER,
)
from textrae.text import tokenizer

MAIN: Final = "main"
"""Branch that is read and written unless another is named."""
SECONDS: Final = 10.0
"""Seconds after which the hub counts as out of reach."""
_NAME = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95})(?:@([\w./-]{1,250}))?", re.ASCII)
_FILE = re.compile(r"\.(txt|gz|jsonl?|[ct]sv|parquet|npy|safetensors|model|md|toml|html)$")
"""Endings of files that commands read, which no name of a run has."""
_COPY = re.compile(r"models--(?P<user>.+?)--(?P<name>.+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LARGEST_WEIGHTS = 8 << 30
_LARGEST: Final[Mapping[str, int]] = {
    CONFIG: files.LARGEST_JSON,
    TOKENIZER: tokenizer.LARGEST_FILE,
    TARGET_TOKENIZER: tokenizer.LARGEST_FILE,
    METRICS: metrics.LARGEST,
}
"""Bytes of a file that is downloaded, at most; of safetensors 8 GiB."""
_UNREAD = (CARD, MODULES, CHOICES)
"""Files of a run folder that textrae does not read."""
DOWNLOADED: Final = (CONFIG, *(name for name in FILES if name not in (CONFIG, *_UNREAD)))
"""Files that are downloaded, in this order: the config tells whether it is a run, and the weights come last."""


class HubName(NamedTuple):
    """Name of a repository, and what of it is meant."""

    repository: str
    revision: str | None
    """A branch, tag or commit; None for the main branch."""

    def __str__(self) -> str:
        """Write the name as users do."""
        return self.repository if self.revision is None else f"{self.repository}@{self.revision}"


def hub_name(place: str | PathLike[str]) -> HubName | None:
    """Return the repository that a text may name, whether there is such a folder or not; None if it names none."""
    text = place if isinstance(place, str) else PurePath(place).as_posix()
    found = _NAME.fullmatch(text)
    if found is None or _FILE.search(text) or "--" in text or ".." in text:
        return None
    return HubName(found[1], found[2])


def _warn(line: str) -> None:
    warnings.warn(line, stacklevel=4)


def run_folder(place: str | PathLike[str], say: Callable[[str], None] = _warn) -> Path:
    """Return a run folder; ``user/name[@revision]`` is downloaded from the hub where there is no such file or folder.

    Without an answer from the hub, what was downloaded before is taken, and that is said.

    Args:
        place: a folder, or a name of the hub.
        say: is told that a branch or tag may have moved since it was downloaded; by default a warning.

    Raises:
        HubError: the repository is missing, closed, out of reach, or no run.
        RunError: its config is damaged.
    """
    path, name = Path(place), hub_name(place)
    if name is None or os.path.lexists(path):
        return path
    if name.revision is not None and _COMMIT.fullmatch(name.revision) and (kept := _kept(name)):
        return kept  # a commit never changes
    return _downloaded(name, say)


def origin_of(folder: str | PathLike[str]) -> str | None:
    """Return the repository and commit (``user/name@commit``) that a folder of the hub's cache holds; None for another."""
    path = Path(folder)
    found = _COPY.fullmatch(path.parent.parent.name)
    if found is None or path.parent.name != "snapshots" or not _COMMIT.fullmatch(path.name):
        return None
    return f"{found['user']}/{found['name']}@{path.name}"


def pinned(place: str | None) -> str | None:
    """Return a place as a setting keeps it: a run of the hub with its commit, a folder or None as it is.

    Raises:
        HubError: as :func:`run_folder`.
    """
    return place if place is None else origin_of(run_folder(place)) or place


def reason(error: BaseException, name: HubName) -> str:
    """Say in half a line what went wrong with a request to the hub, and what to do."""
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    said = getattr(error, "server_message", None) or str(error).strip() or type(error).__name__
    line = said.splitlines()[0][:200]
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "it may not be asked, as HF_HUB_OFFLINE is set; unset that"
    if isinstance(error, errors.GatedRepoError):
        return "it asks for conditions to be accepted on its page; accept them there, and log in"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "there is none of that name, or a private one that your token does not open; check the name and HF_TOKEN"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"it has no branch, tag or commit {name.revision or MAIN}; its page lists them"
    if status == 401:
        return "your token is refused; set HF_TOKEN to a valid one, or log in with `hf auth login`"
    if status == 403:
        return f"your token may not do that ({line}); make one with that right"
    if status is not None:
        return f"the answer was {status} ({line}); try again later"
    return f"it cannot be reached ({line}); check the network"


@contextmanager
def quietly() -> Iterator[None]:
    """Show the progress bars of ``huggingface_hub`` on a terminal only, and nothing of its log but errors."""
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    hidden = not sys.stderr.isatty() and not are_progress_bars_disabled()
    if hidden:
        disable_progress_bars()
    before = get_verbosity()
    set_verbosity(max(before, logging.ERROR))
    try:
        yield
    finally:
        set_verbosity(before)
        if hidden:
            enable_progress_bars()


def endpoint() -> str:
    """Return the address of the hub: that of ``HF_ENDPOINT``, or https://huggingface.co."""
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def is_answer(error: BaseException) -> bool:
    """Return whether the hub has answered, even if it refused."""
    status = getattr(getattr(error, "response", None), "status_code", 500)
    return bool(status < 500)


def refuse_foreign_config(file: Path, what: str) -> None:
    """Reject the config of a repository that holds the model of another library.

    Args:
        file: the config.
        what: begin of the message.

    Raises:
        HubError: it is no textrae run's.
        RunError: it is damaged.
    """
    if not isinstance(files.read_json(file).get("format"), int):
        raise HubError(f"{what}: is not a textrae run (its {CONFIG} is another library's); give another name")


def _downloaded(name: HubName, say: Callable[[str], None]) -> Path:
    from huggingface_hub import HfApi, hf_hub_download

    try:
        info = HfApi().model_info(
            name.repository, revision=name.revision, timeout=SECONDS, files_metadata=True
        )
        sizes = {one.rfilename: one.size for one in info.siblings or ()}
    except Exception as error:  # the network and the hub may raise anything
        if not is_answer(error) and (kept := _kept(name)):
            say(f"{name}: the hub did not answer; taken from an earlier download, commit {kept.name}")
            return kept
        raise HubError(
            f"{name}: no such run folder, and no run of {endpoint()}: {reason(error, name)}"
        ) from None
    wanted = [one for one in DOWNLOADED if one in sizes]
    _refuse_unfit(name, sizes)
    try:
        with quietly():
            # the branch's name once, so that the cache knows its commit without a network
            config = hf_hub_download(name.repository, CONFIG, revision=name.revision)
            refuse_foreign_config(Path(config), str(name))
            for file in wanted[1:]:
                hf_hub_download(name.repository, file, revision=info.sha)
    except TextraeError:
        raise
    except Exception as error:
        raise HubError(f"{name}: download stopped: {reason(error, name)}") from None
    if Path(config).parent.name != info.sha:
        raise HubError(f"{name}: was changed on the hub meanwhile; try again")
    return Path(config).parent


def _refuse_unfit(name: HubName, sizes: Mapping[str, int | None]) -> None:
    """Raise :class:`HubError` if files of a run are missing, or larger than a run's may be."""
    for file in (CONFIG, MODEL):
        if file not in sizes:
            raise HubError(f"{name}: is not a textrae run (it has no {file}); give another name")
    for file in DOWNLOADED:
        most, size = _LARGEST.get(file, _LARGEST_WEIGHTS), sizes.get(file) or 0
        if size > most:
            raise HubError(
                f"{name}: its {file} has {size:,} bytes, and a run's at most {most:,}; give another run"
            )


def _kept(name: HubName) -> Path | None:
    """Return the copy of a run that was downloaded before, if all of it was."""
    from huggingface_hub import try_to_load_from_cache

    weights = try_to_load_from_cache(name.repository, MODEL, revision=name.revision)
    return Path(weights).parent if isinstance(weights, str) else None
