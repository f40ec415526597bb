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
    with pytest.raises(ValueError, match="one row of one side"):
        model.xsim([], [])
    with pytest.raises(ValueError, match="one row of one side"):
        model.xsim(some, some[:3])
