"""Levels of units: grouping, what a plan may know, and whose a segment is."""

from __future__ import annotations

import pytest
import torch

from textrae.nn.cells import CELLS
from textrae.nn.hierarchy import Hierarchy, Places, grouped, owners, ungrouped


def test_grouping_and_back() -> None:
    units, counts = torch.arange(12.0).view(6, 2), torch.tensor([1, 3, 2])
    columns = grouped(units, counts)
    assert columns.shape == (3, 3, 2)
    assert columns[0, :, 0].tolist() == [0.0, 2.0, 8.0]  # the first of each group
    torch.testing.assert_close(ungrouped(columns, counts), units)


def test_owners_through_two_levels() -> None:
    tree = [torch.tensor([2, 1, 1, 3]), torch.tensor([1, 3])]
    assert owners(tree).tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert owners(tree[1:]).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("cell", CELLS)
def test_a_plan_knows_only_the_vector_and_what_stands_before_it(cell: str) -> None:
    torch.manual_seed(0)
    hierarchy = Hierarchy(cell, 8, 4, 2, True, "max", 6, 0.0).double()
    tree = [torch.tensor([2, 1, 3, 1]), torch.tensor([1, 3])]  # segments a b | c | d e f | g of two texts
    units = torch.randn(7, 8, dtype=torch.double, requires_grad=True)
    vector = torch.randn(2, 6, dtype=torch.double, requires_grad=True)
    reading, levels = hierarchy.fold(units, tree)
    assert reading.states.shape == (2, 3, 2, 4)
    plans = hierarchy.unfold(vector, tree, levels)
    assert plans.shape == (7, 4)
    knows = []
    for plan in plans:
        by_unit, by_vector = torch.autograd.grad(plan.sum(), (units, vector), retain_graph=True)
        knows.append("".join(name for name, row in zip("abcdefg", by_unit, strict=True) if row.abs().sum()))
        assert (by_vector.abs().sum(1) > 0).sum() == 1
    # a plan is told of the parts before it and, through the level above, of the units before its own
    assert knows == ["", "a", "", "c", "cd", "cde", "cdef"]


def test_folding_does_not_see_padding() -> None:
    torch.manual_seed(0)
    hierarchy = Hierarchy("gru", 8, 4, 1, True, "max", 6, 0.0)
    units = torch.randn(5, 8)
    together, _ = hierarchy.fold(units, [torch.tensor([4, 1])])
    alone, _ = hierarchy.fold(units[4:], [torch.tensor([1])])
    reader = hierarchy.reader(0)
    torch.testing.assert_close(reader.pool(together)[1:], reader.pool(alone))


def test_parts_go_to_their_places_in_turn() -> None:
    torch.manual_seed(0)
    places = Places(2, 3, 8, clock=False)
    parts, counts = torch.randn(2, 5, 3), torch.tensor([5, 1])
    found = places(parts, counts)
    weight = places.project.weight
    first, second = weight @ parts[0, [0, 2, 4]].mean(0), weight @ parts[0, [1, 3]].mean(0)
    torch.testing.assert_close(found[0], torch.cat([first, second]))
    torch.testing.assert_close(
        found[1], torch.cat([weight @ parts[1, 0], torch.zeros(4)])
    )  # padding counts nothing
    told = places.of(found, 1, 3)
    torch.testing.assert_close(told[:, 0], torch.stack([second, first, second]))


def test_with_a_clock_places_hold_successive_shares_of_a_text() -> None:
    torch.manual_seed(0)
    places = Places(2, 3, 8, clock=True)
    assert places.filled is not None
    assert places.shown is not None
    with torch.no_grad():
        places.filled.sharpness.fill_(6.0)
        places.shown.sharpness.fill_(6.0)
    parts, counts = torch.randn(2, 6, 3), torch.tensor([6, 2])
    found = places(parts, counts)
    weight = places.project.weight
    # sharp windows take the parts next to the centres, at 1/4 and 3/4 of the text
    torch.testing.assert_close(found[0], torch.cat([weight @ parts[0, 1], weight @ parts[0, 4]]))
    torch.testing.assert_close(found[1], torch.cat([weight @ parts[1, 0], weight @ parts[1, 1]]))
    told = places.of(found, 1, 2, torch.tensor([4.0, 1.0]))
    torch.testing.assert_close(told[:, 0], found.view(2, 2, 4)[0, [0, 1]])  # steps 1 and 2 of 4
    torch.testing.assert_close(told[:, 1], found.view(2, 2, 4)[1, [1, 1]])  # past its only part


def test_a_plan_is_told_the_place_of_its_part() -> None:
    torch.manual_seed(0)
    hierarchy = Hierarchy("gru", 8, 4, 1, True, "mean", 6, 0.0, places=3)
    vector = torch.randn(1, 6)
    before = torch.zeros(4, 1, 8)
    told = hierarchy.told(0, before, vector, 0)
    assert told.shape == (4, 1, 10)
    torch.testing.assert_close(told[3], told[0])
    torch.testing.assert_close(hierarchy.told(0, before[:1], vector, 2)[0], told[2])


def test_some_texts_rehearse_with_their_own_segments() -> None:
    torch.manual_seed(0)
    hierarchy = Hierarchy("gru", 8, 4, 1, True, "mean", 6, 0.0)
    tree, plans, segments = [torch.full((200,), 3)], torch.zeros(600, 4), torch.randn(600, 8)
    assert torch.equal(hierarchy.rehearsed(plans, segments, tree, 0.0), plans)
    own = torch.tanh(hierarchy.shortcut(segments))
    torch.testing.assert_close(hierarchy.rehearsed(plans, segments, tree, 1.0), own)
    mixed = hierarchy.rehearsed(plans, segments, tree, 0.25).view(200, 3, 4)
    rehearse = (mixed != 0).any(-1)
    assert (rehearse.all(1) | ~rehearse.any(1)).all()  # whole texts
    assert 30 <= int(rehearse.all(1).sum()) <= 70
