"""Settings from untyped values and from TOML files, and back to plain values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from textrae.errors import ConfigError
from textrae.settings.fields import BUDGETS

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LARGEST = 1 << 20
"""Bytes of a file of settings, at most."""
Config = TypeVar("Config", bound="DataclassInstance")


def build(cls: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a config from untyped values (a command line, a file).

    Raises:
        ConfigError: naming the setting that is unknown or has a value that it cannot have, in one line.
    """
    return cls(**values)


def to_dict(config: DataclassInstance) -> dict[str, Any]:
    """Convert a config to plain values, ready for JSON; :func:`build` reads it back."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(config).items()
    }


def read_toml(path: Path) -> dict[str, Any]:
    """Read the flat settings of a TOML file; tables are allowed for order and are merged.

    Raises:
        ConfigError: the file is missing, not TOML, or names a key twice.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise ConfigError(f"{path}: over 1 MiB, so not a TOML file of settings")
        content = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; give an existing TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not a TOML file ({error})") from None
    settings: dict[str, Any] = {}
    for key, value in content.items():
        for name, inner in (value if isinstance(value, dict) else {key: value}).items():
            setting = name.replace("-", "_")
            if setting in settings:
                raise ConfigError(f"{path}: {name} is set twice; keep one")
            settings[setting] = inner
    return settings


def merged(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a file, overridden by those that were given.

    A given budget replaces any that is stored.

    Args:
        stored: settings of the file, by name.
        given: settings that were given expressly, by name.
    """
    replaced = BUDGETS if given.keys() & set(BUDGETS) else ()
    return {**{name: value for name, value in stored.items() if name not in replaced}, **given}
