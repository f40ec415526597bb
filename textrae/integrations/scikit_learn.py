"""A run of sentences as a transformer of scikit-learn: from texts to encodings and back."""

from __future__ import annotations

import warnings
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textrae.errors import ConfigError, RunError
from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.inference.engine import BATCH_TOKENS
from textrae.integrations.packing import packed, unpacked
from textrae.model import SentenceAutoencoder
from textrae.settings.fields import Precision
from textrae.settings.model import Part

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
except ImportError as error:
    raise ImportError(
        'TextraeVectorizer needs scikit-learn; install it with: pip install "textrae[sklearn]"'
    ) from error


class TextraeVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn texts into the encodings of a run, and encodings into texts.

    Fitting trains nothing: it opens the run, and a vectorizer that was not fitted works as well. A pickle of one holds the
    path of its run and the fingerprint of its encoder, not its weights; another run at that path is refused. A model
    that was given itself is pickled as the bytes of its run folder.

    Args:
        run: run folder, or a model that is loaded or was just trained.
        part: what of encodings: ``all``, or only ``meaning`` or ``spelling`` where the run has such a part.
        batch_tokens: tokens of a batch.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; a given model stays on its own.
        precision: ``fp32``, ``bf16``, or ``auto``; a given model keeps its own.
    """

    def __init__(
        self,
        run: str | PathLike[str] | SentenceAutoencoder,
        *,
        part: Part = "all",
        batch_tokens: int = BATCH_TOKENS,
        device: str = "auto",
        precision: Precision = "fp32",
    ) -> None:
        self.run = run
        self.part = part
        self.batch_tokens = batch_tokens
        self.device = device
        self.precision = precision

    def fit(self, X: Any, y: Any = None) -> Self:
        """Open the run, and check the settings; the texts are not looked at.

        Args:
            X: texts, as for :meth:`transform`.
            y: is not used.

        Raises:
            TypeError: `X` is one string, or a setting has a wrong type.
            RunError: the run folder is missing, foreign or damaged.
            ConfigError: the run reads vectors, not sentences, or its encodings have no such part.
        """
        if isinstance(X, str):
            arguments.sentences("X", X)  # refuses it
        model = self._model()
        model.engine.refuse_text()
        model.run.settings.model.part_size(
            arguments.choice("part", self.part, ("all", "meaning", "spelling"))
        )
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Encode texts, blank ones too.

        Longer ones than the run reads are cut; a warning tells how many.

        Args:
            X: n texts: a list, an array, a series, another iterable of strings, or a table of one column.

        Returns:
            Encodings (n, dimensions), float32; a data frame after ``set_output(transform="pandas")``.

        Raises:
            TypeError: an item is no string; it is named.
            ConfigError: as for :meth:`fit`.
        """
        model, cuts = self._model(), Cuts()
        stream = model.encode_stream(_texts(X), batch_tokens=self.batch_tokens, cuts=cuts, part=self.part)
        blocks = list(stream)
        said = cuts.unknown()
        if cuts.cut:
            said.append(
                f"{cuts.cut:,} of {cuts.sentences:,} texts are longer than the {model.max_length} tokens that the run "
                "reads; they were cut"
            )
        for line in said:
            warnings.warn(line, stacklevel=2)
        empty = np.empty((0, self._n_features_out), dtype=np.float32)
        return np.concatenate(blocks) if blocks else empty

    def inverse_transform(self, X: Any) -> NDArray[np.object_]:
        """Decode encodings to texts.

        Args:
            X: encodings (n, dimensions): an array, a data frame, or a list of vectors.

        Returns:
            Texts (n,), as an array of strings.

        Raises:
            VectorError: they have another width, or a number that is not finite.
            ConfigError: they are only a part of encodings, or the model's decoder needs more than them.
        """
        if self.part != "all":
            raise ConfigError(f"`part={self.part}`: only whole encodings can be decoded; give `part=all`")
        vectors = X.to_numpy() if hasattr(X, "to_numpy") else X
        return np.array(self._model().decode(vectors), dtype=object)

    @property
    def _n_features_out(self) -> int:
        """Dimensions of what :meth:`transform` returns, which names its columns."""
        return self._model().run.settings.model.part_size(self.part)

    def _model(self) -> SentenceAutoencoder:
        """Return the model, which is loaded when it is first needed and kept while run, device and precision stay.

        Raises:
            RunError: it cannot be read, or is another than the one that was pickled.
        """
        if isinstance(self.run, SentenceAutoencoder):
            return self.run
        wanted, loaded = (self.run, self.device, self.precision), self.__dict__.setdefault("_loaded", {})
        if wanted not in loaded:
            model = SentenceAutoencoder.load(self.run, device=self.device, precision=self.precision)
            path, fingerprint = getattr(self, "_pickled", (None, None))
            if path == self.run and fingerprint != model.run.fingerprint:
                raise RunError(
                    f"{self.run}: makes other encodings than the run that this vectorizer was pickled with; give that "
                    "one with `set_params(run=…)`"
                )
            loaded.clear()
            loaded[wanted] = model
        found: SentenceAutoencoder = loaded[wanted]
        return found

    def __sklearn_clone__(self) -> Self:
        """Return a twin with the same settings; the two share the model that either loads."""
        twin: Self = super().__sklearn_clone__()
        twin._loaded = self.__dict__.setdefault("_loaded", {})
        if hasattr(self, "_pickled"):
            twin._pickled = self._pickled
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the path of the run and the fingerprint of its encoder, or the bytes of a model."""
        state: dict[str, Any] = {**super().__getstate__()}
        for (path, *_), model in state.pop("_loaded", {}).items():
            if path == self.run:
                state["_pickled"] = path, model.run.fingerprint
        if isinstance(self.run, SentenceAutoencoder):
            state["run"], state["_packed"] = None, packed(self.run.save)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled; a run that is named by its path is opened when it is first needed."""
        state = {**state}
        if (files := state.pop("_packed", None)) is not None:
            state["run"] = unpacked(
                files,
                lambda path: SentenceAutoencoder.load(
                    path, device=state["device"], precision=state["precision"]
                ),
            )
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that the input is texts, and that nothing has to be fitted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _texts(X: Any) -> Any:
    """Return what is to be one text after another, for a table or an array of one column its column.

    Raises:
        TypeError: there are several columns.
    """
    shape = getattr(X, "shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2:
        return X
    if shape[1] != 1:
        raise TypeError(
            f"`X`: texts are expected, not {arguments.shown(X)}; give the one column that holds them"
        )
    return np.asarray(X, dtype=object)[:, 0]
