"""`textrae sample`, `interpolate`, `paraphrase`, `analogy`."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app
from .failures import note
from .options import LARGEST_SEED, Beam, Device, File, Json, Out, Precision, RunFolder, To
from .output import Output
from .session import load_model, refuse_options

if TYPE_CHECKING:
    from textrae.latent.boundary import Least
    from textrae.model import SentenceAutoencoder
    from textrae.text.blank import Filled

_JUDGED = 10
"""Least sentences of each file that the judges of `analogy` need."""

Seed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed: the same one gives the same sentences.")
]


Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Source of encodings: prior, posterior (of training sentences), mixture (fitted to them) or flow (that `textrae prior` has fitted); by default the flow where there is one, else the prior of a model trained towards it, else the mixture.",
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
        help="Draw among the likeliest tokens of this total probability, 0.01 to 1 (default: if no temperature or top-k is given 0.5, or 0.9 where the decoder knows noise).",
        show_default=False,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        help="Class of the sentences, of those that `textrae prior --labels` taught.", show_default=False
    ),
]
Length = Annotated[
    float | None,
    typer.Option(
        help="Tokens of the sentences, about; for a run with a `textrae prior`.", show_default=False
    ),
]
Guidance = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=100.0,
        help="How strongly --label and --length count: 1 as learnt, more for what is typical of them.",
    ),
]
Blur = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        help="Level of noise that a decoder trained with --blur is told of: 0 follows encodings to the letter, 1 ignores them (default: 0.3 for samples, 0.15 half-way between sentences, 0.5 for moved ones).",
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


Nearest = Annotated[
    bool,
    typer.Option(
        "--nearest",
        help="With --against: after each sentence the closest one of that text and how many words differ, joined by tabs.",
    ),
]


@app.command(epilog="Example: textrae sample run -n 10 --seed 1")
def sample(
    run: RunFolder,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="Number of sentences.")] = 10,
    source: Source = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    beam: Beam = 1,
    seed: Seed = 0,
    to: To = None,
    label: Label = None,
    length: Length = None,
    guidance: Guidance = 1.0,
    blur: Blur = None,
    against: Against = None,
    nearest: Nearest = False,
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Sample new sentences, one on each line."""
    from textrae.evaluation.closest import closest
    from textrae.evaluation.samples import sample_quality
    from textrae.inference import arguments
    from textrae.inference.sampling import sampling_of
    from textrae.latent.draw import SOURCES

    from .reading import Input

    if nearest and against is None:
        raise typer.BadParameter(
            "finds sentences of the text of --against, which is missing", param_hint="--nearest"
        )
    chosen = None if source is None else arguments.choice("source", source, SOURCES)
    sampling_of(temperature, top_k, top_p, beam, seed)  # what cannot be is refused before anything is loaded
    with Output(out, as_json, against) as output:
        model = load_model(run, device, precision)
        known = None if against is None else list(Input.of(against, "auto", None, "strict", model.max_length))
        made = model.sample(
            count,
            source=chosen,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            beam=beam,
            seed=seed,
            to=to,
            label=label,
            length=length,
            guidance=guidance,
            blur=blur,
        )
        quality = sample_quality(made, known) if made and (as_json or against is not None) else None
        near = closest(made, known) if nearest and known is not None else None
        if as_json:
            found = {} if near is None else {"nearest": [dataclasses.asdict(one) for one in near]}
            output.json({"sentences": made, "quality": quality, **found})
        elif near is not None:
            output.lines(
                f"{text}\t{one.edits} of {one.of}\t{one.text}" for text, one in zip(made, near, strict=True)
            )
        else:
            output.rows(text=made)
    if quality is not None and not as_json:
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
            help="linear, spherical, or flow (along what `textrae prior` has learnt); by default spherical where encodings are normalised or the decoder knows noise.",
            show_default=False,
        ),
    ] = None,
    unique: Annotated[bool, typer.Option("--unique", help="Leave repeats out.")] = False,
    blur: Blur = None,
    beam: Beam = 1,
    to: To = None,
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Decode the path from one sentence to another; its ends are their reconstructions."""
    from textrae.inference import arguments
    from textrae.latent.path import METHODS, smoothness, without_repeats

    from .reading import say_cuts

    way_of = None if method is None else arguments.choice("method", method, METHODS)
    if len(sentences) < 2:
        raise typer.BadParameter("give at least two sentences", param_hint="SENTENCES")
    with Output(out, as_json) as output:
        model = load_model(run, device, "fp32")
        way = model.interpolate(*sentences, steps=steps, method=way_of, beam=beam, to=to, blur=blur)
        say_cuts(model)
        smooth = smoothness(way)
        shown = without_repeats(way) if unique else way
        if as_json:
            output.json({"sentences": shown, "smoothness": smooth})
        else:
            output.rows(text=shown)
    if not as_json:
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
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Decode encodings near that of a sentence."""
    from .reading import say_cuts

    with Output(out, as_json) as output:
        model = load_model(run, device, "fp32")
        found = model.paraphrase(sentence, count, distance=distance, seed=seed, to=to)
        say_cuts(model)
        if as_json:
            output.json({"sentences": found})
        else:
            output.rows(text=found)
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
        help="Length of the step, in differences of the two kinds' means, or least: of many moves of a sentence the one that keeps "
        "most of it and is of the other kind when read again. Several, joined by commas, are judged in a table."
    ),
]
AnalogySeed = Annotated[
    int,
    typer.Option(
        min=0, max=LARGEST_SEED, help="Seed of the judges of several strengths, or of one with --json."
    ),
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
    blur: Blur = None,
    beam: Beam = 1,
    seed: AnalogySeed = 0,
    language: Language = None,
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Move sentences along the difference between two kinds of sentences, one on each line."""
    strengths = _strengths(strength)
    if len(strengths) == 1 and not as_json:
        refuse_options(
            ctx,
            "one strength, which is judged only with --json: give that, or several, or leave it out",
            "seed",
        )
    with Output(out, as_json, file, source, target) as output:
        model = load_model(run, device, precision)
        _move(output, model, (file, source, target), strengths, seed, beam=beam, to=language, blur=blur)


def _strengths(text: str) -> list[float | Least]:
    """Read finite numbers, or `least`, joined by commas."""
    found: list[float | Least] = []
    for part in text.split(","):
        try:
            number = float(part)
        except ValueError:
            number = math.nan
        if part.strip() == "least":
            found.append("least")
        elif math.isfinite(number):
            found.append(number)
        else:
            raise typer.BadParameter(
                f"{text!r} is not numbers, or least, joined by commas", param_hint="--strength"
            )
    return found


def _move(
    output: Output,
    model: SentenceAutoencoder,
    files: tuple[str, str, str],
    strengths: list[float | Least],
    seed: int,
    **writing: Any,
) -> None:
    """Write the sentences of a file moved with one strength, or how they do with several.

    Args:
        output: where to.
        model: what encodes and decodes.
        files: sentences to move, examples of the kind to move from, and of the kind to move to.
        strengths: lengths of the step.
        seed: of the judges.
        writing: options of :meth:`textrae.model.SentenceAutoencoder.move`.
    """
    from textrae.evaluation.transfer import sweep

    from .reading import say_cuts

    every, sentences, first, second = _read_kinds(model, files, _JUDGED if len(strengths) > 1 else 1)
    find = model.boundary if "least" in strengths else model.direction
    step: Any = find(first, second)
    encoded = model.encode(sentences)
    say_cuts(model)
    moved: dict[float | Least, list[str]] = {}

    def move(chosen: float | Least) -> list[str]:
        given = sentences if chosen == "least" else encoded
        found: list[str] = model.move(given, step, chosen, **writing)
        moved[chosen] = found
        return found

    def written(chosen: float | Least) -> list[str]:
        placed = [""] * every.seen  # a blank line stays one
        for row, one in zip(every.rows, moved[chosen] if chosen in moved else move(chosen), strict=True):
            placed[row] = one
        return placed

    if len(strengths) == 1 and not output.as_json:
        output.rows(text=written(strengths[0]))
        return
    if min(map(len, (sentences, first, second))) < _JUDGED:  # of one strength
        output.json({"classifier": None, "strength": strengths[0], "sentences": written(strengths[0])})
        note(f"no scores: the judges need {_JUDGED} sentences in each of the three files")
        return
    if every.blank:
        note(f"{files[0]}: {every.blank:,} blank lines left out")
    found = sweep(move, sentences, first, second, strengths, model.run.tokenizer, seed=seed)
    told = [{**dataclasses.asdict(row), "sentences": written(row.strength)} for row in found.rows]
    if not output.as_json:
        output.text(found.table())
        note(f"the classifier is right on {found.classifier:.1%} of the examples held out from it")
    elif len(told) == 1:
        output.json({"classifier": found.classifier, **told[0]})
    else:
        output.json({"classifier": found.classifier, "rows": told})


def _read_kinds(
    model: SentenceAutoencoder, files: tuple[str, str, str], least: int
) -> tuple[Filled, list[str], list[str], list[str]]:
    """Read what is moved, which lines of it are blank, and the examples of both kinds, at least some of each."""
    from textrae.errors import CorpusError
    from textrae.text.blank import Filled

    from .reading import Input

    parts = [Filled(list(Input.of(file, "auto", None, "strict", model.max_length))) for file in files]
    rows = [list(part) for part in parts]
    for file, part in list(zip(files, parts, strict=True))[1:]:
        if part.blank:
            note(f"{file}: {part.blank:,} blank lines left out")
    for file, some in zip(files, rows, strict=True):
        if len(some) < least:
            raise CorpusError(f"{file}: {len(some)} sentences in it; give more")
    moved, first, second = rows
    return parts[0], moved, first, second
