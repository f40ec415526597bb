"""Counts of what was read and truncated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Cuts:
    """Counts of the sentences that were read and truncated."""

    sentences: int = 0
    """Sentences read."""
    cut: int = 0
    """Sentences truncated to the model's longest."""
