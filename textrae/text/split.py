"""The choice of lines held out for validation: by a hash of the text, so that equal lines fall on the same side.

It is exact for any corpus, in flat memory: the hashes lie in a file and are counted one range at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

_RANGE: Final = 2**19
"""Number of hashes sorted at once, about (4 MiB). More ranges mean more readings of the file, 0.2 s each at 20 M lines."""
_READ: Final = 2**18
"""Number of hashes read at once."""


def line_hashes(lines: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each line; `seed` decides which lines come first in the order of hashes."""
    salt = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()
    digests = [hashlib.blake2b(line.encode(), digest_size=8, salt=salt).digest() for line in lines]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64, copy=False)


class LineHashes:
    """Hashes of a corpus in a temporary file, which is deleted when the context is left.

    Args:
        path: where the file lies.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Append the hashes of some lines."""
        self._file.write(hashes.tobytes())
        self._total += len(hashes)

    def split(self, largest: int) -> tuple[int, int]:
        """Return the number of distinct lines, and the hash up to which a line is held out.

        At most `largest` and at most a tenth of the distinct lines are held out, and at least one. With fewer than two
        distinct lines nothing can be held out: the hash is then 0 and means nothing.
        """
        self._file.flush()
        counts = [len(part) for part in self._parts()]
        distinct = sum(counts)
        if distinct < 2:
            return distinct, 0
        before = max(1, min(largest, distinct // 10)) - 1
        for number, count in enumerate(counts):
            if before < count:
                return distinct, int(self._part(number)[before])
            before -= count
        raise AssertionError("the rank lies within the counts")

    def _parts(self) -> Iterator[NDArray[np.uint64]]:
        for number in range(1 << self._bits):
            yield self._part(number)

    @property
    def _bits(self) -> int:
        return max(0, (self._total - 1) // _RANGE).bit_length()

    def _part(self, number: int) -> NDArray[np.uint64]:
        """Return the distinct hashes whose leading bits are `number`, ascending."""
        found: list[NDArray[np.uint64]] = []
        shift = np.uint64(64 - self._bits)
        for start in range(0, self._total, _READ):
            some = np.fromfile(self._path, dtype=np.uint64, count=_READ, offset=8 * start)
            found.append(some[some >> shift == number] if self._bits else some)
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)
