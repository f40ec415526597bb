"""Measure a run by MTEB's tasks on a suite of plain files, beside `textrae evaluate --suite`, without a network.

    python scripts/experiments/mteb_tasks.py RUN SUITE
    python scripts/experiments/mteb_tasks.py RUN SUITE --part all --json figures.json

SUITE is a folder as `evaluate --suite` reads it; its `similarity/*.tsv` and `labels/*.tsv` become tasks of MTEB, and the
rest is passed over. The run is opened by sentence-transformers, and MTEB encodes, compares and classifies. Prints
Markdown, figures × 100:

- `suite`: what `textrae evaluate --suite` measures.
- `mteb`: similarity by MTEB's STS task. Labels by its classification task with the suite's protocol: its five folds, all
  their rows, and its classifier.
- `mteb, few labels`: labels by the classification task as it comes: 10 draws of 8 sentences a label from four of the
  folds, tested on the fifth, by logistic regression without standardisation. That is another question, and another figure.

Needs `pip install "textrae[st,sklearn]" mteb`.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict

from textrae import SentenceAutoencoder
from textrae.errors import TextraeError
from textrae.evaluation.suite.reading import read_suite
from textrae.evaluation.suite.scoring import folds, predicted, score
from textrae.evaluation.suite.tasks import Task
from textrae.settings.model import PARTS

SEED = 0
_FEW = "mteb, few labels"


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("suite", type=Path, help="folder for `textrae evaluate --suite`")
    parser.add_argument(
        "--part", choices=PARTS, help="part of the encodings (default: that for meaning, or all)"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    args = parser.parse_args()
    if missing := [name for name in ("sentence_transformers", "sklearn", "mteb") if find_spec(name) is None]:
        parser.error(f'{missing[0]} is missing; install it with: pip install "textrae[st,sklearn]" mteb')
    logging.getLogger("mteb").setLevel(logging.ERROR)  # it has no metadata of this model, and says so
    warnings.filterwarnings("ignore", category=FutureWarning, module="mteb")
    warnings.filterwarnings("ignore", message="Precision is ill-defined")
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")  # within MTEB's own 100 steps
    try:
        figures = measured(args.run, args.suite, args.part)
    except TextraeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(figures))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def measured(run: Path, suite: Path, part: Any = None) -> dict[str, dict[str, float]]:
    """Return the figures of each task by its name, a value from 0 to 1 for each protocol.

    Raises:
        TextraeError: the run cannot be opened so, or the suite is malformed or has no task of these kinds.
    """
    from sentence_transformers import SentenceTransformer

    from textrae.integrations.sentence_transformers import RunEncoder

    own = SentenceAutoencoder.load(run)
    encoder = RunEncoder(own.run, part)
    part = part or own.run.settings.model.compared
    opened = SentenceTransformer(modules=[encoder], device=str(own.device))
    tasks = [task for task in read_suite(suite).tasks if task.kind in ("similarity", "labels")]
    if not tasks:
        raise TextraeError(f"{suite}: nothing in similarity/ and labels/, of which tasks are made; add some")
    found = {}
    for task in tasks:
        (value,) = score(task, own.encode(task.sentences, part=part), SEED).values()
        found[task.name] = {"suite": value}
        if task.kind == "similarity":
            found[task.name]["mteb"] = _main_score(opened, similarity(task))
        else:
            found[task.name]["mteb"] = _main_score(opened, labels(task, few=False))
            found[task.name][_FEW] = _main_score(opened, labels(task, few=True))
    return found


def table(figures: dict[str, dict[str, float]]) -> str:
    """Return the figures as Markdown, × 100."""
    columns = ["suite", "mteb", _FEW]
    rows = [
        [name, *(f"{100 * found[column]:.2f}" if column in found else "" for column in columns)]
        for name, found in figures.items()
    ]
    head = [["task", *columns], ["---", *["---:"] * len(columns)]]
    return "\n".join(f"| {' | '.join(row)} |" for row in head + rows)


def _main_score(model: Any, task: Any) -> float:
    """Have MTEB evaluate a model on a task whose data is in memory; return the mean main score of its subsets."""
    import mteb

    done = mteb.evaluate(model, [task], cache=None, co2_tracker=False, show_progress_bar=False)
    (result,) = done.task_results
    return float(np.mean([one["main_score"] for one in result.scores["test"]]))


def similarity(task: Task) -> Any:
    """Return a suite's pairs with their scores as a task of MTEB."""
    from mteb.abstasks import AbsTaskSTS

    first, second = ([task.sentences[place] for place in column] for column in task.columns)

    class Local(AbsTaskSTS):
        metadata = _metadata(task.name, "STS", "cosine_spearman")
        min_score, max_score = float(task.gold.min()), float(task.gold.max())
        data_loaded = True

    made = Local()
    rows = Dataset.from_dict({"sentence1": first, "sentence2": second, "score": task.gold.tolist()})
    made.dataset = DatasetDict({"test": rows})
    return made


