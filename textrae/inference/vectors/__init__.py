"""Files of vectors: NumPy, safetensors, Parquet, JSON lines and CSV, written and read in blocks."""

from textrae.inference.vectors.reading import BLOCK, fingerprint_of, read_vectors
from textrae.inference.vectors.storage import (
    STORAGE,
    Storage,
    Vectors,
    check_vectors,
    count_strange,
    restored,
    stored,
)
from textrae.inference.vectors.writing import ENDINGS, VectorWriter, check_place

__all__ = [
    "BLOCK",
    "ENDINGS",
    "STORAGE",
    "Storage",
    "VectorWriter",
    "Vectors",
    "check_place",
    "check_vectors",
    "count_strange",
    "fingerprint_of",
    "read_vectors",
    "restored",
    "stored",
]
