"""Errors that a user's input can cause, each with a one-line message: what is wrong, where, and what to do."""

from __future__ import annotations

import errno


class TextraeError(Exception):
    """Base of every error that textrae raises on purpose; its text is one line meant for the user."""


class ConfigError(TextraeError):
    """A setting that is unknown, out of range, or conflicts with another one."""


class CorpusError(TextraeError):
    """A text, table or data set that cannot be read, or holds nothing to train on."""


class SeriesError(TextraeError):
    """A file of real-valued sequences that is unreadable, ragged, not finite, or of another width."""


class RunError(TextraeError):
    """A run folder that is missing, foreign, damaged, of a newer format, or in the way."""


class HubError(TextraeError):
    """A repository of the Hugging Face hub that is missing, closed, out of reach, or holds something else."""


class VectorError(TextraeError):
    """A file or array of vectors that is unreadable, of the wrong width, or not finite."""


class SearchError(TextraeError):
    """An index of sentences that is missing, foreign, damaged, of another run, or in the way."""


class ServiceError(TextraeError):
    """A service that cannot start as it is asked to, or a request that it refuses."""


class DeviceError(TextraeError):
    """A device or precision that this machine does not have."""


class TrainingError(TextraeError):
    """A training that cannot go on: the loss is not finite, or the state on disk does not fit."""


_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
"""What a place refuses however much space there is."""


def cannot_write(place: object, error: OSError) -> str:
    """Return the message about a file or folder that the disk refuses to hold."""
    space = "" if error.errno in _PLACE else "free some space or "
    return f"{place}: cannot write ({error.strerror or error}); {space}choose another place"
