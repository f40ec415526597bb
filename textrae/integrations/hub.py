"""Runs pushed to the Hugging Face hub: all files of a run in one commit, its card with the address that opens it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrae.errors import HubError, RunError
from textrae.runs.files import opened
from textrae.runs.folder import CARD, CONFIG, FILES, MODULES, OPENED_BY, contents
from textrae.runs.header import Header, parted, with_header
from textrae.runs.hub import (
    MAIN,
    SECONDS,
    HubName,
    hub_name,
    quietly,
    reason,
    refuse_foreign_config,
)
from textrae.version import __version__

_LARGEST_CARD = 1 << 20
_HERE = '.load("path/to/this/folder")'
"""How a card opens its run; the name of the repository takes the place of the path."""


@dataclass(frozen=True)
class Pushed:
    """What became of a push."""

    repository: str
    branch: str
    commit: str
    """Name of the commit; where nothing had changed, of the one before."""
    url: str
    """Page of the repository."""
    changed: bool
    """Whether there was anything to commit."""
    files: list[str]
    """Files of the run, all of which the commit has."""
    removed: list[str] = field(default_factory=list)
    """Files of the run that was there before, which this one has not."""
    left_out: list[str] = field(default_factory=list)
    """What the folder holds that is no file of a finished run."""
    notes: list[str] = field(default_factory=list)
    """What to know of the card."""


@dataclass(frozen=True)
class _There:
    """A branch of a repository as it is before the push."""

    commit: str
    files: list[str]
    private: bool


def push(
    run: Path,
    name: str,
    *,
    private: bool = False,
    branch: str = MAIN,
    message: str | None = None,
    card: bool = True,
    fields: Mapping[str, Any] | None = None,
) -> Pushed:
    """Put a run into a repository of the hub, which is made if there is none.

    The token is that of the environment (``HF_TOKEN``) or of ``hf auth login``. The run is not checked here.

    Args:
        run: the run folder; its checkpoint and what is no file of a run stay.
        name: ``user/name``.
        private: whether a repository that is made is private; one that is there must be so already.
        branch: branch to commit to, made from the main one if there is none.
        message: of the commit.
        card: whether README.md is pushed; otherwise that of the repository stays as it is.
        fields: fields of the card's header. Those that the card of the repository has, and this one not, are kept.

    Raises:
        HubError: there is no token, the hub refuses or cannot be reached, or the repository holds something else.
        RunError: the card is no card.
    """
    where = hub_name(name)
    if where is None or where.revision is not None:
        raise HubError(f"{name}: is no name of a repository; give one as user/name")
    files = [one for one in FILES if one == MODULES or (run / one).is_file()]
    if not card:
        files = [one for one in files if one != CARD]
    _refuse_without_token(where)
    if card:
        _card_of(run)  # a broken header is told before anything is made
    try:
        with quietly(), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            there = _prepared(where, branch, private)
            notes: list[str] = []
            content = _card(run, where, branch, there, fields or {}, notes) if card else None
            removed = [one for one in FILES if one in there.files and one not in files and one != CARD]
            commit = _commit(where, branch, there, run, files, content, removed, message)
    except (HubError, RunError):
        raise
    except Exception as error:  # the network and the hub may raise anything
        raise HubError(f"{where}: not pushed: {_told(error, where)}") from None
    notes += [" ".join(str(one.message).split()) for one in said if "README.md" in str(one.message)]
    return Pushed(
        repository=where.repository,
        branch=branch,
        commit=commit,
        url=_url(where),
        changed=commit != there.commit,
        files=files,
        removed=removed,
        left_out=sorted(contents(run) - {*FILES}),
        notes=notes,
    )


def _refuse_without_token(where: HubName) -> None:
    from huggingface_hub import get_token

    if get_token() is None:
        raise HubError(
            f"{where}: no token to push with; set HF_TOKEN to one that may write, or log in with `hf auth login`"
        )


def _url(where: HubName) -> str:
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{where.repository}"


def _api() -> Any:
    from huggingface_hub import HfApi

    return HfApi(library_name="textrae", library_version=__version__)


def _told(error: BaseException, where: HubName) -> str:
    """Say what went wrong; of what the hub says about a card, the first line that tells it."""
    if isinstance(error, ValueError) and "README.md" in str(error):
        lines = [line.strip("- ") for line in str(error).splitlines()]
        return f"the hub refuses the header of {CARD} ({' '.join(lines[1:])[:200]}); correct it"
    return reason(error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error, where)


def _prepared(where: HubName, branch: str, private: bool) -> _There:
    """Make the repository and the branch where there are none, and look at what is there.

    Raises:
        HubError: the repository is public and was to be private, or holds something else.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    api = _api()
    try:
        found = _look(api, where, MAIN)
        if private and not found.private:
            raise HubError(f"{where}: is public already; make it private in its settings, or push elsewhere")
    except RepositoryNotFoundError:
        api.create_repo(where.repository, private=private, exist_ok=True)
        found = _look(api, where, MAIN)
    if branch != MAIN:
        try:
            found = _look(api, where, branch)
        except RevisionNotFoundError:
            api.create_branch(where.repository, branch=branch, exist_ok=True)
            found = _look(api, where, branch)
    if CONFIG in found.files:
        config = hf_hub_download(where.repository, CONFIG, revision=found.commit)
        refuse_foreign_config(Path(config), str(where))
    return found


