"""The options of `textrae train`: made from the fields of the settings, and shown in sections."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from .kinds import KINDS

_GIVEN = {
    "target", "valid_target", "target_column", "tokenizers", "target_tokenizer", "vectors", "valid_vectors",
    "encoder", "freeze_encoder", "decoder",
}  # fmt: skip
_FILES = "Run and files"


def text_settings() -> dict[str, type]:
    """Return the settings of a sentence autoencoder by the section that their options stand in."""
    from textrae.settings.corpus import CorpusConfig
    from textrae.settings.model import ModelConfig
    from textrae.settings.training import TrainingConfig

    return {"Corpus and tokenizer": CorpusConfig, "Model": ModelConfig, "Training": TrainingConfig}


def options() -> list[inspect.Parameter]:
    """Return an option of `train` for each setting of each kind of run."""
    found = {one.name: one for cls in text_settings().values() for one in options_of(cls)}
    for kind in KINDS.values():
        found.setdefault(kind.train_option.name, kind.train_option)
        for cls in kind.settings():
            for one in options_of(cls):
                found.setdefault(one.name, one)
    return list(found.values())


def options_of(cls: Any, about: str = "") -> Iterator[inspect.Parameter]:
    """Yield an option for each field of a dataclass of settings; its help is the first sentence of the docstring.

    An option that is not given is None, so that the setting's default holds.

    Args:
        cls: the dataclass.
        about: what the settings are for, where the command has others; the help begins with it.
    """
    from textrae.settings.command import OFF, RENAMED, WITHOUT

    for name, field in cls.__pydantic_fields__.items():
        if name in WITHOUT:
            continue
        kind, values = plain_type(field.annotation)
        switch = RENAMED.get(name, name).replace("_", "-")
        declaration = f"--{switch}/--{OFF.get(name, f'no-{switch}')}" if kind is bool else f"--{switch}"
        text = " ".join(str(field.description).split("\n\n")[0].split())
        if about:
            text = f"{about}: {text[0].lower()}{text[1:]}"
        numbers = (f"<{kind.__name__}>",) if values and kind is not str else ()
        metavar = f"[{'|'.join((*numbers, *values))}]" if values else None
        parser = _number_or(kind, values) if numbers else None
        option = typer.Option(declaration, help=text, metavar=metavar, parser=parser, show_default=False)
        annotation = Annotated[kind | None, option]  # type: ignore[valid-type]
        keyword = inspect.Parameter.KEYWORD_ONLY
        yield inspect.Parameter(RENAMED.get(name, name), keyword, default=None, annotation=annotation)


def names_of(cls: Any) -> set[str]:
    """Return the names of the settings of a dataclass."""
    return {field.name for field in fields(cls)}


def own(cls: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some values that are settings of a dataclass."""
    return {name: values[name] for name in values.keys() & names_of(cls)}


def plain_type(annotation: Any) -> tuple[type, tuple[str, ...]]:
    """Return the plain type of a field, and the values of a `Literal`.

    ``Annotated[float, …] | None`` → float and none; ``Literal["a", "b"]`` → str and both; ``int | Literal["auto"]`` → int
    and auto.
    """
    if annotation in (bool, int, float, str):
        return annotation, ()
    if get_origin(annotation) is Literal:
        return str, get_args(annotation)
    first, *more = get_args(annotation) or (None,)
    if first is not None:  # of Annotated and of a union, what comes first, and words that stand beside it
        kind, values = plain_type(first)
        words = (get_args(other) for other in more if get_origin(other) is Literal)
        return kind, (*values, *chain.from_iterable(words))
    raise TypeError(f"a setting of type {annotation} has no option: name it in WITHOUT")


def _number_or(kind: type, words: tuple[str, ...]) -> Callable[[str], Any]:
    """Return a function that reads an option's value: a number, or one of some words."""
    what = "a whole number" if kind is int else "a number"

    def read(value: str) -> Any:
        if value in words:
            return value
        try:
            return kind(value)
        except ValueError:
            said = f"{value!r} is neither {what} nor {' nor '.join(words)}"
            raise typer.BadParameter(said) from None

    return read


class Sectioned(TyperCommand):
    """A command that trains, whose help is in sections."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options of each section."""
        placed, defaults = _sections(), _defaults()
        titles = [
            "Arguments", _FILES, *text_settings(), "Translation, vectors and trained parts",
            *(kind.section for kind in KINDS.values()),
        ]  # fmt: skip
        titles.insert(titles.index("Training"), "Variational models")
        written: dict[str, list[tuple[str, str]]] = {title: [] for title in titles}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            if param.param_type_name == "argument":
                written["Arguments"].append(record)
                continue
            switch, said = record
            default = _said(param, defaults.get(str(param.name), []))
            written[placed.get(str(param.name), _FILES)].append(
                (switch, f"{said}  [default: {default}]" if default else said)
            )
        for title, records in written.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _sections() -> dict[str, str]:
    """Return the section of each option that has one."""
    from textrae.settings.command import RENAMED
    from textrae.settings.rules import VARIATIONAL

    found: dict[str, str] = {"model": "Model", "size": "Model"}
    for title, cls in text_settings().items():
        found |= {RENAMED.get(field.name, field.name): title for field in fields(cls)}
    found["seed"] = "Training"
    found |= dict.fromkeys((*VARIATIONAL, "variational", "posterior_norm"), "Variational models")
    found |= dict.fromkeys(("regulariser", "regulariser_weight"), "Variational models")
    found |= dict.fromkeys(_GIVEN, "Translation, vectors and trained parts")
    for name, kind in KINDS.items():
        found[name] = kind.section
        for cls in kind.settings():
            for field in fields(cls):
                found.setdefault(field.name, kind.section)
    return found


def _defaults() -> dict[str, list[Any]]:
    """Return the defaults of each setting: of text, then of other kinds where they differ."""
    from textrae.settings.command import RENAMED, WITHOUT
    from textrae.settings.model import ModelConfig
    from textrae.settings.sizes import NUMBERS

    found: dict[str, list[Any]] = {"size": ["auto"], **{name: ["by --size"] for name in NUMBERS}}
    others = [cls for kind in KINDS.values() for cls in kind.settings()]
    for cls in [*text_settings().values(), *others]:
        for field in fields(cls):
            if field.name not in {*WITHOUT, *(NUMBERS if cls is ModelConfig else ())}:
                known = found.setdefault(RENAMED.get(field.name, field.name), [])
                if field.default not in known:
                    known.append(field.default)
    return found


def _said(param: Any, values: Sequence[Any]) -> str:
    """Return the defaults of an option as its help tells them."""
    told = [_value(param, value) for value in values if value is not None]
    return f", with --{next(iter(KINDS), '')} ".join(told)


def _value(param: Any, value: Any) -> str:
    if isinstance(value, bool):
        return str((param.opts if value else param.secondary_opts)[0]).removeprefix("--")
    return f"{value:g}" if isinstance(value, float) else str(value)
