"""Settings as the command line that asks for them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textrae.settings.run import Settings

RENAMED = {"format": "corpus_format"}
"""Settings whose option has another name."""
OFF = {
    "reset_decoder": "keep-decoder",
    "freeze_encoder": "train-encoder",
    "whole_words": "word-parts",
    "reverse": "forward",
}
"""What switches a setting off, where that is not called no-SETTING."""
WITHOUT = {"vectors", "languages", "closings"}
"""Settings without an option: the files, or a run that is gone on with, decide them."""
_MEMORY = "CORPUS"
"""What stands for a text that was given in memory or on standard input."""


def training_command(settings: Settings, out: str = "run") -> str:
    """Return the `textrae train` that has these settings, quoted for a shell.

    Args:
        settings: of the training; numbers that a size or a corpus decided are given.
        out: run folder to make.
    """
    from textrae.settings.run import DECODER_SETTINGS, ENCODER_SETTINGS
    from textrae.settings.sizes import NUMBERS

    sources = [source if source != "-" else _MEMORY for source in settings.sources] or [_MEMORY]
    words = ["textrae", "train", *(_path(source) for source in sources), "-o", out]
    targets = zip(settings.target, settings.target_languages or [""] * len(settings.target), strict=False)
    others = zip(
        settings.valid_target, settings.valid_languages or [""] * len(settings.valid_target), strict=False
    )
    for name, pairs in (("target", targets), ("valid-target", others)):
        for file, language in pairs:
            words += _option(name, f"{language}={file}" if language else file)
    for name in ("valid", "encoder", "decoder", "vectors", "valid_vectors", "teacher"):
        if (file := getattr(settings, name)) is not None:
            words += _option(name.replace("_", "-"), file)
    # a trained part comes with its tokenizer and its shape
    decided = {"tokenizer", *ENCODER_SETTINGS} if settings.encoder is not None else set[str]()
    if settings.decoder is not None:
        decided |= {"tokenizer", "target_tokenizer", *DECODER_SETTINGS}
    return with_settings(words, (settings.model, settings.corpus, settings.training), NUMBERS, decided)


def with_settings(
    words: Sequence[str], parts: Sequence[Any], always: Sequence[str] = (), without: Collection[str] = ()
) -> str:
    """Return a command line with the options of settings, quoted for a shell.

    Args:
        words: the command line before them.
        parts: dataclasses of settings; of one name in several the first that is told holds.
        always: names of settings that are given even at their default, as something else would decide them.
        without: names of settings that are not given, as something else decides them.
    """
    seen, found = {*WITHOUT, *without}, list(words)
    for part in parts:
        found += _differing(part, always, seen)
    return " ".join(shlex.quote(word) for word in found)


def _differing(part: Any, always: Sequence[str], seen: set[str]) -> Iterator[str]:
    """Yield the options of the settings that are not at their default, or that something else would decide.

    Args:
        part: a dataclass of settings.
        always: settings that are given in any case.
        seen: names that were told already, to which these are added.
    """
    for field in fields(part):
        value, name = getattr(part, field.name), field.name
        if name in seen or value is None:
            continue
        default = _default(field)
        if name in always or value != default:
            seen.add(name)
            switch = RENAMED.get(name, name).replace("_", "-")
            if isinstance(value, bool):
                yield f"--{switch}" if value else f"--{OFF.get(name, f'no-{switch}')}"
            else:
                yield from _option(switch, f"{value!r}" if isinstance(value, float) else str(value))


def _default(field: Any) -> Any:
    default = field.default
    return getattr(default, "default", default) if default is not MISSING else MISSING


def _option(switch: str, value: str) -> list[str]:
    """Return an option and its value, joined where the value looks like an option."""
    return [f"--{switch}={value}"] if value.startswith("-") else [f"--{switch}", value]


def _path(name: str) -> str:
    return f"./{name}" if name.startswith("-") else name
