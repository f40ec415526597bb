"""`textrae evaluate`, `attention` and `info`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app, late_command
from .failures import in_options, note, plain
from .kinds import KINDS, done_by_kind, options_for
from .options import (
    LARGEST_SEED,
    Column,
    CorpusFormat,
    Delimiter,
    Device,
    Errors,
    File,
    Json,
    Out,
    Precision,
    RunFolder,
    To,
)
from .output import Output, print_json
from .places import run_place
from .session import load_model, refuse_options
from .suite import Beside, Picture, SentencesTo, Suite, evaluate_suite

if TYPE_CHECKING:
    from textrae.model import SentenceAutoencoder

    from .reading import Input

_DIAGNOSED = 2_000
"""Sentences whose posteriors are compared with one another."""
_TRANSLATING = ("compare", "to", "beam", "length_penalty", "target_column")
"""Options of `evaluate` for translations only."""


Tokenize = Annotated[
    str,
    typer.Option(
        help="BLEU's tokenizer: auto, none, 13a, intl, zh, char, ja-mecab or ko-mecab. auto is none, and 13a with --target; "
        "where spaces part no words it is zh for Chinese, ja-mecab for Japanese if installed, or else char.",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(help="References, one a line: measure translation.", show_default=False),
]
TargetColumn = Annotated[
    str | None, typer.Option(help="Column of a table that holds the references.", show_default=False)
]
Vectors = Annotated[
    Path | None,
    typer.Option(help="Vectors of FILE's sentences, for a run that reads vectors.", show_default=False),
]
Compare = Annotated[
    Path | None,
    typer.Option(
        help="With --target: another run to compare with, by paired bootstrap.",
        parser=run_place,
        metavar="RUN",
        show_default=False,
    ),
]
LengthPenalty = Annotated[
    float, typer.Option(help="With --target: power of the length that hypotheses are compared by.")
]
Samples = Annotated[
    int,
    typer.Option(
        min=0, help="Draws of the importance-weighted likelihood of a variational model; 0 leaves it out."
    ),
]
Seed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of these draws, and of all that a suite draws.")
]


@late_command(options_for("evaluate"), epilog="Example: textrae evaluate run test.txt --json")
def evaluate(
    ctx: typer.Context,
    run: RunFolder,
    file: File = "-",
    corpus_format: CorpusFormat = "auto",
    column: Column = None,
    delimiter: Delimiter = None,
    errors: Errors = "strict",
    tokenize: Tokenize = "auto",
    target: Target = None,
    target_column: TargetColumn = None,
    vectors: Vectors = None,
    compare: Compare = None,
    to: To = None,
    beam: Annotated[int, typer.Option(min=1, help="With --target: hypotheses kept at every step.")] = 5,
    length_penalty: LengthPenalty = 1.0,
    samples: Samples = 0,
    suite: Suite = None,
    beside: Beside = None,
    sentences_to: SentencesTo = None,
    picture: Picture = None,
    seed: Seed = 0,
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
    **others: Any,
) -> None:
    """Measure reconstruction by length (accuracy, exact match, BLEU, chrF, perplexity) and use of the latent."""
    if done_by_kind(ctx, "evaluate", run, file, others):
        return
    if suite is not None:
        evaluate_suite(ctx, run, suite, sentences_to, picture, out)
        return
    from textrae.evaluation.tokenization import TOKENIZERS, check_tokenizer
    from textrae.inference import arguments

    from .reading import Input, say_cuts

    arguments.choice("tokenize", tokenize, ("auto", *TOKENIZERS))
    check_tokenizer(tokenize)
    _refuse_unused(ctx)
    with Output(out, as_json, file, target, vectors) as output:
        model = load_model(run, device, precision)
        source = Input.of(file, corpus_format, column, errors, model.max_length, delimiter)
        if target is None:
            _evaluate_reconstruction(ctx, output, model, source, vectors, tokenize, (samples, seed))
            return
        references = Input.of(target, corpus_format, target_column, errors, model.max_length, delimiter)
        models = [model, *([] if compare is None else [load_model(compare, device, precision)])]
        for folder, one, switch in zip((run, compare), models, ("--target", "--compare"), strict=False):
            _refuse_untranslating(folder, one, switch, beam, to)
        decoding = beam, length_penalty, to
        _evaluate_translation(output, models, list(source), list(references), tokenize, decoding)
        source.say()
        references.say()
        for one in models:
            say_cuts(one)


def _refuse_unused(ctx: typer.Context) -> None:
    """Raise a usage error if an option was given that the others leave nothing to do for."""
    refuse_options(ctx, "sentences: give --suite too", "beside", "sentences_to", "picture")
    if ctx.params["target"] is None:
        refuse_options(ctx, "reconstruction: give --target too", *_TRANSLATING)
    else:
        refuse_options(ctx, "translations: leave --target out", "vectors", "samples", "seed")
    if ctx.params["beam"] == 1:
        refuse_options(ctx, "a beam of 1, which compares nothing", "length_penalty")
    if not ctx.params["samples"]:
        refuse_options(ctx, "reconstruction only: give --samples too", "seed")


def _evaluate_reconstruction(
    ctx: typer.Context,
    output: Output,
    model: SentenceAutoencoder,
    source: Input,
    vectors: Path | None,
    tokenize: str,
    draws: tuple[int, int],
) -> None:
    """Measure how a model rebuilds sentences, and a variational one's posteriors and likelihood (draws and their seed)."""
    import numpy as np

    from textrae.errors import ConfigError, CorpusError
    from textrae.evaluation.measures import refuse_unlikely
    from textrae.inference.vectors import read_vectors
    from textrae.text.blank import is_blank

    run = ctx.params["run"]
    if model.run.translates:
        raise ConfigError(f"{run}: was trained to translate; give the references with --target")
    lines = list(source)
    source.say()
    filled = [line for line in lines if not is_blank(line)]
    if not filled:
        what = f"its {len(lines):,} lines are blank" if lines else "no sentence in it"
        raise CorpusError(f"{source.file}: {what}; give a file of one sentence a line")
    samples, seed = draws
    if samples:
        refuse_unlikely(model.engine)
    if (vectors is None) == (model.engine.network.adapter is not None):
        needs = (
            "reads vectors: give those of the sentences with" if vectors is None else "reads text: leave out"
        )
        raise ConfigError(f"{run}: {needs} --vectors")
    given = None
    if vectors is not None:
        blocks = list(read_vectors(vectors, model.run.settings.model.read_size))
        given = np.concatenate(blocks) if blocks else np.empty((0, 0))
    result = model.evaluate(lines, tokenize=tokenize, vectors=given)
    posterior = model.diagnose(filled[:_DIAGNOSED]) if model.run.settings.model.variational else None
    likelihood = model.likelihood(filled, samples=samples, seed=seed) if samples else None
    if output.as_json:
        output.json({**dataclasses.asdict(result), "posterior": posterior, "likelihood": likelihood})
        return
    output.text(result.table())
    if posterior is not None:
        output.text(posterior.describe())
        if advice := posterior.advice():
            note(in_options(ctx, advice))
    if likelihood is not None:
        output.text(likelihood.describe())
    for line in [*result.notes, *(f"{name}: {signature}" for name, signature in result.signatures.items())]:
        note(line)


