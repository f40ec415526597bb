"""Exercises in copying: what they are made of, and that they teach pieces that no training text has."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.inference.generation import write
from textrae.nn.autoencoder import Autoencoder
from textrae.settings.model import ModelConfig
from textrae.text.batch import Specials, collate_lists
from textrae.training.copying import Exercises
from textrae.training.losses import reconstruction_loss

SPECIALS = Specials(0, 1, 2, 3)
TEXT = range(4, 30)


def exercises(longest: int, text: range = TEXT, single: int = 8) -> Exercises:
    """Return exercises whose pieces of single bytes are the first of the text's ids."""
    return Exercises(
        share=1.0, text=text, single=torch.arange(text.start, text.start + single), longest=longest
    )


@given(
    st.lists(st.lists(st.integers(4, 29), max_size=9), min_size=1, max_size=8),
    st.integers(1, 40),
    st.integers(0, 99),
)
@settings(deadline=None)
def test_an_exercise_is_a_batch_whose_target_is_its_source(
    texts: list[list[int]], longest: int, seed: int
) -> None:
    torch.manual_seed(seed)
    batch = collate_lists(texts, SPECIALS)
    found = exercises(longest).make(batch, SPECIALS)
    assert found.target is found.source
    lengths = [len(text) for text in texts]
    while len(lengths) > len(found.lengths):
        half = len(lengths) // 2
        lengths = [a + b for a, b in zip(lengths[:half], lengths[half:], strict=False)]
    assert found.lengths.tolist() == [length + 1 for length in lengths]
    assert len(found.source) == max(found.lengths)
    assert len(lengths) == len(texts) or len(found.source) <= longest
    assert torch.equal(found.previous[0], torch.full_like(found.previous[0], SPECIALS.bos))
    assert torch.equal(found.previous[1:], found.source[:-1])
    for column, length in zip(found.source.t().tolist(), found.lengths.tolist(), strict=True):
        assert all(token in TEXT for token in column[: length - 1])
        assert column[length - 1] == SPECIALS.eos
        assert all(token == SPECIALS.pad for token in column[length:])


def test_texts_are_joined_up_to_eight_times() -> None:
    torch.manual_seed(0)
    batch = collate_lists([[4]] * 16, SPECIALS)
    drawn = [len(exercises(100).make(batch, SPECIALS).lengths) for _ in range(80)]
    assert set(drawn) == {16, 8, 4, 2}
    assert {len(exercises(4).make(batch, SPECIALS).lengths) for _ in range(40)} == {16, 8}


def test_texts_are_kept_shuffled_and_replaced_in_their_shares() -> None:
    torch.manual_seed(0)
    row = list(range(4, 24))
    batch = collate_lists([row] * 4_000, SPECIALS)
    found = exercises(21, range(1_000, 9_000), 256).make(batch, SPECIALS)  # too long to be joined
    texts = found.source[:-1].t()
    replaced = texts >= 1_000
    assert abs(float(replaced.float().mean()) - 0.5) < 0.02
    assert abs(float((replaced.float().mean(1) < 0.25).float().mean()) - 0.25) < 0.05  # a share for each text
    bytes_among = float((texts[replaced] < 1_256).float().mean())
    assert abs(bytes_among - (0.25 + 0.75 * 256 / 8_000)) < 0.02
    in_place = ((texts == torch.tensor(row)) | replaced).all(1)
    assert abs(float(in_place.float().mean()) - 0.75) < 0.05
    kept = [sorted(t for t in text if t < 1_000) for text in texts[:50].tolist()]
    assert all(len(set(tokens)) == len(tokens) for tokens in kept)  # a shuffled text has each token once


def test_exercises_teach_to_copy_what_the_text_does_not_have() -> None:
    exact = []
    for share in (0.0, 0.25):
        torch.manual_seed(0)
        model = Autoencoder(ModelConfig(hidden=48, embedding=24, slots=6, latent=8), 30)
        generator = torch.Generator().manual_seed(0)
        sentences = [
            torch.randint(4, 14, (int(n),), generator=generator).tolist()
            for n in torch.randint(1, 7, (400,), generator=generator)
        ]
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        for start in range(0, 400 * 25, 50):
            batch = collate_lists([sentences[i % 400] for i in range(start, start + 50)], SPECIALS)
            if float(torch.rand(())) < share:
                batch = exercises(13).make(batch, SPECIALS)
            features, _ = model(batch.source, batch.lengths, batch.previous)
            optimizer.zero_grad()
            reconstruction_loss(model, features, batch.target, SPECIALS.pad).backward()
            optimizer.step()
        model.eval()
        unseen = [
            torch.randint(14, 30, (int(n),), generator=generator).tolist()
            for n in torch.randint(1, 7, (200,), generator=generator)
        ]
        batch = collate_lists(unseen, SPECIALS)
        written = write(model, model.encode(batch.source, batch.lengths), SPECIALS, 10)
        exact.append(sum(a == b for a, b in zip(written, unseen, strict=True)))
    assert exact[0] < 20
    assert exact[1] > 120
