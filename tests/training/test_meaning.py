"""What teaches meaning: each objective against its equation, and that it teaches what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig
from textrae.text.batch import Batch, ListedRows, Specials, collate_lists
from textrae.text.from_vectors import VectorTable
from textrae.training.meaning import (
    TEMPERATURE,
    Aligned,
    Context,
    Lines,
    Read,
    Teacher,
    Translations,
    Views,
    contrast,
    prefixes,
)

SPECIALS = Specials(0, 1, 2, 3)


def unread(ids: Tensor, lengths: Tensor) -> Tensor:
    """Stand for a reader that is not to be used."""
    raise AssertionError("nothing else is read")


def table(path: Path, vectors: Tensor) -> VectorTable:
    np.save(path / "vectors.npy", vectors.numpy())
    return VectorTable(path / "vectors.npy")


def batch(vectors: Tensor | None, sentences: list[list[int]] | None = None) -> Batch:
    made = collate_lists(sentences or [[4]] * (1 if vectors is None else len(vectors)), SPECIALS)
    return Batch(made.source, made.lengths, made.previous, made.target, vectors=vectors)


def test_prefixes_are_nested() -> None:
    assert prefixes(256) == [32, 64, 128, 256]
    assert prefixes(100) == [32, 64, 100]
    assert prefixes(8) == [8]


def test_a_teachers_axes_keep_its_cosines_and_put_most_first(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vectors = torch.randn(300, 40) * torch.linspace(3, 0.1, 40) @ torch.linalg.qr(torch.randn(40, 40))[0]
    teacher = Teacher(table(tmp_path, vectors), 40)
    unit = F.normalize(vectors, dim=-1)
    turned = unit @ teacher.axes
    torch.testing.assert_close(turned @ turned.t(), unit @ unit.t(), atol=1e-5, rtol=0)
    spread = turned.square().mean(0)
    assert bool((spread.diff() <= 1e-6).all())


def test_a_teachers_cost_is_the_mean_over_prefixes_of_direction_and_similarity(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vectors, meaning = torch.randn(60, 50), torch.randn(6, 40)
    teacher = Teacher(table(tmp_path, vectors), 40)
    found = teacher.cost(meaning, batch(vectors[:6]), unread)
    given = vectors[:6].double().numpy()
    given /= np.linalg.norm(given, axis=1, keepdims=True)
    wanted, costs = given @ teacher.axes.double().numpy(), []
    for count in (32, 40):
        a, b = meaning[:, :count].double().numpy(), wanted[:, :count]
        a, b = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (a, b))
        costs.append((1 - (a * b).sum(1)).mean() + np.square(a @ a.T - given @ given.T).mean())
    assert float(found) == pytest.approx(np.mean(costs), abs=1e-5)
    assert float(teacher.cost(wanted_meaning(teacher, vectors[:6]), batch(vectors[:6]), unread)) < float(
        found
    )
    assert float(teacher.cost(meaning[:1], batch(None), unread)) == 0


def wanted_meaning(teacher: Teacher, vectors: Tensor) -> Tensor:
    return F.normalize(vectors, dim=-1) @ teacher.axes


def test_contrast_is_the_cross_entropy_of_both_directions() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(5, 8), torch.randn(5, 8)
    a, b = (
        side.double().numpy() / np.linalg.norm(side.double().numpy(), axis=1, keepdims=True)
        for side in (one, other)
    )
    scores = a @ b.T / TEMPERATURE
    rows = np.log(np.exp(scores).sum(1)) - np.diag(scores)
    columns = np.log(np.exp(scores).sum(0)) - np.diag(scores)
    assert float(contrast(one, other)) == pytest.approx((rows.mean() + columns.mean()) / 2, rel=1e-5)


def test_views_bring_sentences_of_the_same_words_together() -> None:
    """After views, sentences that share most words are nearer to each other than to others, and nearer than before."""
    torch.manual_seed(0)
    model = Autoencoder(ModelConfig(hidden=16, embedding=8, slots=4, latent=4, meaning=16), 60)
    generator = torch.Generator().manual_seed(0)
    topics = [torch.randperm(56, generator=generator)[:8] + 4 for _ in range(12)]

    def sentences(seed: int) -> list[list[int]]:
        own = torch.Generator().manual_seed(seed)
        return [topic[torch.randperm(8, generator=own)[:6]].tolist() for topic in topics]

    def spoil(ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        rows = [
            [t for t in row[: n - 1] if torch.rand(()) > 0.3]
            for row, n in zip(ids.t().tolist(), lengths.tolist(), strict=True)
        ]
        spoilt = collate_lists(rows, SPECIALS)
        return spoilt.source, spoilt.lengths

    def found() -> float:
        sides = [collate_lists(sentences(seed), SPECIALS) for seed in (998, 999)]
        with torch.no_grad():
            a, b = (F.normalize(model.mean(side.source, side.lengths), dim=-1) for side in sides)
        return float(((a @ b.t()).argmax(1) == torch.arange(12)).float().mean())

    before = found()
    optimizer, views = torch.optim.Adam(model.parameters(), lr=1e-2), Views(spoil)
    for step in range(60):
        some = batch(None, sentences(step))
        meaning = model.mean(some.source, some.lengths)
        optimizer.zero_grad()
        torch.autograd.backward(views.cost(meaning, some, model.mean))
        optimizer.step()
    assert found() > max(0.9, before)


def test_a_teacher_is_imitated_on_sentences_that_it_did_not_teach(tmp_path: Path) -> None:
    """The teacher's vector is a mean of vectors of the words, which the student is not told."""
    torch.manual_seed(0)
    words, generator = torch.randn(40, 20), torch.Generator().manual_seed(0)
    sentences = [(torch.randint(0, 36, (5,), generator=generator) + 4).tolist() for _ in range(400)]
    vectors = torch.stack([words[torch.tensor(sentence)].mean(0) for sentence in sentences])
    model = Autoencoder(ModelConfig(hidden=16, embedding=8, slots=4, latent=4, meaning=16), 40)
    teacher = Teacher(table(tmp_path, vectors[:320]), 16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def agreement() -> float:
        held = collate_lists(sentences[320:], SPECIALS)
        with torch.no_grad():
            a = F.normalize(model.mean(held.source, held.lengths), dim=-1)
        b = F.normalize(vectors[320:], dim=-1)
        pairs = torch.triu_indices(80, 80, 1)
        sides = torch.stack([(a @ a.t())[pairs[0], pairs[1]], (b @ b.t())[pairs[0], pairs[1]]])
        return float(torch.corrcoef(sides)[0, 1])

    before = agreement()
    for step in range(120):
        rows = range(step % 8 * 40, step % 8 * 40 + 40)
        some = batch(vectors[rows.start : rows.stop], [sentences[row] for row in rows])
        meaning = model.mean(some.source, some.lengths)
        optimizer.zero_grad()
        torch.autograd.backward(teacher.cost(meaning, some, unread))
        optimizer.step()
    assert before < 0.5
    assert agreement() > 0.9


def test_context_tells_the_next_lines_from_others_where_they_follow() -> None:
    """Lines 0 to 2 and 70,000 to 70,001 are neighbours; line 3 is blank, or was held out."""
    torch.manual_seed(0)
    lines = [[4, 5], [6], [7, 8, 9], [10], [11, 12]]
    numbers = [0, 1, 2, 70_000, 70_001]
    halves = ListedRows([[number >> 16, number & 0xFFFF] for number in numbers])
    context, read = Context(Lines(halves, ListedRows(lines), SPECIALS), [70_100]), means()

    made = collate_lists([lines[row] for row in (3, 2, 0, 1)], SPECIALS)
    some = replace(made, numbers=np.array([70_000, 2, 0, 1]))
    meaning = read(made.source, made.lengths)
    following = collate_lists([lines[row] for row in (4, 1, 2)], SPECIALS)
    wanted = contrast(meaning[[0, 2, 3]], read(following.source, following.lengths))
    torch.testing.assert_close(context.cost(meaning, some, read), wanted)
    last = replace(collate_lists([lines[2], lines[3]], SPECIALS), numbers=np.array([2, 70_000]))
    assert float(context.cost(meaning[:2], last, read)) == 0  # one pair cannot be told from others
    assert float(context.cost(meaning, made, read)) == 0
    ended = Context(context.lines, [2, 70_001, 70_100])  # files end after lines 1 and 70,000
    assert float(ended.cost(meaning, some, read)) == 0


def means() -> Read:
    """A reader whose meaning is the mean of vectors of the tokens."""
    table = torch.randn(20, 8)
    return lambda ids, lengths: torch.stack(
        [table[row[:n]].mean(0) for row, n in zip(ids.t(), lengths.tolist(), strict=True)]
    )


def test_aligned_lines_are_told_from_others_where_they_have_a_translation() -> None:
    """Two files of three lines; line 1 of the second was held out."""
    torch.manual_seed(0)
    lines, numbers = [[4, 5], [6], [7, 8, 9], [10], [11, 12]], [0, 1, 2, 3, 5]
    halves = ListedRows([[0, number] for number in numbers])
    aligned, read = Aligned(Lines(halves, ListedRows(lines), SPECIALS), [3, 6]), means()
    made = collate_lists([lines[row] for row in (3, 1, 4, 0)], SPECIALS)
    some = replace(made, numbers=np.array([3, 1, 5, 0]))
    meaning = read(made.source, made.lengths)
    translated = collate_lists([lines[row] for row in (0, 2, 3)], SPECIALS)
    wanted = contrast(meaning[[0, 2, 3]], read(translated.source, translated.lengths))
    torch.testing.assert_close(aligned.cost(meaning, some, read), wanted)
    assert float(aligned.cost(meaning, made, read)) == 0


def test_translations_are_taken_from_each_of_the_other_files() -> None:
    torch.manual_seed(0)
    asked: list[int] = []

    class Asked(Lines):
        def contrast(self, meaning: Tensor, wanted: NDArray[np.int64], read: Read) -> Tensor:
            asked.extend(wanted.tolist())
            return meaning.new_zeros(())

    lines = Asked(ListedRows([[0, n] for n in range(12)]), ListedRows([[4]] * 12), SPECIALS)
    some = replace(collate_lists([[4]] * 3, SPECIALS), numbers=np.array([1, 6, 11]))
    for _ in range(30):
        Aligned(lines, [4, 8, 12]).cost(torch.zeros(3, 8), some, unread)
    assert [set(asked[place::3]) for place in range(3)] == [{5, 9}, {2, 10}, {3, 7}]


def test_translations_are_read_without_their_padding() -> None:
    torch.manual_seed(0)
    read = means()
    source, target = collate_lists([[4, 5], [6]], SPECIALS), collate_lists([[7], [8, 9, 10]], SPECIALS)
    pairs = replace(source, target=target.target, previous=target.previous)
    meaning = read(source.source, source.lengths)
    wanted = contrast(meaning, read(target.source, target.lengths))
    torch.testing.assert_close(Translations(SPECIALS).cost(meaning, pairs, read), wanted)
