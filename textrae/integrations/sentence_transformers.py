"""Runs in sentence-transformers: the class that a run's `modules.json` names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from torch import Tensor

try:
    from sentence_transformers.base.modules import InputModule
    from sentence_transformers.util import load_dir_path
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        'sentence-transformers is not installed; run `pip install "textrae[st]"`', name=missing.name
    ) from None

from textrae.devices import choose_device
from textrae.errors import RunError
from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.inference.engine import Engine
from textrae.runs.files import is_there, write_atomically
from textrae.runs.folder import CHECKPOINT, CHOICES, one_line_errors
from textrae.runs.hub import run_folder
from textrae.runs.run import Run, load_run, save_run
from textrae.settings.model import PARTS, Part
from textrae.text.batch import SPECIALS, Batch, collate_lists
from textrae.text.segments import segmenter

_COUNTS = "counts_"
"""Beginning of the names of the counts of a hierarchical batch among the features, one for each level."""


class RunEncoder(InputModule):
    """Encode sentences with a run, as the only module of a `SentenceTransformer`.

    ``SentenceTransformer(modules=[RunEncoder.load("run")])`` opens a run and executes nothing that its folder names. So does
    ``SentenceTransformer("run", trust_remote_code=True)``, if the folder's `modules.json` is the one that textrae wrote.
    Vectors are those of :meth:`textrae.SentenceAutoencoder.encode`, to 1e-5 in float32. They have no gradient.

    Args:
        run: what encodes.
        part: part of the encodings that `encode` gives; by default the one that sentences are compared by.

    Raises:
        ConfigError: the run does not turn a sentence into a vector to compare, or has no such part.
    """

    forward_kwargs = {"part"}  # noqa: RUF012, as the library declares it

    def __init__(self, run: Run, part: Part | None = None) -> None:
        super().__init__()
        refuse_run(run)
        self.run, self.network, self.tokenizer = run, run.network, run.tokenizer
        self.engine = Engine(run, "fp32")
        self.cuts = Cuts()
        """Counts of the sentences that were read, and of those truncated."""
        self._part = self._chosen(run.settings.model.compared if part is None else part)
        self._length, self._segmenter = (
            self.engine.max_length,
            segmenter(run.settings.model, run.tokenizer),
        )
        self.eval()

    @property
    def max_seq_length(self) -> int:
        """Tokens of a sentence that are read; longer ones are truncated."""
        return self._length

    @max_seq_length.setter
    def max_seq_length(self, length: int) -> None:
        self._length = arguments.whole("max_seq_length", length, 1, self.engine.max_length)

    def get_embedding_dimension(self) -> int:
        """Return how many numbers a vector has."""
        return self.run.settings.model.part_size(self._part)

    def preprocess(
        self, inputs: Sequence[str], prompt: str | None = None, **options: Any
    ) -> dict[str, Tensor]:
        """Turn sentences into the features that :meth:`forward` reads.

        Args:
            inputs: sentences.
            prompt: text that other encoders expect before a sentence; it is left out, with a warning.
            options: other options of `encode`, which change nothing here.

        Raises:
            TypeError: something is no string.
        """
        if prompt:
            said = (
                f"the prompt {arguments.shown(prompt)} is ignored: this encoder was trained without prompts"
            )
            warnings.warn(said, stacklevel=2)
        sentences = list(arguments.sentences("inputs", inputs))
        ids, cut = self.tokenizer.encode_cut(sentences, self._length)
        self.cuts.add(Cuts(len(ids), sum(cut)))
        if any(cut):
            said = f"sentences longer than {self._length} tokens are truncated; `model[0].cuts` counts them"
            warnings.warn(said, stacklevel=2)
        batch = collate_lists(ids, SPECIALS, self._segmenter)
        counts = {f"{_COUNTS}{level}": count for level, count in enumerate(batch.tree)}
        return {"input_ids": batch.source.t(), "lengths": batch.lengths, **counts}

    def forward(self, features: dict[str, Any], part: Part | None = None, **options: Any) -> dict[str, Any]:
        """Encode a batch: add ``sentence_embedding`` (sentences, numbers) to the features of :meth:`preprocess`.

        Args:
            features: the batch.
            part: ``meaning``, ``spelling`` or ``all`` in place of the encoder's own choice.
            options: other options of `encode`, which change nothing here.

        Raises:
            ConfigError: encodings have no such part.
        """
        tree = [features[name] for name in sorted(features) if name.startswith(_COUNTS)]
        source = features["input_ids"].t()
        batch = Batch(source, features["lengths"], source, source, tuple(tree))
        chosen = self._part if part is None else self._chosen(part)
        vectors = self.engine.part(batch, None, chosen).to(self.network.embedding.weight.dtype)
        return {**features, "sentence_embedding": vectors}

    def _chosen(self, part: object) -> Part:
        """Return a part of encodings that the run has."""
        chosen = arguments.choice("part", part, PARTS)
        self.run.settings.model.part_size(chosen)
        return chosen

    def train(self, mode: bool = True) -> Self:
        """Stay as it is: a run learns by ``textrae train``, and would else be encoded with dropout here."""
        super().train(False)
        return self

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """Read a run folder, or a run on the Hugging Face hub; nothing in it is executed or unpickled.

        Args:
            model_name_or_path: the folder, or ``user/name``.
            subfolder: folder of the run inside it.
            token, cache_folder, revision, local_files_only: of the hub.
            model_kwargs: ``{"part": "all"}`` chooses the part of the encodings that `encode` gives.
            options: those that other modules take; none applies to a run.

        Raises:
            RunError: the folder is missing, foreign, damaged, of a newer format, or a run of series.
            ConfigError: an option does not apply, or as for the class.
        """
        part = dict(model_kwargs or {}).pop("part", None)
        others = sorted({*(model_kwargs or {})} - {"part"})
        arguments.expect(
            not others, f"`model_kwargs`: a run takes `part` only, not {', '.join(map(str, others))}"
        )
        backend = options.get("backend", "torch")
        arguments.expect(
            backend == "torch", f"`backend={backend}`: a run computes with torch here; leave it out"
        )
        for name in ("processor_kwargs", "config_kwargs"):
            arguments.expect(not options.get(name), f"`{name}`: a run takes none; leave it out")
        place = Path(model_name_or_path)
        if not place.exists():
            given = {"token": token, "cache_folder": cache_folder, "local_files_only": local_files_only}
            place = _from_hub(model_name_or_path, revision, given)
        return cls(load_run(place / subfolder, choose_device("cpu")), part)

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **options: Any) -> None:
        """Write the run into a folder, as :meth:`textrae.SentenceAutoencoder.save` does; a run there is replaced.

        Args:
            output_path: a new or empty folder, or that of a run.
            args: others that the library may pass, which change nothing.
            safe_serialization: other formats than safetensors are refused.
            options: others that the library may pass, which change nothing.

        Raises:
            ConfigError: the weights are not to be safetensors, or another part of the encodings was chosen.
            RunError: the folder holds something else, or a training that was stopped, or the disk refuses.
        """
        arguments.expect(
            safe_serialization,
            "`safe_serialization=False`: a run's weights are safetensors; leave it out",
        )
        own = self.run.settings.model.compared
        arguments.expect(
            self._part == own,
            f"`part={self._part}`: a run folder does not keep this choice; open the run without it to save, and choose the "
            "part where it is opened",
        )
        folder = Path(output_path)
        if is_there(folder / CHECKPOINT):
            raise RunError(f"{folder}: holds a training that was stopped; save into another folder")
        chosen = folder / CHOICES  # which the library has just written
        with one_line_errors(folder):
            choices = chosen.read_bytes() if is_there(chosen) else None
            chosen.unlink(missing_ok=True)
            save_run(folder, self.run, overwrite=True)
            if choices is not None:
                write_atomically(chosen, choices)

    def __repr__(self) -> str:
        """Tell what encodes."""
        return f"RunEncoder(part={self._part!r}, dimensions={self.get_embedding_dimension()})"


def refuse_run(run: Run) -> None:
    """Raise :class:`ConfigError` if a run does not turn a sentence into a vector to compare with others."""
    model = run.settings.model
    arguments.expect(
        not model.vectors,
        "this run reads vectors of another encoder, not sentences; open that encoder itself",
    )
    arguments.expect(
        model.memory != "states",
        "this run attends over all states of a sentence (`memory=states`): no vector holds what it says; train with `slots`",
    )
    arguments.expect(
        bool(model.meaning) or not run.translates,
        "this run translates, and no part of its encodings is for comparing sentences; train with `meaning`",
    )


def _from_hub(name: str, revision: str | None, given: dict[str, Any]) -> Path:
    """Return the folder of a run of the Hugging Face hub.

    Without options only the run's own files are downloaded; with them, as the library does, all of the repository.

    Raises:
        RunError: there is none of that name.
        HubError: as :func:`textrae.runs.hub.run_folder`.
    """
    if not any(given.values()):
        return run_folder(name if revision is None else f"{name}@{revision}")
    found = load_dir_path(name, "", revision=revision, **given)
    if found is None:
        raise RunError(f"{name}: neither a folder nor a run on the hub; check its name")
    return Path(found)
