"""Colours that can be read, and estimates of text."""

from __future__ import annotations

import pytest

from textrae.pictures.canvas import DARK, GRID, LIGHT, PAPER, SERIES, colour, shortened, text_width


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_every_colour_but_the_grids_stands_out_from_the_paper(colours: dict[str, str]) -> None:
    for role in colours.keys() - {PAPER, GRID}:
        pair = sorted((luminance(colours[role]), luminance(colours[PAPER])))
        least = 3.5 if role in SERIES else 4.5
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= least, role


def test_both_grounds_have_all_roles_and_colours_repeat_after_eight() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert colour(9) == colour(1) == SERIES[1]


def test_wide_letters_take_more_room() -> None:
    assert text_width("漢字", 10) == 20
    assert text_width("ab", 10) == pytest.approx(11.4)


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert shortened("a  b\nc", 10) == "a b c"
    assert shortened("abcdefgh", 5) == "abcd…"
