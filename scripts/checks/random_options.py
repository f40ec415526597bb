"""Give every option of every command random values, and count what comes of it.

    python scripts/checks/random_options.py --sets 1000 --seed 0

The outcome must be success, or exit code 1 or 2 and one line on stderr for an error that textrae itself raised. Anything
else is printed with the command line that led to it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import typer.main
from textrae_cli import app
from typer.testing import CliRunner

from textrae import errors

LONGEST = 20
"""Seconds after which a command that still works is taken for one that works."""
VALUES = [
    "", "0", "1", "2", "3", "1", "2", "0.5", "1.0", "gru", "slots", "-1", "-5", "1e400", "nan", "inf", "-inf", "0.5", "five", "1e30", str(10**20), "2.5", "a=b",
    "text", "auto", "cpu", "fp32", "Prior", "prior", "linear", "rows", "none", "true", "x" * 300, "missing/none", "/dev/null",
    ".", "text.txt", "table.csv", "vectors.npy", "run", "config.toml", "1,2", "a,b", "-", "猫", "a b", "*", "--help", "{}",
]  # fmt: skip
OWN = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.TextraeError)
}
SMALL = [
    "--steps",
    "2",
    "--hidden",
    "8",
    "--embedding",
    "8",
    "--latent",
    "4",
    "--vocab-size",
    "300",
    "--max-length",
    "6",
    "--device",
    "cpu",
    "--precision",
    "fp32",
]
COMMANDS = {
    "train": ["text.txt", "-o", "made", *SMALL],
    "encode": ["run", "text.txt", "-o", "made.npy"],
    "decode": ["run", "vectors.npy"],
    "reconstruct": ["run", "text.txt"],
    "translate": ["translator", "text.txt"],
    "evaluate": ["run", "text.txt"],
    "attention": ["slots", "A dog."],
    "xsim": ["run", "text.txt", "text.txt"],
    "info": ["run"],
    "sample": ["run", "-n", "2"],
    "prior": ["run", "text.txt", "--steps", "1"],
    "interpolate": ["run", "A dog.", "A cat."],
    "paraphrase": ["run", "A dog.", "-n", "1"],
    "analogy": ["run", "--from", "text.txt", "--to", "text.txt", "text.txt"],
    "score": ["series", "series.csv"],
    "split": ["text.txt"],
    "search": ["run", "text.txt", "A dog."],
    "index": ["run", "text.txt", "-o", "index", "--overwrite"],
    "duplicates": ["run", "text.txt"],
    "outliers": ["run", "text.txt"],
    "cluster": ["run", "text.txt"],
    "report": ["run", "text.txt", "-o", "made.html"],
    "plot": ["run", "text.txt", "-o", "made.svg"],
    "export": ["run", "-o", "graphs"],
}
"""Command lines that work in the folder that :func:`prepare` fills."""
STAYS = {"serve", "push"}
"""Commands that are not drawn: `serve` works until it is stopped (scripts/checks/fuzz_service.py asks the service), and
`push` writes where others can see it."""


class _TimeUp(BaseException):
    """The command has worked long enough."""


def prepare() -> None:
    """Fill the working folder with small inputs and runs."""
    lines = [
        f"{who} {does} {what}."
        for who in ("A dog", "My cat")
        for does in ("sees", "eats")
        for what in "abcdefgh"
    ]
    Path("text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("table.csv").write_text(
        "id,text\n" + "".join(f"{row},{line}\n" for row, line in enumerate(lines)), encoding="utf-8"
    )
    Path("series.csv").write_text(
        "\n".join(f"{row % 7}.5,{row % 5}\n{row % 3},1\n" for row in range(20)), encoding="utf-8"
    )
    Path("config.toml").write_text("hidden = 8\n", encoding="utf-8")
    for line in (
        ["train", "text.txt", "-o", "run", *SMALL],
        ["train", "text.txt", "-o", "slots", *SMALL, "--slots", "2"],
        ["train", "text.txt", "--target", "text.txt", "-o", "translator", *SMALL],
        ["train", "--series", "series.csv", "-o", "series", "--steps", "2", "--hidden", "4"],
        ["encode", "run", "text.txt", "-o", "vectors.npy"],
    ):
        code, said = run(line)
        if code != 0:
            raise SystemExit(f"{line}: {said}")


def run(line: list[str]) -> tuple[int, str]:
    """Run a command line in this process; return its exit code, and what it wrote to stderr."""
    done = CliRunner().invoke(app, line)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stderr


def options() -> dict[str, list[Any]]:
    """Return the options of every command."""
    group: Any = typer.main.get_command(app)
    return {
        name: [
            one
            for one in group.get_command(None, name).params
            if one.opts[0].startswith("-") and one.name != "help"
        ]
        for name in sorted(group.commands)
        if name not in STAYS
    }


def command_line(draw: random.Random, known: dict[str, list[Any]]) -> list[str]:
    """Draw a command with one to three options."""
    name = draw.choice(sorted(known))
    line = [name, *COMMANDS[name]]
    for option in draw.sample(known[name], min(len(known[name]), draw.choice([1, 1, 2, 3]))):
        spelled = draw.choice([*option.opts, *option.secondary_opts])
        line += [spelled] if option.is_flag else [spelled, draw.choice(VALUES)]
    if draw.random() < 0.1:
        line[draw.randrange(1, len(line))] = draw.choice(VALUES)
    return line


def outcome(line: list[str]) -> tuple[str, str]:
    """Run a command line in a copy of the working folder; return the kind of outcome, and what was said."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(".", folder, dirs_exist_ok=True)  # a drawn -o may well name an input
            with contextlib.chdir(folder), _limited(LONGEST):
                code, said = run([*line[:1], "--debug", *line[1:]])
    except _TimeUp:
        return "right", "still at work"
    except Exception as error:
        return "foreign", f"{type(error).__name__}: {error}"
    if code == 0:
        return "right", said
    raised = (
        re.findall(r"^(?:[\w.]*\.)?(\w+)(?::|$)", said.split("Traceback", 1)[-1], re.MULTILINE)
        if "Traceback" in said
        else []
    )
    foreign = raised and not set(raised) & OWN
    told = [one for one in said.splitlines() if one.startswith(("error: ", '{"error"'))]
    if code not in (1, 2) or foreign or len(told) != 1:
        return "foreign", said
    return "refused", told[0]


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    """Run commands with random options and count the outcomes."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # a path that is missing may be a name of the hub, which is not asked
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    draw, counts = random.Random(chosen.seed), collections.Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        prepare()
        known = {name: those for name, those in options().items() if name in COMMANDS}
        for _ in range(chosen.sets):
            line = command_line(draw, known)
            kind, said = outcome(line)
            counts[kind] += 1
            if kind == "foreign":
                print(
                    f"{kind}: textrae {' '.join(map(repr, line))}\n    {' | '.join(said.splitlines()[-3:])[-300:]}"
                )
        os.chdir("/")
    print(", ".join(f"{counts[name]:,} {name}" for name in ("right", "refused", "foreign")))


if __name__ == "__main__":
    main()
