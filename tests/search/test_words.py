"""Words that tell groups apart."""

from __future__ import annotations

import numpy as np
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.search import Index
from textrae.search.words import typical_words


def test_what_stands_in_one_group_only_is_typical_of_it(model: SentenceAutoencoder) -> None:
    index = Index.build(model, sentences())
    own = np.array(["dog" in text for text in index.texts()]).astype(np.int64)
    others, dogs = typical_words(index, own, 2, 3)
    assert dogs[0] == "dog"
    assert "dog" not in others
    assert len(others) == 3
    assert typical_words(index, own, 2, 0) == [[], []]


def test_a_script_without_spaces_has_pairs_of_characters(model: SentenceAutoencoder) -> None:
    index = Index.build(
        model,
        [*(f"我喜欢猫{number}。" for number in range(20)), *(f"他有狗{number}。" for number in range(20))],
    )
    own = np.repeat([0, 1], 20)
    (cats, dogs) = typical_words(index, own, 2, 4)
    assert set(cats) >= {"我喜", "喜欢", "欢猫"}
    assert set(dogs) >= {"他有", "有狗"}