def _look(api: Any, where: HubName, branch: str) -> _There:
    info = api.model_info(where.repository, revision=branch, timeout=SECONDS)
    return _There(str(info.sha), [one.rfilename for one in info.siblings or ()], bool(info.private))


def _card_of(run: Path) -> tuple[str, Header, str] | None:
    """Return a run's card as it is, its header's fields and its Markdown; None without a card."""
    if not (run / CARD).is_file():
        return None
    with opened(run / CARD) as stream:
        raw = stream.read(_LARGEST_CARD + 1)
    if len(raw) > _LARGEST_CARD:
        raise RunError(f"{run / CARD}: has more than 1 MB, which no card of a run has; make it smaller")
    text = raw.decode("utf-8", "replace")
    return text, *parted(text, run / CARD)


def _card(
    run: Path, where: HubName, branch: str, there: _There, fields: Mapping[str, Any], notes: list[str]
) -> bytes | None:
    """Return the card to push: that of the run, whose header takes over what only that of the repository has.

    What is taken over, and that another card is replaced, is added to `notes`.
    """
    own = _card_of(run)
    if own is None:
        return None
    text, header, _ = own
    card, more = text.replace(_HERE, f'.load("{_at(where, branch)}")'), dict(fields)
    if CARD in there.files:
        more = {**_kept(where, there, header | more, card, notes), **more}
    if all(header.get(name) == value for name, value in more.items()):
        return card.encode()  # as somebody has written it, with the comments of its header
    return with_header({**header, **more}, parted(card, CARD)[1]).encode()


def _kept(where: HubName, there: _There, header: Header, card: str, notes: list[str]) -> Header:
    """Return the fields that only the header of the repository's card has."""
    from huggingface_hub import hf_hub_download

    file = Path(hf_hub_download(where.repository, CARD, revision=there.commit))
    try:
        kept, before = parted(file.read_text("utf-8", "replace"), CARD)
    except RunError:
        kept, before = {}, ""  # edited until it was no header any more
    more = {name: value for name, value in kept.items() if name not in header}
    if more:
        notes.append(f"kept from the repository's {CARD}: {', '.join(map(str, more))}")
    if before != parted(card, CARD)[1]:
        notes.append(f"the {CARD} of the repository was replaced; commit {there.commit} has the earlier one")
    return more


def _at(where: HubName, branch: str) -> str:
    return where.repository if branch == MAIN else f"{where.repository}@{branch}"


def _commit(
    where: HubName,
    branch: str,
    there: _There,
    run: Path,
    files: list[str],
    card: bytes | None,
    removed: list[str],
    message: str | None,
) -> str:
    """Commit the files of a run at once, and return the commit's name."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    changes: list[Any] = [CommitOperationDelete(name) for name in removed]
    for name in files:
        content: Path | bytes = card if name == CARD and card is not None else run / name
        if name == MODULES and not (run / name).is_file():  # an older run, or a copy from the hub
            content = OPENED_BY
        changes.append(CommitOperationAdd(name, content))
    done = _api().create_commit(
        where.repository,
        changes,
        commit_message=message or f"A run of textrae {__version__}",
        revision=branch,
        parent_commit=there.commit,
    )
    return str(done.oid)
