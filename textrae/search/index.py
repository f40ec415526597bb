"""An index of sentences: different ones, their vectors and rows, and the nearest ones to a query."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

from textrae.errors import CorpusError, SearchError
from textrae.inference import arguments
from textrae.inference.cuts import Cuts
from textrae.inference.vectors import Vectors
from textrae.model import SentenceAutoencoder
from textrae.search.distinct import Distinct
from textrae.search.encoding import Encoder, compared, unit_vectors
from textrae.search.files import claim_index, graph_of, open_store, save_store
from textrae.search.graph import Graph, make_graph
from textrae.search.nearest import nearest
from textrae.search.store import KEPT, Kept, Store, StoreWriter
from textrae.text.blank import refuse_blank


@dataclass(frozen=True)
class Hit:
    """A sentence that was found."""

    text: str
    """The sentence."""
    score: float
    """Cosine of its encoding with the query's, -1 to 1; kept lengths are left out."""
    rows: list[int]
    """Rows of the input, from 0, where it stands: more than one for a sentence that came again."""

    @property
    def row(self) -> int:
        """First row of the input, from 0, where it stands."""
        return self.rows[0]


class Index:
    """Different sentences of a text and their vectors; make one with :meth:`build` or :meth:`open`.

    Blank sentences are left out, and a sentence that comes again is kept once, with all its rows.

    Args:
        model: the run that made the vectors, which encodes queries too.
        store: sentences, vectors and rows.
        folder: where the store is mapped from, if it was saved.
    """

    def __init__(self, model: SentenceAutoencoder, store: Store, folder: Path | None = None) -> None:
        self.model, self.store, self.folder = model, store, folder
        self._graph: Graph | None = None

    @classmethod
    def build(
        cls,
        model: SentenceAutoencoder,
        sentences: Iterable[str],
        *,
        encoder: Encoder | None = None,
        dimensions: int | None = None,
        storage: Kept = "float16",
        cuts: Cuts | None = None,
    ) -> Self:
        """Encode sentences and keep their vectors in temporary files, mapped into memory.

        A sentence takes 3 bytes a dimension on disk (5 in float32), its text, and some 40 bytes.

        Args:
            model: a loaded run.
            sentences: any number; row n is sentence n, from 0.
            encoder: what encodes instead of the model, such as a :class:`textrae.workers.WorkerPool` of the same run.
            dimensions: compare only the first N numbers of an encoding.
            storage: ``float16``, in which a cosine is right to 0.0005, or ``float32``.
            cuts: counts what was read and truncated.

        Raises:
            TypeError: something is no string, or an argument has a wrong type.
            ConfigError: the model reads vectors, or `dimensions` or `storage` is out of range.
            CorpusError: there is no sentence but blank ones.
            SearchError: the disk refuses.
        """
        model = arguments.instance("model", model, SentenceAutoencoder)
        width, part = compared(model, dimensions), model.run.settings.model.compared
        writer = StoreWriter(width, arguments.choice("storage", storage, KEPT))
        distinct, held = Distinct(arguments.sentences("sentences", sentences)), deque[str]()
        try:
            for vectors in unit_vectors(encoder or model, _recorded(distinct, held), width, cuts, part):
                writer.add([held.popleft() for _ in vectors], vectors)
            if not distinct.count:
                blank = f": its {distinct.blank:,} lines are blank" if distinct.blank else ""
                raise CorpusError(f"no sentence to search{blank}; give a file of one sentence a line")
            return cls(model, writer.finish(*distinct.rows(), distinct.seen))
        finally:
            writer.close()

    @classmethod
    def open(cls, path: str | PathLike[str], model: SentenceAutoencoder) -> Self:
        """Open the folder of an index; nothing in it is executed or unpickled, and little is read before it is used.

        Args:
            path: folder that :meth:`save` or `textrae index` wrote.
            model: the run that made it, or a copy.

        Raises:
            SearchError: it is missing, foreign, damaged, of a newer textrae, or of another run.
        """
        model = arguments.instance("model", model, SentenceAutoencoder)
        folder, most = Path(arguments.place("path", path)), compared(model)
        store = open_store(folder, model.run.fingerprint)
        if store.vectors.shape[1] > most:
            raise SearchError(
                f"{folder}: has vectors that its run does not make; make it again with `textrae index`"
            )
        return cls(model, store, folder)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False, approximate: bool = False) -> None:
        """Write the index to a folder, whole or not at all.

        Args:
            path: the folder.
            overwrite: whether an index there may be replaced.
            approximate: make a graph too, for approximate search; it needs usearch, and is held in memory.

        Raises:
            SearchError: something is at `path` and is no index, or `overwrite` is not set, or the disk refuses.
            ConfigError: usearch is not installed.
        """
        folder, over = Path(arguments.place("path", path)), arguments.flag("overwrite", overwrite)
        claim_index(folder, over)
        graph = make_graph(self.store.kept) if arguments.flag("approximate", approximate) else None
        save_store(folder, self.store, self.model.run.fingerprint, overwrite=over, graph=graph)

    def __len__(self) -> int:
        """Return the number of different sentences."""
        return len(self.store.vectors)

    @property
    def width(self) -> int:
        """Numbers of an encoding that are compared."""
        return int(self.store.vectors.shape[1])

    @property
    def lines(self) -> int:
        """Rows of the input, blank ones too."""
        return self.store.lines

    @property
    def blank(self) -> int:
        """Blank rows of the input, which were left out."""
        return self.store.lines - len(self.store.rows)

    def text(self, number: int) -> str:
        """Return sentence `number`, from 0, of the different ones in the order of their first rows."""
        return self.store.text_of(arguments.whole("number", number, 0, len(self) - 1))

    def texts(self) -> Iterator[str]:
        """Yield every different sentence."""
        return (self.store.text_of(number) for number in range(len(self)))

    def rows(self, number: int) -> list[int]:
        """Return the rows of the input, from 0, where sentence `number` stands."""
        return self.store.rows_of(arguments.whole("number", number, 0, len(self) - 1))

    def vectors(self, sentences: Iterable[str], cuts: Cuts | None = None) -> Vectors:
        """Encode sentences as those of the index, (sentences, width) of length 1."""
        given = arguments.sentences("sentences", sentences)
        part = self.model.run.settings.model.compared
        blocks = list(unit_vectors(self.model, given, self.width, cuts, part))
        return np.concatenate(blocks) if blocks else np.empty((0, self.width), np.float32)

    @overload
    def search(self, queries: str, k: int = 10, *, approximate: bool = False) -> list[Hit]: ...  # type: ignore[overload-overlap]
    @overload
    def search(
        self, queries: Iterable[str], k: int = 10, *, approximate: bool = False
    ) -> list[list[Hit]]: ...

    def search(
        self, queries: Iterable[str], k: int = 10, *, approximate: bool = False
    ) -> list[list[Hit]] | list[Hit]:
        """Find the k sentences whose encodings have the largest cosine with each query's.

        Args:
            queries: several, or a string, which gives one list.
            k: hits for each; fewer where there are no more sentences.
            approximate: go by the graph of an opened index, which may miss some, instead of all vectors.

        Returns:
            A list for each query, the best hit first; of equal ones the earlier.

        Raises:
            TypeError: a query is no string, or k no whole number.
            ConfigError: k is out of range, or usearch is not installed.
            CorpusError: a query is blank.
            SearchError: the index is damaged, or has no graph.
        """
        some = [queries] if isinstance(queries, str) else list(arguments.sentences("queries", queries))
        k, graph = arguments.whole("k", k, 1, arguments.MOST), None
        if arguments.flag("approximate", approximate):
            graph = self._opened_graph()
        refuse_blank(some)
        vectors = self.vectors(some)
        found = nearest(self.store.kept, vectors, k) if graph is None else graph.nearest(vectors, k)
        hits = [self._hits(*both) for both in zip(*found, strict=True)]
        return hits[0] if isinstance(queries, str) else hits

    def _opened_graph(self) -> Graph:
        if self.folder is None:
            raise SearchError(
                "an index that was not opened has no graph for `approximate`; save and open it first"
            )
        if self._graph is None:
            self._graph = Graph(graph_of(self.folder), self.store.kept)
        return self._graph

    def _hits(self, numbers: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Hit]:
        return [
            Hit(self.text(number), score, self.rows(number))
            for number, score in zip(numbers.tolist(), scores.tolist(), strict=True)
        ]

    def __repr__(self) -> str:
        """Tell in one line what the index holds."""
        return f"<Index: {len(self):,} different sentences of {self.lines:,} rows, {self.width} dimensions>"


def _recorded(sentences: Iterable[str], held: deque[str]) -> Iterator[str]:
    for sentence in sentences:
        held.append(sentence)
        yield sentence
