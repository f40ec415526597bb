"""The split: exact ranks of hashes, which the seed decides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.text import split as split_module
from textrae.text.split import LineHashes, line_hashes


@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=1, max_size=60), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_threshold_is_the_rank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], largest: int
) -> None:
    hashes = line_hashes(lines, 7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split_module, "_RANGE", 4)
        patch.setattr(split_module, "_READ", 7)
        with LineHashes(tmp_path_factory.mktemp("h") / "h") as file:
            file.add(hashes)
            distinct, threshold = file.split(largest)
    assert distinct == len(set(lines))
    if distinct > 1:
        assert len(set(hashes[hashes <= threshold])) == max(1, min(largest, distinct // 10))
