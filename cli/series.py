"""`textrae train --series`, `score`, and `encode`, `reconstruct`, `evaluate`, `report` and `plot` on a run of series."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import late_command
from .failures import in_options, naming_file, note
from .kinds import KINDS, Kind, KindCommand
from .options import Json, Out, RunFolder, check_device
from .output import Output, print_json, put_picture, refuse_inputs
from .session import following
from .switches import names_of, options_of, own

if TYPE_CHECKING:
    from textrae.report.blocks import Report
    from textrae.series.data import Series
    from textrae.series.model import SeriesAutoencoder
    from textrae.series.settings import SeriesFormat
    from textrae.series.training import SeriesReport

SeriesFile = Annotated[
    str,
    typer.Argument(
        help="Series (.csv, .npy, .parquet; other endings are read as .csv); - for standard input."
    ),
]


def train_series(
    ctx: typer.Context,
    files: list[str],
    given: Mapping[str, Any],
    unfit: list[str],
    out: Path,
    config: Path | None,
    overwrite: bool,
) -> None:
    """Train as `textrae train --series` does.

    Args:
        ctx: context of the command.
        files: the files of series.
        given: settings from the switches.
        unfit: switches given that are no settings and have no meaning here.
        out: the run folder to make.
        config: a TOML file of settings.
        overwrite: whether what is in `out` may go.
    """
    from textrae.runs.folder import claimed
    from textrae.series.model import SeriesAutoencoder
    from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
    from textrae.series.training import SeriesWatch
    from textrae.settings.files import build
    from textrae.training.following import ProgressBar, Stopper

    values = _series_values(given, unfit, config)
    with naming_file(config, given):
        model, format, training = (
            build(SeriesConfig, own(SeriesConfig, values)),
            build(SeriesFormat, own(SeriesFormat, values)),
            build(SeriesTraining, own(SeriesTraining, values)),
        )
    stopper, progress = Stopper(), ProgressBar(partial(in_options, ctx))
    watch = SeriesWatch(progress.note, lambda report: _show(progress, report), stopper)
    with (
        claimed(out, overwrite=overwrite),
        stopper,
        progress,
        following(ctx.params["track"], out, watch) as watch,
    ):
        trained = SeriesAutoencoder.train(files, model, training, format=format, watch=watch)
        place = out if overwrite else _unwritten(out)
        trained.save(place, overwrite=True)
    if place != out:
        note(f"{out}: another run was written there meanwhile; this one is in {place}")
        out = place
    result = trained.run.training
    if ctx.params["as_json"]:
        print_json({"run": out, "kind": "series", **result})
    if not result["finished"]:
        note(f"stopped at step {result['step']:,}; {out} holds the best model so far")
        raise typer.Exit(128 + stopper.signal)
    note(f"{out}: validation loss {result['valid_loss']:.4g}; try: textrae score {out} FILE")


def _unwritten(out: Path) -> Path:
    """`out`, or if something was written there while it trained, a folder beside it: what was trained is not to be lost."""
    from textrae.runs.folder import contents

    places = (out, *(out.with_name(f"{out.name}-{n}") for n in range(2, 100)))
    return next(place for place in places if not place.exists() or not contents(place))


def _series_values(given: Mapping[str, Any], unfit: list[str], config: Path | None) -> dict[str, Any]:
    """Return the settings of the TOML file and the options, refusing those that are not for series."""
    from textrae.errors import ConfigError
    from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
    from textrae.settings.files import merged, read_toml

    known = set().union(*map(names_of, (SeriesConfig, SeriesFormat, SeriesTraining)))
    for name in [*unfit, *given]:
        if name not in known:
            switch = "a corpus" if name == "corpus" else f"--{name.replace('_', '-')}"
            raise ConfigError(f"{switch}: is for sentences; with --series, leave it out")
    stored = read_toml(config) if config else {}
    if unknown := stored.keys() - known:
        raise ConfigError(f"{config}: {min(unknown)}: no such setting of a series model; leave it out")
    return merged(stored, given)


def _show(progress: Any, report: SeriesReport) -> None:
    progress.note(report.described())
    progress.bar.n = report.done
    progress.bar.refresh()


def reconstruct_series(run: Path, file: str, options: Mapping[str, Any]) -> None:
    """Rebuild the series of a file as `textrae reconstruct` does with a run of series."""
    from textrae.series.writing import check_ending, check_place, csv_lines, origins, write_series

    out, as_json = options["out"], options["as_json"]
    out = None if str(out) == "-" else out
    if out is not None and not as_json:
        refuse_inputs(out, file)
        check_ending(out)
    model = _load(run, options["device"])
    source, format = _read(model, file, options)
    if out is not None and not as_json:
        check_place(out, source, format)
    rebuilt = dataclasses.replace(source, values=model.reconstruct(source))
    if out is not None and not as_json:
        write_series(out, rebuilt, format)
        note(f"{out}: {len(rebuilt):,} sequences of {model.dim} dimensions a step")
        return
    with Output(out, as_json, file) as output:
        if as_json:
            output.rows(**origins(rebuilt), reconstruction=rebuilt.values)
        else:
            output.write("".join(csv_lines(rebuilt, format)))


def encode_series(run: Path, file: str, options: Mapping[str, Any]) -> None:
    """Encode the series of a file as `textrae encode` does with a run of series."""
    from textrae.inference import arguments
    from textrae.series.writing import ENCODING_ENDINGS, check_ending, check_writable, write_encodings

    out, pooling, printed = Path(options["out"]), options["pooling"] or "last", options["out"] == "-"
    arguments.choice("pooling", pooling, ("last", "mean"))
    if printed and options["as_json"]:
        raise typer.BadParameter(
            "-o - prints the vectors as JSON; leave one of them out", param_hint="--json"
        )
    refuse_inputs(out, file)
    if not printed:
        check_ending(out, ENCODING_ENDINGS)
        check_writable(out)
    model = _load(run, options["device"])
    source, _ = _read(model, file, options)
    vectors = model.encode(source, pooling=pooling)  # type: ignore[arg-type]
    write_encodings(sys.stdout if printed else out, source, vectors)
    note(
        f"{'standard output' if printed else out}: {len(vectors):,} vectors of {vectors.shape[1]} dimensions"
    )
    if options["as_json"]:
        print_json({"out": out, "vectors": len(vectors), "dimensions": vectors.shape[1], "pooling": pooling})


def evaluate_series(run: Path, file: str, options: Mapping[str, Any]) -> None:
    """Measure how the series of a file are rebuilt as `textrae evaluate` does with a run of series."""
    with Output(options["out"], options["as_json"], file) as output:
        model = _load(run, options["device"])
        found = model.evaluate(_read(model, file, options)[0])
        if output.as_json:
            output.json(found)
        else:
            output.text(found.table())


def report_series(run: Path, file: str, options: Mapping[str, Any]) -> None:
    """Write the page of a run of series as `textrae report` does."""
    from textrae.report.page import FOOTER, page

    if options["out"] is None and options["as_json"]:
        print_json(_report(run, file, options).figures)
        return
    with Output(options["out"], False, file or None) as output:
        found = _report(run, file, options)
        output.text(page(found, FOOTER).rstrip("\n"))
    if options["as_json"]:
        print_json(found.figures)


def plot_series(run: Path, file: str, options: Mapping[str, Any]) -> None:
    """Draw one picture of a run of series as `textrae plot` does."""
    from textrae.inference import arguments
    from textrae.pictures.files import check_picture
    from textrae.report.numbers import PICTURES

    what, out = arguments.choice("what", options["what"], PICTURES), options["out"]
    if out is not None:
        check_picture(out)
        refuse_inputs(out, file or None)
    found = _report(run, file, options)
    reason = "give a FILE of series" if not file else "this run has nothing to draw of it"
    put_picture(found, what, out, options["as_json"], reason)


def _report(run: Path, file: str, options: Mapping[str, Any]) -> Report:
    """Return the report of a run, measured on a file if there is one."""
    from textrae.report.numbers import Rebuilding, SeriesStudy, series_report
    from textrae.runs.folder import METRICS
    from textrae.runs.metrics import read_metrics
    from textrae.series.run import series_command

    model = _load(run, options["device"])
    settings, result = model.run.settings, model.run.training
    name = run.resolve().name or str(run)
    rebuilding = None
    if file:
        source, _ = _read(model, file, options)
        errors = [(one.name, one.rmse, one.explained) for one in model.evaluate(source).dimensions]
        values = source.values, model.reconstruct(source), model.score(source)
        rebuilding = Rebuilding(Path(file).name, *values, errors)
    facts = {
        "model": f"{settings.model.cell.upper()}, {settings.model.hidden} units, {model.dim} dimensions a step",
        "trained on": ", ".join(Path(one).name for one in settings.sources) or "sequences given in memory",
        **{
            told: f"{result[told]:,}"
            for told in ("sequences", "steps", "step")
            if isinstance(result.get(told), int)
        },
    }
    if isinstance(result.get("valid_loss"), float):
        facts["validation loss"] = f"{result['valid_loss']:.4g}"
    reports, _ = read_metrics(run / METRICS)
    return series_report(
        SeriesStudy(name, facts, series_command(settings, name), reports, result, rebuilding)
    )


def _format_options(about: str = "") -> list[inspect.Parameter]:
    """Return the options that tell how series lie in a file; `about` says that they are for series."""
    from textrae.series.settings import SeriesFormat

    return list(options_of(SeriesFormat, about))


@late_command(_format_options, epilog="Example: textrae score run series.csv > errors.tsv")
def score(
    run: RunFolder,
    file: SeriesFile = "-",
    units: Annotated[
        str, typer.Option(help="scaled: the values that the model sees, all columns alike; or data.")
    ] = "scaled",
    out: Out = None,
    as_json: Json = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    **format: Any,
) -> None:
    """Print the reconstruction error of each series, (1/T) Σ ‖x̂ - x‖²: high for an unusual one."""
    from textrae.inference import arguments
    from textrae.series.writing import origins

    arguments.choice("units", units, ("scaled", "data"))
    with Output(out, as_json, file) as output:
        model = _load(run, device)
        series, _ = _read(model, file, format)
        errors = model.score(series, units=units)  # type: ignore[arg-type]
        found = origins(series)
        names = [name for name in found if name != "label"]
        columns = {**{name: found[name] for name in names}, "error": errors.tolist(), **found}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if as_json:
            output.json({"units": units, "mean": float(errors.mean()), "sequences": rows})
            return
        output.lines(["\t".join(rows[0])])
        output.lines(
            "\t".join(f"{value:.9g}" if isinstance(value, float) else str(value) for value in row.values())
            for row in rows
        )


def _load(run: Path, device: str) -> SeriesAutoencoder:
    check_device(device)
    from textrae.series.model import SeriesAutoencoder

    return SeriesAutoencoder.load(run, device=device)


def _read(model: SeriesAutoencoder, file: str, options: Mapping[str, Any]) -> tuple[Series, SeriesFormat]:
    """Read the series of a file in the format that the run was trained on, as the options change it."""
    from textrae.series.reading import inherited
    from textrae.series.settings import SeriesFormat
    from textrae.settings.files import build, to_dict

    stored = to_dict(inherited(model.run.settings.format, file))
    given = {name: value for name, value in own(SeriesFormat, options).items() if value is not None}
    if given.get("layout", stored["layout"]) != stored["layout"]:
        stored |= {"labels": False, "frame": 1, "columns": None}
    if "window" in given:
        stored["stride"] = None
    format = build(SeriesFormat, {**stored, **given})
    series = model.read(file, format)
    for line in series.notes:
        note(line)
    return series, format


def _settings() -> tuple[type, ...]:
    from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining

    return SeriesConfig, SeriesFormat, SeriesTraining


def _info(run: Path) -> dict[str, Any]:
    from textrae.series.model import SeriesAutoencoder

    return SeriesAutoencoder.load(run, device="cpu").info()


def _option(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


Files = Annotated[
    list[str] | None,
    typer.Option(
        "--series",
        help="File of real-valued sequences (.csv, .npy, .parquet) instead of a corpus; may be repeated.",
    ),
]
Pooling = Annotated[
    str | None,
    typer.Option(
        help="Of series: the last state (last, the default) or the mean one (mean).", show_default=False
    ),
]
KINDS["series"] = Kind(
    section="Series of numbers",
    train_option=_option("series", Files),
    settings=_settings,
    train=train_series,
    commands={
        "reconstruct": KindCommand(
            lambda: _format_options("Of series"), ("out", "as_json", "device"), reconstruct_series
        ),
        "encode": KindCommand(
            lambda: [_option("pooling", Pooling), *_format_options("Of series")],
            ("out", "as_json", "device"),
            encode_series,
        ),
        "report": KindCommand(
            lambda: _format_options("Of series"), ("places", "out", "as_json", "device"), report_series
        ),
        "plot": KindCommand(
            lambda: _format_options("Of series"), ("places", "what", "out", "as_json", "device"), plot_series
        ),
        "evaluate": KindCommand(
            lambda: _format_options("Of series"), ("out", "as_json", "device"), evaluate_series
        ),
    },
    info=_info,
)
