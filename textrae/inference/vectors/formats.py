"""How each format of vectors is written, block by block, to an open file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import IO, Any

import numpy as np
import orjson
from numpy.lib import format as npy
from numpy.typing import NDArray

from textrae.errors import VectorError
from textrae.inference.vectors.storage import STORAGE, Storage, columns

TEXT, VECTOR, RUN = "text", "vector", "textrae_run"
"""Names of the columns of a table of vectors: sentence, vector, and fingerprint of the run that encoded it."""
MARK = "textrae"
"""Name of the metadata of a Parquet or safetensors file, which hold the fingerprint and the storage."""
TENSOR = "vectors"
"""Name of the array of a safetensors file."""
NPY_HEADER, SAFETENSORS_HEADER = 128, 512
"""Bytes of a header, with room for any number of rows, which is known only at the end."""
SAFETENSORS: dict[Storage, str] = {"float32": "F32", "float16": "F16", "int8": "I8", "binary": "U8"}
"""Name that safetensors gives to the type of each storage."""
Kept = Mapping[str, Any]
"""Further columns by their names: lists of values, or Arrow arrays, whose types are kept."""
_QUOTED = re.compile('[",\r\n]')


@dataclass(frozen=True)
class Layout:
    """What a file of vectors holds."""

    width: int
    """Dimensions of a vector."""
    storage: Storage
    """How they are stored."""
    run: str | None = None
    """Fingerprint of the run that encoded them."""
    keep: tuple[str, ...] = ()
    """Names of further columns."""
    length: bool = False
    """Whether the last number is a length that an encoding keeps."""

    @property
    def columns(self) -> int:
        """Stored numbers of a vector."""
        return columns(self.width, self.storage, self.length)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored numbers."""
        return np.dtype(STORAGE[self.storage])

    @property
    def mark(self) -> str:
        """What the metadata of a file say of it."""
        run = {} if self.run is None else {"run": self.run}
        return json.dumps({**run, "storage": self.storage, "dimensions": self.width})


class Npy:
    """Rows of a NumPy file, behind a header that is written at the end."""

    header = NPY_HEADER

    def __init__(self, stream: IO[bytes], layout: Layout) -> None:
        self.stream, self.layout, self.rows = stream, layout, 0
        stream.write(b"\0" * self.header)

    def add(self, sentences: Sequence[str], vectors: NDArray[Any], kept: Kept) -> None:
        """Write rows."""
        self.rows += len(vectors)
        self.stream.write(vectors.tobytes())

    def end(self) -> None:
        """Write the header."""
        self.stream.seek(0)
        self.stream.write(self.heading())

    def heading(self) -> bytes:
        """Return the header of as many rows as were written."""
        shape, start = (self.rows, self.layout.columns), npy.magic(1, 0)
        said = f"{{'descr': '{self.layout.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
        room = self.header - len(start) - 2
        return start + room.to_bytes(2, "little") + (said.ljust(room - 1) + "\n").encode("latin-1")


class Safetensors(Npy):
    """Rows of the one array of a safetensors file."""

    header = SAFETENSORS_HEADER

    def heading(self) -> bytes:
        """Return the header of as many rows as were written."""
        shape = [self.rows, self.layout.columns]
        room, size = self.header - 8, self.rows * self.layout.columns * self.layout.dtype.itemsize
        kind = SAFETENSORS[self.layout.storage]
        entry = {"dtype": kind, "shape": shape, "data_offsets": [0, size]}
        said = json.dumps({"__metadata__": {MARK: self.layout.mark}, TENSOR: entry})
        return room.to_bytes(8, "little") + said.ljust(room).encode()


class Jsonl:
    """Lines of JSON: an object with the sentence, further columns, the fingerprint and the vector."""

    def __init__(self, stream: IO[bytes], layout: Layout) -> None:
        self.stream = stream
        self.run = {} if layout.run is None else {RUN: layout.run}

    def add(self, sentences: Sequence[str], vectors: NDArray[Any], kept: Kept) -> None:
        """Write lines; numbers are the shortest that read back as the same float32."""
        names, columns = list(kept), [_plain(name, values) for name, values in kept.items()]
        lines = []
        for text, vector, *values in zip(sentences, vectors, *columns, strict=True):
            row = {TEXT: text, **dict(zip(names, values, strict=True)), **self.run, VECTOR: vector}
            lines.append(_dumped(row))
        self.stream.write(b"".join(lines))

    def end(self) -> None:
        """Write what waits."""
        self.stream.flush()


class Csv:
    """Rows of a table: the sentence, further columns, the fingerprint, and a column for each dimension."""

    def __init__(self, stream: IO[bytes], layout: Layout) -> None:
        self.stream = stream
        self.run = [] if layout.run is None else [layout.run]
        numbers = [f"{VECTOR}_{number}" for number in range(layout.width)]
        names = [TEXT, *layout.keep, *([RUN] if self.run else []), *numbers]
        stream.write((",".join(map(_field, names)) + "\n").encode())

    def add(self, sentences: Sequence[str], vectors: NDArray[Any], kept: Kept) -> None:
        """Write rows; numbers are the shortest that read back as the same float32."""
        columns = [map(_written, _plain(name, values)) for name, values in kept.items()]
        lines = []
        for text, vector, *values in zip(sentences, vectors, *columns, strict=True):
            fields = ",".join(map(_field, [text, *values, *self.run])).encode()
            numbers = orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
            lines.append(fields + b"," + numbers + b"\n")
        self.stream.write(b"".join(lines))

    def end(self) -> None:
        """Write what waits."""
        self.stream.flush()


