"""The recurrent cells: one file each, and the table of them all."""

from textrae.nn.cells.cell import CellKind
from textrae.nn.cells.elman import ELMAN
from textrae.nn.cells.gru import GRU
from textrae.nn.cells.lstm import LSTM

CELLS: dict[str, CellKind] = {kind.name: kind for kind in (ELMAN, LSTM, GRU)}
"""Every cell by its name in the settings."""


def cell_of(name: str) -> CellKind:
    """Return the cell of a name.

    Raises:
        ValueError: there is no such cell.
    """
    if name not in CELLS:
        raise ValueError(f"`cell`: no cell {name!r}; known are {', '.join(CELLS)}")
    return CELLS[name]
