"""What a loaded model can be measured by."""

from __future__ import annotations

import pytest
from conftest import sentences

from textrae import SentenceAutoencoder
from textrae.evaluation.similarity import xsim


def test_xsim_is_that_of_the_encodings(model: SentenceAutoencoder) -> None:
    some = sentences()[:60:2]
    others = some[::-1]
    assert model.xsim(some, some) == 0.0
    assert model.xsim(some, others) == xsim(model.encode(some), model.encode(others)) > 0.0
    assert model.xsim([*some, "", "A dog"], [*some, "The cat", " "]) == 0.0  # such pairs are left out
    for sides in (([], []), (some, some[:3])):
        with pytest.raises(ValueError, match="one for each"):
            model.xsim(*sides)
    with pytest.raises(ValueError, match="2 of 2 pairs had a blank side"):
        model.xsim(["", "a"], ["a", ""])
