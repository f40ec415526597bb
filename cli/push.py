"""`textrae push`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import app
from .failures import note
from .kinds import KINDS
from .options import RunFolder, Summary
from .output import print_json

Repository = Annotated[
    str,
    typer.Argument(help="Repository, as user/name; it is made if there is none.", show_default=False),
]
Private = Annotated[
    bool, typer.Option("--private", help="Make the repository private; one that is there must be so already.")
]
Branch = Annotated[
    str,
    typer.Option(
        "--branch", "--revision", help="Branch to commit to, made from the main one if there is none."
    ),
]
Message = Annotated[
    str | None, typer.Option("--message", "-m", help="Message of the commit.", show_default=False)
]
License = Annotated[
    str | None,
    typer.Option(help="License in the card's header, as the hub names it: apache-2.0.", show_default=False),
]
Language = Annotated[
    list[str] | None,
    typer.Option(help="Language in the card's header, as en; repeat it.", show_default=False),
]
DataSet = Annotated[
    list[str] | None,
    typer.Option(
        help="Data set of the hub in the card's header, as owner/name; repeat it.", show_default=False
    ),
]
Card = Annotated[
    bool, typer.Option("--card/--no-card", help="Whether README.md goes along, or that of the hub stays.")
]


@app.command(epilog="Example: textrae push run user/name --private")
def push(
    run: RunFolder,
    repository: Repository,
    private: Private = False,
    branch: Branch = "main",
    message: Message = None,
    license: License = None,
    language: Language = None,
    dataset: DataSet = None,
    card: Card = True,
    as_json: Summary = False,
) -> None:
    """Put a run into a repository of the Hugging Face hub, from where `user/name` opens it anywhere.

    The token is that of HF_TOKEN, or of `hf auth login`. All files of the run go in one commit; its checkpoint stays here.
    """
    from textrae.integrations.hub import push as pushed

    header = {"license": license, "language": language, "datasets": dataset}
    given = {name: value for name, value in header.items() if value}
    if given and not card:
        raise typer.BadParameter("is for the card: leave it out, or --no-card", param_hint=_option(given))
    _check(run)
    done = pushed(run, repository, private=private, branch=branch, message=message, card=card, fields=given)
    if done.left_out:
        note(f"left here, as no file of a finished run: {', '.join(done.left_out)}")
    if done.removed:
        note(f"removed there, as this run has none: {', '.join(done.removed)}")
    for line in done.notes:
        note(line)
    what = f"{len(done.files)} files" if done.changed else "nothing had changed"
    note(f"{done.url}: {what} on branch {done.branch}; open it as {repository}@{done.commit}")
    if as_json:
        print_json(asdict(done))


def _option(given: dict[str, Any]) -> str:
    return f"--{next(iter(given)).removesuffix('s')}" if "datasets" in given else f"--{next(iter(given))}"


def _check(run: Path) -> None:
    """Read a run of any kind, so that none is pushed that does not open."""
    from textrae.runs.folder import kind_of
    from textrae.runs.run import load_run

    kind = KINDS.get(kind_of(run))
    if kind is None:
        load_run(run)
    else:
        kind.info(run)
