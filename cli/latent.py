"""`textrae sample`, `interpolate`, `paraphrase`, `analogy`."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from .app import app
from .failures import note
from .options import LARGEST_SEED, Beam, Device, File, Json, Precision, RunFolder, To
from .session import load_model, print_lines, refuse_options

Seed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed: the same one gives the same sentences.")
]


Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Source of encodings: prior, posterior (of training sentences) or mixture (fitted to them); by default the prior of a model trained towards it, else the mixture.",
        show_default=False,
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        help="Temperature of the tokens' softmax, 0.01 to 100; 0 takes the most likely token each time.",
        show_default=False,
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(metavar="N", help="Draw among the N likeliest tokens, 1 or more.", show_default=False),
]
TopP = Annotated[
    float | None,
    typer.Option(
        help="Draw among the likeliest tokens of this total probability, 0.01 to 1 (default: 0.5 if no temperature or top-k is given).",
        show_default=False,
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        help="Training text: report how many samples are new and how diverse they are, beside the text's own diversity.",
        show_default=False,
    ),
]


@app.command(epilog="Example: textrae sample run -n 10 --seed 1")
def sample(
    run: RunFolder,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of sentences.")] = 10,
    source: Source = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    beam: Beam = 1,
    seed: Seed = 0,
    to: To = None,
    against: Against = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Sample new sentences, one on each line."""
    from textrae.evaluation.samples import sample_quality
    from textrae.inference.sampling import sampling_of
    from textrae.latent.draw import SOURCES

    from .reading import Input

    if source is not None and source not in SOURCES:
        raise typer.BadParameter(f"{source!r} is not {', '.join(SOURCES)}", param_hint="--from")
    sampling_of(temperature, top_k, top_p, beam, seed)  # what cannot be is refused before anything is loaded
    model = load_model(run, device, precision)
    known = None if against is None else list(Input.of(against, "auto", None, "strict", model.max_length))
    made = model.sample(
        count,
        source=source,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        beam=beam,
        seed=seed,
        to=to,
    )
    quality = sample_quality(made, known) if as_json or against is not None else None
    if as_json and quality is not None:
        typer.echo(
            json.dumps({"sentences": made, "quality": dataclasses.asdict(quality)}, ensure_ascii=False)
        )
        return
    print_lines(made)
    if quality is not None:
        note(quality.describe())


@app.command(epilog='Example: textrae interpolate run "A dog runs." "Two cats sleep." --steps 7')
def interpolate(
    run: RunFolder,
    sentences: Annotated[
        list[str], typer.Argument(help="Two sentences, or more for a path.", show_default=False)
    ],
    steps: Annotated[
        int, typer.Option(min=2, help="Steps from each sentence to the next, both included.")
    ] = 7,
    method: Annotated[
        str | None,
        typer.Option(
            help="linear or spherical; by default spherical where encodings are normalised.",
            show_default=False,
        ),
    ] = None,
    unique: Annotated[bool, typer.Option("--unique", help="Leave repeats out.")] = False,
    beam: Beam = 1,
    to: To = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Decode the path from one sentence to another; its ends are their reconstructions."""
    from textrae.latent.path import smoothness, without_repeats

    from .reading import say_cuts

    if method not in (None, "linear", "spherical"):
        raise typer.BadParameter(f"{method!r} is not linear or spherical", param_hint="--method")
    if len(sentences) < 2:
        raise typer.BadParameter("give at least two sentences", param_hint="SENTENCES")
    model = load_model(run, device, "fp32")
    way = model.interpolate(*sentences, steps=steps, method=method, beam=beam, to=to)  # type: ignore[arg-type]
    say_cuts(model)
    smooth = smoothness(way)
    shown = without_repeats(way) if unique else way
    if as_json:
        typer.echo(json.dumps({"sentences": shown, "smoothness": smooth}, ensure_ascii=False))
        return
    print_lines(shown)
    note(f"smoothness {smooth:.2f} (1: changes evenly, 0: all at once)")


@app.command(epilog='Example: textrae paraphrase run "The food was good." -n 5 --distance 0.4')
def paraphrase(
    run: RunFolder,
    sentence: Annotated[str, typer.Argument(help="The sentence to look around.", show_default=False)],
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="Number of different sentences, at most.")
    ] = 5,
    distance: Annotated[
        float,
        typer.Option(min=0.0, help="How far to look, in standard deviations of the training encodings."),
    ] = 0.4,
    seed: Seed = 0,
    to: To = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Decode encodings near that of a sentence."""
    from .reading import say_cuts

    model = load_model(run, device, "fp32")
    found = model.paraphrase(sentence, count, distance=distance, seed=seed, to=to)
    say_cuts(model)
    if as_json:
        typer.echo(json.dumps({"sentences": found}, ensure_ascii=False))
    else:
        print_lines(found)
    if len(found) < count:
        note(f"{len(found)} different sentences within {20 * count} tries; look further with --distance")


AnalogySource = Annotated[
    str, typer.Option("--from", help="File of examples of the kind to move from.", show_default=False)
]
Target = Annotated[
    str, typer.Option("--to", help="File of examples of the kind to move to.", show_default=False)
]
Strength = Annotated[
    str,
    typer.Option(
        help="Length of the step, in differences of the two kinds' means; several, joined by commas, are judged in a table."
    ),
]
AnalogySeed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the judges of several strengths.")
]
Language = Annotated[
    str | None,
    typer.Option(help="Language to write, for a run that writes several.", show_default=False),
]