def labels(task: Task, *, few: bool) -> Any:
    """Return a suite's labelled sentences as a task of MTEB, whose subsets are the folds of the suite.

    Args:
        task: the sentences.
        few: whether a classifier sees a few sentences of each label, as MTEB has it, or all of the other folds.
    """
    from mteb.abstasks import AbsTaskClassification

    (places,) = task.columns
    rows = Dataset.from_dict(
        {"text": [task.sentences[place] for place in places], "label": task.gold.tolist()}
    )
    names = {f"fold-{number}": split for number, split in enumerate(folds(task.gold, SEED), start=1)}
    if few:
        names = dict(list(names.items())[-1:])

    class Local(AbsTaskClassification):
        metadata = _metadata(task.name, "Classification", "accuracy", list(names))
        data_loaded = True

    class Whole(Local):
        n_experiments, evaluator = 1, _SuiteClassifier

        def _undersample_data(self, dataset: Dataset, *_: Any) -> tuple[Dataset, list[int], list[int]]:
            return dataset, list(range(len(dataset))), list(range(len(dataset)))

    made = Local() if few else Whole()
    made.dataset = {
        name: DatasetDict({"train": rows.select(train), "test": rows.select(test)})
        for name, (train, test) in names.items()
    }
    return made


class _SuiteClassifier:
    """The classifier of a suite in place of MTEB's, as MTEB calls one."""

    def __init__(
        self, train_dataset: Dataset, eval_dataset: Dataset, *, label_column_name: str, **_: Any
    ) -> None:
        self.labels = np.array(train_dataset[label_column_name])

    def __call__(self, train_embeddings: Any, test_embeddings: Any) -> Any:
        """Return the labels that it gives to the rows to test."""
        return predicted(np.asarray(train_embeddings), self.labels, np.asarray(test_embeddings), SEED)


def _metadata(name: str, kind: str, measure: str, subsets: list[str] | None = None) -> Any:
    """Return what MTEB wants to know of a task; most of it is not known of plain files."""
    from mteb.abstasks.task_metadata import TaskMetadata

    languages = ["eng-Latn"]  # of any text: MTEB has no name for an unknown language
    unknown = (
        "reference", "date", "domains", "task_subtypes", "license", "annotations_creators", "dialect", "sample_creation",
        "bibtex_citation",
    )  # fmt: skip
    return TaskMetadata(
        name="".join(part.capitalize() for part in name.split(".")),
        description=f"{name} of a suite of plain files",
        dataset={"path": f"local/{name}", "revision": "0"},
        type=kind,
        category="t2t" if kind == "STS" else "t2c",
        modalities=["text"],
        eval_splits=["test"],
        eval_langs=languages if subsets is None else dict.fromkeys(subsets, languages),
        main_score=measure,
        **dict.fromkeys(unknown),
    )


if __name__ == "__main__":
    sys.exit(main())