def _refuse_untranslating(
    run: Path | None, model: SentenceAutoencoder, switch: str, beam: int, to: str | None
) -> None:
    """Raise ConfigError, before any of the work, if a run cannot translate as it is asked to."""
    from textrae.errors import ConfigError

    if not model.run.translates:
        raise ConfigError(f"{run}: was not trained to translate; leave {switch} out")
    model.engine.specials(to)
    if beam > 1:
        model.engine.refuse_beam()


def _evaluate_translation(
    output: Output,
    models: list[SentenceAutoencoder],
    sources: list[str],
    references: list[str],
    tokenize: str,
    decoding: tuple[int, float, str | None],
) -> None:
    """Print the scores of the first model, and how the second compares with it."""
    from textrae.errors import CorpusError
    from textrae.evaluation.measures import left_out
    from textrae.evaluation.translation import compare, translation_report
    from textrae.text.blank import filled_pairs

    if not sources or len(sources) != len(references):
        raise CorpusError(
            f"{len(sources):,} sentences and {len(references):,} references: give as many, line by line"
        )
    read, wanted, blank = filled_pairs(sources, references)
    said = [left_out(blank, len(sources), "pairs")] if blank else []
    if not read:
        raise CorpusError(f"{said[0]}: none is left to measure; give sentences and their references")
    beam, length_penalty, to = decoding
    written = [model.translate(read, beam=beam, length_penalty=length_penalty, to=to) for model in models]
    result = translation_report(read, written[0], wanted, tokenize)
    result = dataclasses.replace(result, blank=blank, notes=said)
    compared = compare(written[0], written[1], wanted, tokenize) if len(models) > 1 else []
    if output.as_json:
        output.json({**dataclasses.asdict(result), "comparison": compared})
        return
    output.text(result.table())
    for one in compared:
        output.text(f"{one.metric}: {one.baseline:.2f}, the other run {one.other:.2f} (p = {one.p:.4f})")
    for line in [*result.notes, *(f"{name}: {signature}" for name, signature in result.signatures.items())]:
        note(line)