@app.command(
    epilog="Example: textrae analogy run --from past.txt --to present.txt sentences.txt --strength 1.5"
)
def analogy(
    ctx: typer.Context,
    run: RunFolder,
    file: File = "-",
    source: AnalogySource = ...,  # type: ignore[assignment]
    target: Target = ...,  # type: ignore[assignment]
    strength: Strength = "1.0",
    beam: Beam = 1,
    seed: AnalogySeed = 0,
    language: Language = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Move sentences along the difference between two kinds of sentences, one on each line."""
    from textrae.errors import CorpusError
    from textrae.evaluation.transfer import sweep
    from textrae.text.blank import Filled

    from .reading import Input, say_cuts

    try:
        strengths = [float(part) for part in strength.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"{strength!r} is not numbers joined by commas", param_hint="--strength"
        ) from None
    if len(strengths) == 1:
        refuse_options(ctx, "one strength, which is not judged: give several, or leave it out", "seed")
    model = load_model(run, device, precision)

    def lines(path: str) -> list[str]:
        return list(Input.of(path, "auto", None, "strict", model.max_length))

    def examples(path: str) -> list[str]:
        filled = Filled(lines(path))
        some = list(filled)
        if filled.blank:
            note(f"{path}: {filled.blank:,} blank lines left out")
        return some

    every = Filled(lines(file))
    sentences, first, second = list(every), examples(source), examples(target)
    for path, rows in ((source, first), (target, second), (file, sentences)):
        if len(rows) < (10 if len(strengths) > 1 else 1):
            raise CorpusError(f"{path}: {len(rows)} sentences in it; give more")
    step, encoded = model.direction(first, second), model.encode(sentences)
    say_cuts(model)
    if len(strengths) == 1:
        moved = [""] * every.seen  # a blank line stays one
        for row, one in zip(every.rows, model.move(encoded, step, strengths[0], beam, language), strict=True):
            moved[row] = one
        if as_json:
            typer.echo(json.dumps({"sentences": moved}, ensure_ascii=False))
        else:
            print_lines(moved)
        return

    def move(chosen: float) -> list[str]:
        found: list[str] = model.move(encoded, step, chosen, beam, language)
        return found

    if every.blank:
        note(f"{file}: {every.blank:,} blank lines left out")
    found = sweep(move, sentences, first, second, strengths, model.run.tokenizer, seed=seed)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found)))
        return
    typer.echo(found.table())
    note(f"the classifier is right on {found.classifier:.1%} of the examples held out from it")
