"""`textrae train`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import environ
from pathlib import Path
from signal import SIGTERM
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import late_command
from .failures import in_options, naming_file, note
from .kinds import KINDS
from .options import Summary
from .output import print_json
from .session import following
from .switches import Sectioned, names_of, options, own, text_settings

if TYPE_CHECKING:
    from textrae.runs.run import Run
    from textrae.settings.run import Settings
    from textrae.training.dial import Dial
    from textrae.training.following import ProgressBar, Stopper
    from textrae.training.job import Watch

_FILES = ("valid", "target", "valid_target", "encoder", "decoder", "vectors", "valid_vectors", "teacher")
"""Options that name files to train on, beside the corpus."""


Corpus = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files of one sentence a line (.txt[.gz], .jsonl, .csv, .tsv, .parquet), folders, patterns or addresses of such files, - for standard input, or the name of a data set.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="Variant: ara (slots, both ways; the default), rae (one vector, one way), brae (one vector, both ways), vrae (variational) or hrae (hierarchical)."
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        help="What is given of --hidden, --embedding, --slots and --latent stays; the size sets the others. auto: what this machine can train in the budget.",
        metavar="[auto|small|base|large]",
    ),
]
Valid = Annotated[str | None, typer.Option(help="Validation file, instead of a share of the corpus.")]
Target = Annotated[
    list[str] | None,
    typer.Option(
        help="Translation: the file whose line N is what line N of the corpus becomes; one for each file. For a table of both, the same file with --target-column; for several languages de=FILE."
    ),
]
ValidTarget = Annotated[
    list[str] | None,
    typer.Option(help="Targets of the validation file; for several languages one of each, as de=FILE."),
]
Vectors = Annotated[
    str | None,
    typer.Option(
        help="Condition on these vectors (.npy), made by any encoder: row N belongs to line N of the corpus, which is written."
    ),
]
Teacher = Annotated[
    str | None,
    typer.Option(
        help="Vectors (.npy) that teach what sentences mean: any encoder's, row N for line N of the corpus."
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        help="Begin with the encoder of this run, and its tokenizer; a folder, or user/name of the hub."
    ),
]
Decoder = Annotated[
    str | None,
    typer.Option(
        help="Begin with the decoder of this run, and its tokenizer (of the target, with --target)."
    ),
]
CacheDir = Annotated[
    Path | None, typer.Option(help="Folder for the token cache while training (default: OUT/checkpoint).")
]
Track = Annotated[
    str | None,
    typer.Option(
        help="Pass what metrics.jsonl gets to a tracker too: tensorboard (beside OUT), wandb or trackio.",
        metavar="[tensorboard|wandb|trackio]",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the training that was stopped in OUT.")]


@late_command(options, cls=Sectioned, epilog="Example: textrae train corpus.txt -o run --minutes 10")
def train(
    ctx: typer.Context,
    corpus: Corpus = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to make.")] = Path("run"),
    model: Model = None,
    size: Size = None,
    valid: Valid = None,
    target: Target = None,
    valid_target: ValidTarget = None,
    vectors: Vectors = None,
    valid_vectors: Annotated[str | None, typer.Option(help="Vectors of the validation file.")] = None,
    teacher: Teacher = None,
    encoder: Encoder = None,
    decoder: Decoder = None,
    cache_dir: CacheDir = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings; options override it.")] = None,
    track: Track = None,
    resume: Resume = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in OUT.")] = False,
    as_json: Summary = False,
    **switches: Any,
) -> None:
    """Train an autoencoder on your own sentences, or on real-valued series."""
    given = {
        name: value for name, value in ctx.params.items() if value is not None and name not in _outside()
    }
    for name, kind in KINDS.items():
        if switches.get(name):
            _refuse_processes(name)
            unfit = [one for one in ("corpus", *_FILES, "resume", "cache_dir") if ctx.params[one]]
            kind.train(ctx, switches[name], given, unfit, out, config, overwrite)
            return
    if switches["target_column"] is not None and not target:
        target = list(corpus or ())
    files = _files(ctx.params, corpus or [], target or [], valid_target or [])
    _quiet_torch()
    from textrae.training.dial import Dial
    from textrae.training.following import ProgressBar, Stopper
    from textrae.training.pipeline import train_run
    from textrae.training.processes import place
    from textrae.training.token_cache import stopped_training

    stopped = stopped_training(out) if resume else None
    with naming_file(config, given):
        if stopped is None:
            settings, dial = _new_settings(_values(given, config), files, resume)
        else:
            settings, dial = _same_settings(_values(given, config), files, stopped.settings), Dial()
    stopper, progress = Stopper(), ProgressBar(partial(in_options, ctx))
    with stopper, _followed(progress, stopper, track, out, resume) as watch:
        run, finished = train_run(
            settings,
            out,
            resume=stopped or resume,
            overwrite=overwrite,
            cache_dir=cache_dir,
            watch=watch,
            dial=dial,
        )
    if place()[0]:  # process 0 tells what came of it
        raise typer.Exit(0 if finished else 128 + (stopper.signal or SIGTERM))
    if as_json:
        print_json({"run": out, "kind": "text", **run.training})
    if not finished:
        note(
            f"stopped at step {run.training['step']:,}; {out} is usable as it is, continue with: textrae train --resume -o {out}"
        )
        raise typer.Exit(128 + (stopper.signal or SIGTERM))
    _tell(run, out)


@contextmanager
def _followed(
    progress: ProgressBar, stopper: Stopper, track: str | None, out: Path, resume: bool
) -> Iterator[Watch]:
    """Show the progress of a training and pass it to a tracker; of several processes only the first is followed."""
    from textrae.training.job import Watch
    from textrae.training.processes import place

    if place()[0]:
        yield Watch(should_stop=stopper)
        return
    with progress, following(track, out, Watch(progress.note, progress.report, stopper), resume) as watch:
        yield watch


def _quiet_torch() -> None:
    """Have torch, before it is imported, not warn of what DistributedDataParallel is asked for on purpose."""
    if environ.get("WORLD_SIZE", "1") != "1":
        environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")


def _refuse_processes(kind: str) -> None:
    """Reject training a kind of run that one process trains on several of torchrun.

    Raises:
        ConfigError: there are several.
    """
    from textrae.errors import ConfigError
    from textrae.training.processes import place

    if place()[1] > 1:
        raise ConfigError(f"`{kind}`: trains in one process; start it without torchrun")


def _tell(run: Run, out: Path) -> None:
    """Say what came of a training, and what to do with it."""
    skipped = run.training["skipped_steps"]
    if skipped:
        note(f"{skipped} steps were left out because their gradient was not finite")
    use = "reconstruct {} FILE"
    if run.settings.model.vectors:
        use = "decode {} VECTORS.npy"
    elif run.translates:
        use = "translate {} FILE"
    note(f"{out}: validation loss {run.training['valid_loss']:.4f}; try: textrae {use.format(out)}")


def _files(
    given: dict[str, Any], corpus: list[str], target: list[str], valid_target: list[str]
) -> dict[str, Any]:
    """Return the settings that name files to train on, and the languages of targets."""
    files = {name: given[name] for name in _FILES}
    files["sources"] = tuple(corpus)
    files["target_languages"], files["target"] = _languages("target", target)
    files["valid_languages"], files["valid_target"] = _languages("valid_target", valid_target)
    return files


def _languages(setting: str, targets: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split de=FILE into languages and files; a file whose own name has a = in it is a file."""
    from textrae.errors import ConfigError

    found = [re.fullmatch(r"(\w[\w-]{0,15})=(.+)", target) for target in targets]
    named = [None if match and Path(match[0]).exists() else match for match in found]
    if not any(named):
        return (), tuple(targets)
    if not all(named):
        raise ConfigError(f"`{setting}`: name the language of every target (de=FILE), or of none")
    return tuple(match[1] for match in named if match), tuple(match[2] for match in named if match)


