"""A model measured on a suite, beside simple encodings and given vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrae.errors import RunError, VectorError
from textrae.evaluation.suite.encodings import CHANCE, encodings
from textrae.evaluation.suite.report import SuiteReport, TaskReport
from textrae.evaluation.suite.scoring import chance, score
from textrae.evaluation.suite.tasks import Suite
from textrae.inference.engine import Engine


def measure_suite(
    engine: Engine,
    suite: Suite,
    beside: Mapping[str, NDArray[Any]],
    seed: int = 0,
    watch: Callable[[str], None] = lambda line: None,
) -> SuiteReport:
    """Measure a model on all tasks, one after another.

    Args:
        engine: of the model.
        suite: the tasks.
        beside: vectors by their names, one row for each of :attr:`Suite.sentences`.
        seed: of folds, clusters, the random projection and the untrained encoder.
        watch: called with a line when a task is measured.

    Raises:
        RunError: scikit-learn is missing.
        ConfigError: the model reads vectors.
        VectorError: vectors are not finite; the message names the encoding and the task.
    """
    refuse_missing()
    measured = encodings(engine, suite, beside, seed)
    reports = []
    for number, task in enumerate(suite.tasks, start=1):
        scores = {}
        for encoding in measured:
            rows = encoding.make(task)
            if not np.isfinite(rows.data if hasattr(rows, "tocsr") else rows).all():
                raise VectorError(
                    f"{encoding.name}: vectors of {task.name} hold NaN or infinity; make them again, or leave them out"
                )
            scores[encoding.name] = score(task, rows, seed)
        scores[CHANCE] = chance(task)
        lines = len(task.columns[0])
        reports.append(TaskReport(task.kind, task.name, lines, len(task.sentences), len(task.labels), scores))
        watch(f"measured {task.name} ({number} of {len(suite.tasks)})")
    dimensions = {encoding.name: encoding.dimensions for encoding in measured}
    return SuiteReport({**dimensions, CHANCE: None}, reports, seed, list(suite.notes))


def refuse_missing() -> None:
    """Raise :class:`RunError` if scikit-learn is not installed."""
    if find_spec("sklearn") is None:
        raise RunError(
            'a suite is measured with scikit-learn; install it with: pip install "textrae[sklearn]"'
        )