@app.command(epilog='Example: textrae attention run "A dog runs." -o map.png')
def attention(
    run: RunFolder,
    sentence: Annotated[str, typer.Argument(help="The sentence to rebuild.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A picture: .png, .svg or .pdf.", show_default=False)
    ] = None,
    to: To = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Show where a model with attention looks while it rebuilds or translates a sentence."""
    from textrae.evaluation.attention import attention_picture
    from textrae.pictures.files import check_picture, save_picture

    from .reading import say_cuts

    if out is not None:
        check_picture(out)
    model = load_model(run, device, "fp32")
    found = model.attention(sentence, to)
    say_cuts(model)
    if out is not None:
        save_picture(attention_picture(found), out, "give a shorter sentence")
        note(f"{out}: {len(found.target)} pieces written, {len(found.source)} read")
    if as_json:
        parts = {
            name: getattr(found, name) for name in ("source", "target", "decoder", "slots", "over_source")
        }
        print_json(parts)
    elif out is None:
        for piece, row in zip(found.target, found.over_source, strict=True):
            most = row.argmax()
            typer.echo(f"{piece}\t{found.source[most]}\t{row[most]:.3f}")


@app.command(epilog="Example: textrae xsim run test.de test.fr")
def xsim(
    run: RunFolder,
    file: Annotated[str, typer.Argument(help="Sentences, one a line.", show_default=False)],
    other: Annotated[str, typer.Argument(help="Their translations, line by line.", show_default=False)],
    out: Out = None,
    as_json: Json = False,
    device: Device = "auto",
    precision: Precision = "fp32",
) -> None:
    """Measure how often a sentence's encoding is not nearest to its translation's.

    Where encodings have a part for meaning, that part is compared.
    """
    from textrae.errors import CorpusError
    from textrae.evaluation.measures import left_out
    from textrae.evaluation.similarity import xsim as error
    from textrae.text.blank import filled_pairs

    from .reading import Input, say_cuts

    with Output(out, as_json, file, other) as output:
        model = load_model(run, device, precision)
        sides = [list(Input.of(path, "auto", None, "strict", model.max_length)) for path in (file, other)]
        if len(sides[0]) != len(sides[1]) or not sides[0]:
            raise CorpusError(
                f"{file} has {len(sides[0]):,} lines and {other} {len(sides[1]):,}: give as many, line by line"
            )
        *filled, blank = filled_pairs(*sides)
        if not filled[0]:
            raise CorpusError(f"{file}, {other}: every line is blank on one side; give sentences")
        if blank:
            note(left_out(blank, len(sides[0]), "pairs"))
        vectors = [model.encode(side, part=model.run.settings.model.compared) for side in filled]
        say_cuts(model)
        found = {"there": error(*vectors), "back": error(*reversed(vectors))}
        if as_json:
            output.json(found)
        else:
            output.text(f"xsim error {found['there']:.2%} there, {found['back']:.2%} back")


@app.command(epilog="Example: textrae info run")
def info(run: RunFolder, out: Out = None, as_json: Json = False) -> None:
    """Tell what a run is and how it was trained."""
    from textrae.runs.folder import kind_of

    kind = KINDS.get(kind_of(run))
    with Output(out, as_json) as output:
        facts = kind.info(run) if kind is not None else load_model(run, "cpu", "fp32").info()
        if as_json:
            output.json(facts)
        else:
            output.lines(map(plain, _told(facts)))


def _told(facts: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that tell what a run is."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{name}:"
            yield from _indented(value, "  ")
        else:
            yield f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"


def _indented(values: dict[str, Any], indent: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _indented(value, indent + "  ")
        elif value is not None:
            yield f"{indent}{name}: {value}"
