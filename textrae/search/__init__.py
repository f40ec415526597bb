"""Finding sentences by their encodings: the nearest, the near-identical, the unusual, and groups of similar ones."""

from textrae.search.cluster import Cluster, Clustering, cluster
from textrae.search.duplicates import Group, duplicates
from textrae.search.index import Hit, Index
from textrae.search.outliers import Outlier, outliers

__all__ = [
    "Cluster",
    "Clustering",
    "Group",
    "Hit",
    "Index",
    "Outlier",
    "cluster",
    "duplicates",
    "outliers",
]
