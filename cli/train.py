"""`textrae train`."""

from __future__ import annotations

import dataclasses
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app
from .failures import INTERRUPTED, note
from .options import Frame, Labels, Layout
from .progress import Progress, Stopper
from .switches import Sectioned

if TYPE_CHECKING:
    from textrae.settings.run import Settings

_RENAMED = {"corpus_format": "format"}
"""Switches that are called otherwise in their config."""


@app.command(cls=Sectioned, epilog="Example: textrae train corpus.txt -o run --minutes 10")
def train(
    ctx: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files of one sentence a line (.txt[.gz], .jsonl, .csv, .tsv, .parquet), - for standard input, or the name of a data set.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The run folder to make.")] = Path("run"),
    model: Annotated[
        str | None,
        typer.Option(
            help="rae (one way), brae (both ways, the default), vrae (variational), ara (slots) or hrae (hierarchical)."
        ),
    ] = None,
    cell: Annotated[str | None, typer.Option(help="rnn, lstm or gru.")] = None,
    layers: Annotated[int | None, typer.Option(help="Recurrent layers.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Units of a layer.")] = None,
    embedding: Annotated[int | None, typer.Option(help="Numbers of a token embedding.")] = None,
    latent: Annotated[int | None, typer.Option(help="Numbers of an encoding, or of each slot.")] = None,
    hierarchical: Annotated[
        bool | None, typer.Option("--hierarchical/--no-hierarchical", help="Segments, then the text (HRAE).")
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option(help="sentence, clause or tokens of a segment; commas make levels (12,sentence)."),
    ] = None,
    places: Annotated[
        int | None,
        typer.Option(help="Of the encoding, where a hierarchical model keeps its segments in turn."),
    ] = None,
    slots: Annotated[int | None, typer.Option(help="Attention over so many slots; 0 for none.")] = None,
    slot_addressing: Annotated[
        str | None, typer.Option(help="What tells slots apart: content, or position too.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="What the decoder attends over: slots, or all states (not to be decoded)."),
    ] = None,
    scoring: Annotated[str | None, typer.Option(help="Of attention: dot or additive.")] = None,
    variational: Annotated[
        bool | None, typer.Option("--variational/--no-variational", help="A Gaussian posterior (VRAE).")
    ] = None,
    beta: Annotated[float | None, typer.Option(help="Weight of the KL divergence.")] = None,
    beta_schedule: Annotated[
        str | None, typer.Option(help="How it rises: linear, sigmoid, cyclical or constant.")
    ] = None,
    beta_warmup: Annotated[
        float | None, typer.Option(help="Share of the budget, or of a cycle, over which it rises.")
    ] = None,
    beta_cycles: Annotated[int | None, typer.Option(help="Cycles of the cyclical schedule.")] = None,
    free_bits: Annotated[float | None, typer.Option(help="Nats of KL that cost nothing.")] = None,
    free_bits_per: Annotated[
        str | None, typer.Option(help="In each dimension over a batch, or in each sentence.")
    ] = None,
    pretrain: Annotated[
        float | None, typer.Option(help="Share of the budget trained as a plain autoencoder first.")
    ] = None,
    reset_decoder: Annotated[
        bool | None, typer.Option("--reset-decoder/--keep-decoder", help="Begin anew with it after that.")
    ] = None,
    aggressive: Annotated[
        float | None,
        typer.Option(help="Share of the budget, at most, with many encoder updates for one of the decoder."),
    ] = None,
    posterior_norm: Annotated[
        float | None, typer.Option(help="Standard deviation that posterior means are held at (BN-VAE).")
    ] = None,
    regulariser: Annotated[
        str | None, typer.Option(help="none, mmd (WAE) or adversarial (AAE; with --noise-… DAAE).")
    ] = None,
    regulariser_weight: Annotated[float | None, typer.Option(help="Its weight, a sentence.")] = None,
    reconstruction: Annotated[str | None, typer.Option(help="cross-entropy or mse.")] = None,
    mse_weight: Annotated[float | None, typer.Option(help="λ of cross-entropy + λ · MSE.")] = None,
    bidirectional: Annotated[
        bool | None, typer.Option("--bidirectional/--no-bidirectional", help="Read both ways.")
    ] = None,
    pooling: Annotated[str | None, typer.Option(help="auto, max, mean or last.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of features zeroed.")] = None,
    weight_dropout: Annotated[
        float | None, typer.Option(help="Share of the recurrent matrices' entries zeroed.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Budget in minutes of training (10 without any budget).")
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="Budget in passes over the corpus.")] = None,
    steps: Annotated[int | None, typer.Option(help="Budget in steps.")] = None,
    valid: Annotated[
        str | None, typer.Option(help="Validation file, instead of a share of the corpus.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="Translation: the file whose line n is what line n of the corpus is to become; one for each file. For a table of both, the same file with --target-column; for several languages de=FILE."
        ),
    ] = None,
    valid_target: Annotated[str | None, typer.Option(help="The same of the validation file.")] = None,
    vectors: Annotated[
        str | None,
        typer.Option(
            help="Condition on these vectors (.npy), made by any encoder: row n belongs to line n of the corpus, which is written."
        ),
    ] = None,
    valid_vectors: Annotated[str | None, typer.Option(help="The same of the validation file.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Begin with the encoder of this run, and its tokenizer.")
    ] = None,
    freeze_encoder: Annotated[
        bool | None, typer.Option("--freeze-encoder/--train-encoder", help="And leave it as it is.")
    ] = None,
    decoder: Annotated[
        str | None,
        typer.Option(help="The same of its decoder; with --target, the tokenizer is the target's."),
    ] = None,
    target_column: Annotated[str | None, typer.Option(help="Column of the target sentences.")] = None,
    tokenizers: Annotated[str | None, typer.Option(help="With --target: joint or separate.")] = None,
    target_tokenizer: Annotated[
        str | None, typer.Option(help="SentencePiece model for the target, with separate ones.")
    ] = None,
    conditioning: Annotated[
        str | None,
        typer.Option(help="The encoding is the decoder's initial state, or an input of every-step."),
    ] = None,
    encoding_scale: Annotated[
        float | None,
        typer.Option(help="What multiplies it at every step; by default 1, and less above 128 numbers."),
    ] = None,
    reverse: Annotated[
        bool | None, typer.Option("--reverse/--forward", help="Read one way, from the end (with rae).")
    ] = None,
    corpus_format: Annotated[
        str | None, typer.Option(help="auto, text, jsonl, csv, tsv, parquet or datasets.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of a table that holds the sentences.")] = None,
    errors: Annotated[
        str | None, typer.Option(help="strict: refuse undecodable bytes; replace: count them and put U+FFFD.")
    ] = None,
    vocab_size: Annotated[int | None, typer.Option(help="Pieces of the tokenizer.")] = None,
    whole_words: Annotated[
        bool | None,
        typer.Option("--whole-words/--word-parts", help="The commonest words are a piece each."),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="A SentencePiece model to use instead of training one.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens at which a longer sentence is cut.")] = None,
    valid_size: Annotated[
        int | None, typer.Option(help="Sentences held out for validation, at most.")
    ] = None,
    batch_tokens: Annotated[int | None, typer.Option(help="Tokens of a batch.")] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Decoupled weight decay.")] = None,
    embedding_rate: Annotated[
        float | None, typer.Option(help="Embeddings learn, and decay, at so many times the rate.")
    ] = None,
    adam_beta2: Annotated[
        float | None, typer.Option(help="β₂ of AdamW; the nearer to 1, the larger the steps of rare tokens.")
    ] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of a target's weight spread over the vocabulary.")
    ] = None,
    word_dropout: Annotated[
        float | None, typer.Option(help="Share of the decoder's input tokens blanked.")
    ] = None,
    noise_drop: Annotated[
        float | None, typer.Option(help="Share of the encoder's input tokens left out.")
    ] = None,
    noise_blank: Annotated[float | None, typer.Option(help="Share of them blanked.")] = None,
    noise_substitute: Annotated[float | None, typer.Option(help="Share of them replaced by others.")] = None,
    noise_shuffle: Annotated[int | None, typer.Option(help="Places that they may move.")] = None,
    crossover: Annotated[
        float | None, typer.Option(help="Share of sentences that go on as another from a random token.")
    ] = None,
    rehearsal: Annotated[
        float | None,
        typer.Option(
            help="Of a hierarchical model: share of the budget that trains segments by themselves too."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(
            help="File of real-valued sequences (.csv, .npy, .parquet) instead of a corpus; may be repeated."
        ),
    ] = None,
    activation: Annotated[str | None, typer.Option(help="With --series --cell rnn: tanh or relu.")] = None,
    bottleneck: Annotated[
        str | None,
        typer.Option(help="With --series: the decoder sees each state (none) or the last one (last)."),
    ] = None,
    scaling: Annotated[
        str | None, typer.Option(help="With --series: by the range of each column, joint, or none.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="With --series: sequences of a batch.")] = None,
    layout: Layout = None,
    labels: Labels = None,
    frame: Frame = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32 or bf16.")] = None,
    checkpoint_minutes: Annotated[float | None, typer.Option(help="Minutes between checkpoints.")] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(help="Where the token cache lies while training (default: OUT/checkpoint).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of these settings; switches override it.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training that was stopped in OUT.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Give up the run that is in OUT.")] = False,
) -> None:
    """Train an autoencoder on your own sentences, or on real-valued series."""
    given = {
        name: value for name, value in ctx.params.items() if value is not None and name not in _NOT_SETTINGS
    }
    if series:
        from .series import train_series

        unfit: dict[str, object] = {"corpus": corpus, "valid": valid, "target": target, "resume": resume}
        unfit |= {"valid_target": valid_target, "cache_dir": cache_dir, "vectors": vectors}
        unfit |= {"valid_vectors": valid_vectors, "encoder": encoder, "decoder": decoder}
        train_series(series, given, [name for name, value in unfit.items() if value], out, config, overwrite)
        return
    if target_column is not None and not target:
        target = list(corpus or ())
    languages, paths = _languages(target or [])
    files = {
        "sources": tuple(corpus or ()),
        "valid": valid,
        "target": paths,
        "target_languages": languages,
        "valid_target": valid_target,
        "encoder": encoder,
        "decoder": decoder,
        "vectors": vectors,
        "valid_vectors": valid_vectors,
    }
    settings = _settings(given, files, config, out if resume else None)
    from textrae.training.pipeline import Watch, train_run

    stopper, progress = Stopper(), Progress()
    with stopper, progress:
        watch = Watch(progress.note, progress.report, stopper)
        run, finished = train_run(
            settings, out, resume=resume, overwrite=overwrite, cache_dir=cache_dir, watch=watch
        )
    if not finished:
        note(
            f"stopped at step {run.training['step']:,}; {out} is usable as it is, go on with: textrae train --resume -o {out}"
        )
        raise typer.Exit(INTERRUPTED if stopper.signal == signal.SIGINT else 128 + stopper.signal)
    skipped = run.training["skipped_steps"]
    if skipped:
        note(f"{skipped} steps were left out because their gradient was not finite")
    use = "reconstruct {} FILE"
    if run.settings.model.vectors:
        use = "decode {} VECTORS.npy"
    elif run.translates:
        use = "translate {} FILE"
    note(f"{out}: validation loss {run.training['valid_loss']:.4f}; try: textrae {use.format(out)}")


def _languages(targets: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """From de=FILE to languages and files; a file whose own name has a = in it is a file."""
    from textrae.errors import ConfigError

    found = [re.fullmatch(r"(\w[\w-]{0,15})=(.+)", target) for target in targets]
    named = [None if match and Path(match[0]).exists() else match for match in found]
    if not any(named):
        return (), tuple(targets)
    if not all(named):
        raise ConfigError("--target: name the language of every target (de=FILE), or of none")
    return tuple(match[1] for match in named if match), tuple(match[2] for match in named if match)


_NOT_SETTINGS = {
    "corpus",
    "series",
    "out",
    "valid",
    "target",
    "valid_target",
    "encoder",
    "decoder",
    "vectors",
    "valid_vectors",
    "cache_dir",
    "config",
    "resume",
    "overwrite",
}
_SERIES_ALONE = {"activation", "bottleneck", "scaling", "batch_size", "layout", "labels", "frame"}


def _settings(
    given: dict[str, Any],
    files: dict[str, Any],
    config: Path | None,
    resumed: Path | None,
) -> Settings:
    """The settings from the switches, the config file, and (resuming) those that the training began with."""
    from textrae.errors import ConfigError, CorpusError
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.files import merged, read_toml
    from textrae.settings.model import PRESETS, ModelConfig
    from textrae.settings.rules import refuse_idle
    from textrae.settings.run import Settings
    from textrae.settings.training import TrainingConfig
    from textrae.training.token_cache import stored_settings
    from textrae.training.transplant import adopted

    if alone := _SERIES_ALONE & given.keys():
        raise ConfigError(
            f"--{min(alone).replace('_', '-')}: is for --series FILE; leave it out, or give that"
        )
    stored_values = read_toml(config) if config else {}
    if outside := _NOT_SETTINGS & stored_values.keys():
        raise ConfigError(
            f"{config}: {min(outside)}: is no setting of a model or a training; give it on the command line"
        )
    values = merged(stored_values, given)
    values = {_RENAMED.get(name, name): value for name, value in values.items()}
    named = set(values)
    preset = values.pop("model", None)
    if preset is not None:
        if preset not in PRESETS:
            raise ConfigError(f"--model {preset}: there are {', '.join(PRESETS)}")
        values = {**PRESETS[preset], **values}
    kinds = (ModelConfig, CorpusConfig, TrainingConfig)
    unknown = values.keys() - {field.name for cls in kinds for field in dataclasses.fields(cls)}
    if unknown:
        raise ConfigError(f"{config}: {min(unknown)}: no such setting; `textrae train --help` lists them")
    stored = stored_settings(resumed) if resumed else None
    if resumed is None and not files["sources"]:
        raise CorpusError("no corpus: name a file of one sentence a line, or - for standard input")
    model, corpus, training = (
        _chosen(cls, values, getattr(stored, kind) if stored else None)
        for kind, cls in (("model", ModelConfig), ("corpus", CorpusConfig), ("training", TrainingConfig))
    )
    known = {name: value or getattr(stored, name, None) for name, value in files.items()}
    refuse_idle(named, model, training, known)
    if stored:
        for name, value in files.items():
            if value and value != getattr(stored, name):
                switch = {"sources": "the corpus", "target_languages": "--target"}.get(
                    name, f"--{name.replace('_', '-')}"
                )
                raise ConfigError(
                    f"{switch}: is another one than that of the training to be resumed; leave it out"
                )
        files = {name: getattr(stored, name) for name in files}
    settings = Settings(model, corpus, training, **files)
    return settings if stored else adopted(settings, values)


def _chosen(cls: Any, values: dict[str, Any], stored: Any) -> Any:
    """A config from the values that are its own; those must be the stored ones where a training is resumed."""
    from textrae.errors import ConfigError
    from textrae.settings.files import build, to_dict

    own = {field.name for field in dataclasses.fields(cls)}
    chosen = {name: value for name, value in values.items() if name in own}
    if stored is None:
        return build(cls, chosen)
    base = to_dict(stored)
    for name, value in chosen.items():
        if value != base[name]:
            switch = name.replace("_", "-")
            raise ConfigError(
                f"--{switch}: the training to be resumed has {base[name]}, not {value}; leave it out"
            )
    return stored