class Parquet:
    """Row groups of a Parquet file with the sentences, further columns and the vectors; its pages have checksums."""

    def __init__(self, stream: IO[bytes], layout: Layout) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.pa, self.pq, self.stream, self.layout = pa, pq, stream, layout
        self.writer: Any = None
        self.types: dict[str, Any] = {}

    def add(self, sentences: Sequence[str], vectors: NDArray[Any], kept: Kept) -> None:
        """Write a row group."""
        if self.writer is None:
            self._begin(kept)
        lists = self.pa.FixedSizeListArray.from_arrays(self.pa.array(vectors.ravel()), self.layout.columns)
        others = [self._array(name, values) for name, values in kept.items()]
        columns = [self.pa.array(sentences, self.pa.string()), *others, lists]
        self.writer.write_table(self.pa.Table.from_arrays(columns, schema=self.writer.schema))

    def end(self) -> None:
        """Write the footer."""
        if self.writer is None:
            self._begin({name: [] for name in self.layout.keep})
        self.writer.close()

    def _begin(self, kept: Kept) -> None:
        """Choose the types of further columns by their first values."""
        pa = self.pa
        self.types = {name: _arrow_type(pa, values) for name, values in kept.items()}
        numbers = pa.list_(pa.from_numpy_dtype(self.layout.dtype), self.layout.columns)
        schema = pa.schema(
            [(TEXT, pa.string()), *self.types.items(), (VECTOR, numbers)], {MARK: self.layout.mark}
        )
        self.writer = self.pq.ParquetWriter(self.stream, schema, write_page_checksum=True)

    def _array(self, name: str, values: Any) -> Any:
        """Return further values as an array of their column's type.

        Raises:
            VectorError: a value is of another kind than the first ones.
        """
        wanted = self.types[name]
        if isinstance(values, self.pa.Array):
            return values if values.type == wanted else values.cast(wanted)
        if wanted == self.pa.string():
            values = [_nested(value) for value in values]
        exact = {"string": (str,), "bool": (bool,), "int64": (int,), "double": (int, float)}[str(wanted)]
        for value in values:
            if value is not None and (
                type(value) not in exact or (type(value) is int and not _fits(value, str(wanted)))
            ):
                raise VectorError(
                    f"`keep`: column {name!r} holds {str(value)[:40]!r}, and its first values are of the kind {wanted}: "
                    "a column of .parquet is of one kind; write .jsonl"
                )
        return self.pa.array(values, wanted)


def _fits(value: int, kind: str) -> bool:
    return -(2**53) <= value <= 2**53 if kind == "double" else -(2**63) <= value < 2**63


def _arrow_type(pa: Any, values: Any) -> Any:
    """Return the type of an Arrow array, or the one for a list of values of JSON or of text."""
    if isinstance(values, pa.Array):
        return values.type
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    return pa.float64() if kinds and kinds <= {int, float} else pa.string()


def _nested(value: Any) -> Any:
    """Return the JSON of a list or object; any other value as it is."""
    return _dumped(value)[:-1].decode() if isinstance(value, dict | list) else value


def _plain(name: str, values: Any) -> Sequence[Any]:
    """Return an Arrow array as values that JSON has: times and decimals as text; a list is returned as it is.

    Raises:
        VectorError: the values are bytes.
    """
    if isinstance(values, list):
        return values
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind, types = values.type, pa.types
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        raise VectorError(f"`keep`: column {name!r} holds bytes, which text has no place for; write .parquet")
    if types.is_timestamp(kind) or types.is_time(kind) or types.is_decimal(kind):
        values = values.cast(pa.string())
    plain: list[Any] = values.to_pylist()
    return plain


def _dumped(value: Any) -> bytes:
    """Return a line of JSON.

    Raises:
        TypeError: a value has no place in JSON.
    """
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(value, _told, options)
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
    return orjson.dumps(_wide(value), _told, options)


def _told(value: Any) -> str:
    """Return the text of what JSON has no type for."""
    if isinstance(value, Decimal | timedelta):
        return str(value)
    raise TypeError(type(value).__name__)


def _wide(value: Any) -> Any:
    """Return a value whose whole numbers may have more than 64 bits."""
    if isinstance(value, dict):
        return {name: _wide(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_wide(one) for one in value]
    return orjson.Fragment(str(value)) if type(value) is int else value


def _written(value: Any) -> str:
    """Return a value as a field of a table."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    said = _dumped(value)[:-1]
    return str(orjson.loads(said)) if said[:1] == b'"' else said.decode()


def _field(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value