def _outside() -> set[str]:
    """Return the options of `train` that are no settings, which a TOML file cannot give."""
    return {
        "corpus",
        "out",
        *_FILES,
        "cache_dir",
        "config",
        "track",
        "resume",
        "overwrite",
        "as_json",
        *KINDS,
    }


def _values(given: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """Return the settings of the TOML file, and over them those of the options.

    Raises:
        ConfigError: a name is unknown, or belongs to another kind of run or to the command line.
    """
    from textrae.errors import ConfigError
    from textrae.settings.command import RENAMED
    from textrae.settings.files import merged, read_toml

    known = {"model", "size", *(name for cls in text_settings().values() for name in names_of(cls))}
    settings = {switch: setting for setting, switch in RENAMED.items()}
    values = {settings.get(name, name): value for name, value in given.items()}
    for name, kind in KINDS.items():
        others = {field for cls in kind.settings() for field in names_of(cls)} - known
        if alien := others & values.keys():
            raise ConfigError(f"`{min(alien)}`: is for --{name} FILE; leave it out, or give that")
    stored = read_toml(config) if config else {}
    if outside := _outside() & stored.keys():
        raise ConfigError(
            f"{config}: {min(outside)}: is no setting of a model or a training; give it on the command line"
        )
    values = merged(stored, values)
    if unknown := values.keys() - known:
        raise ConfigError(f"{config}: {min(unknown)}: no such setting; `textrae train --help` lists them")
    return values


def _new_settings(values: dict[str, Any], files: dict[str, Any], resume: bool) -> tuple[Settings, Dial]:
    """Return the settings of a training that begins, and what may still be chosen of its model."""
    from textrae.errors import ConfigError
    from textrae.settings.files import build
    from textrae.settings.run import Settings
    from textrae.training.dial import shaped
    from textrae.training.transplant import adopted

    named = set(values) - {"model", "size"}
    values, size = _named(values)
    if not resume and not files["sources"]:
        raise ConfigError("no corpus: name a file of one sentence a line, or - for standard input")
    kinds = text_settings()
    begun = files["encoder"] is not None or files["decoder"] is not None
    model, dial = shaped(own(kinds.pop("Model"), values), size, vectors=bool(files["vectors"]), begun=begun)
    made: list[Any] = [build(cls, own(cls, values)) for cls in kinds.values()]
    return adopted(Settings(model, *made, **files), values, named), dial


def _named(values: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Return settings with those of the variant that they name, and the size that they ask for.

    Raises:
        ConfigError: there is no such variant.
    """
    from textrae.errors import ConfigError
    from textrae.settings.model import PRESETS

    others = {name: value for name, value in values.items() if name not in ("model", "size")}
    preset: Any = values.get("model")
    if preset is not None and preset not in PRESETS:
        raise ConfigError(f"--model {preset}: there are {', '.join(PRESETS)}")
    return {**PRESETS.get(preset, {}), **others}, values.get("size", "auto")


def _same_settings(values: dict[str, Any], files: dict[str, Any], stored: Settings) -> Settings:
    """Return the settings of a stopped training, of which those that are given again must be the same.

    Raises:
        ConfigError: one is another, naming its option.
    """
    from textrae.errors import ConfigError
    from textrae.settings.files import to_dict
    from textrae.settings.model import ModelConfig
    from textrae.settings.rules import refuse_another_size, refuse_ineffective

    named = set(values) - {"model", "size"}
    values, size = _named(values)
    refuse_another_size(size, own(ModelConfig, values), stored.model, translates=bool(stored.target))
    parts = stored.model, stored.corpus, stored.training
    base = {name: value for part in parts for name, value in to_dict(part).items()}
    base["seed"] = stored.training.seed
    for name in ("max_length", "batch_tokens"):
        if values.get(name) == "auto":  # which has found the stored number
            del values[name]
    for name, value in values.items():
        if value != base[name]:
            raise ConfigError(
                f"`{name}`: the training to be resumed has {base[name]}, not {value}; leave it out"
            )
    refuse_ineffective(named, stored)
    switches = {"sources": "the corpus", "target_languages": "`target`", "valid_languages": "`valid_target`"}
    for name, value in files.items():
        if value and value != getattr(stored, name):
            raise ConfigError(
                f"{switches.get(name, f'`{name}`')}: is another one than that of the training to be resumed; leave it out"
            )
    return stored
