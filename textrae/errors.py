"""What can go wrong through a user's input, each with one line that says what, where, and what to do."""

from __future__ import annotations


class TextraeError(Exception):
    """Base of every error that textrae raises on purpose; its text is one line meant for the user."""


class ConfigError(TextraeError):
    """A setting is unknown, out of range, or conflicts with another one."""


class CorpusError(TextraeError):
    """A text, table or data set cannot be read, or holds nothing to train on."""


class SeriesError(TextraeError):
    """A file of real-valued sequences is unreadable, ragged, not finite, or of another width."""


class RunError(TextraeError):
    """A run folder is missing, foreign, damaged, of a newer format, or in the way."""


class VectorError(TextraeError):
    """A file or array of vectors is unreadable, of the wrong width, or not finite."""


class DeviceError(TextraeError):
    """The requested device or precision is not to be had on this machine."""


class TrainingError(TextraeError):
    """Training cannot go on: the loss is not finite, or the state on disk does not fit."""
