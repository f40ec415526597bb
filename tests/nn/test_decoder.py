"""The decoder: steps one by one, looked-up tokens, what the latent and the memory reach."""

from __future__ import annotations

import itertools

import pytest
import torch

from textrae.nn.autoencoder import Autoencoder
from textrae.nn.cells import CELLS
from textrae.nn.decoder import Decoder
from textrae.nn.recurrence import Recurrence
from textrae.settings.model import ModelConfig

GRID = list(itertools.product(CELLS, (1, 2), (0, 6)))


def decoder(cell: str, layers: int, item: int, every_step: bool = True) -> tuple[Decoder, list[torch.Tensor]]:
    """Return a decoder and the conditions of a batch of 3 sentences."""
    torch.manual_seed(0)
    made = Decoder(cell, 5, 8, layers, 4, 7, 0.0, every_step, item, places=2 if item else 0).eval()
    items = torch.randn(3, 2, 6) if item else None
    return made, made.condition(torch.randn(3, 4), items)


@pytest.mark.parametrize(("cell", "layers", "item"), GRID)
def test_one_step_at_a_time_is_all_steps_at_once(cell: str, layers: int, item: int) -> None:
    made, condition = decoder(cell, layers, item)
    x, state = torch.randn(6, 3, 5), made.start(torch.randn(3, 4))
    whole, last = made(x, state, condition)
    assert whole.shape == (6, 3, 7)
    for step, features in zip(x, whole, strict=True):
        found, state = made(step.unsqueeze(0), state, condition)
        torch.testing.assert_close(found[0], features)
    torch.testing.assert_close(state, last)


@pytest.mark.parametrize(("cell", "layers", "item"), GRID)
def test_looked_up_tokens_are_computed_tokens(cell: str, layers: int, item: int) -> None:
    made, condition = decoder(cell, layers, item)
    embeddings, ids, state = torch.randn(9, 5), torch.randint(0, 9, (6, 3)), made.start(torch.randn(3, 4))
    table = made.table(embeddings)
    assert table is not None
    looked_up = made(table[ids], state, condition, projected=True)
    torch.testing.assert_close(looked_up, made(embeddings[ids], state, condition))


def test_there_is_no_table_where_a_fused_module_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = decoder("gru", 1, 0)
    monkeypatch.setattr(Recurrence, "fuses", lambda layer, x: True)
    assert made.table(torch.randn(9, 5)) is None


@pytest.mark.parametrize("every_step", [False, True])
def test_the_latent_is_an_input_of_every_step_if_asked(every_step: bool) -> None:
    made, condition = decoder("gru", 2, 0, every_step)
    assert len(condition) == (2 if every_step else 0)
    latent = torch.randn(3, 4, requires_grad=True)
    features, _ = made(torch.randn(6, 3, 5), torch.zeros(3, 16), made.condition(latent))
    assert features.requires_grad
    (gradient,) = torch.autograd.grad(features.sum(), latent, allow_unused=True)
    assert (gradient is not None and bool(gradient.abs().sum(1).all())) is every_step


def test_attention_does_not_look_at_absent_items() -> None:
    made, _ = decoder("gru", 1, 6)
    absent = torch.tensor([[0.0, -torch.inf], [0.0, 0.0], [-torch.inf, 0.0]])
    condition = made.condition(torch.randn(3, 4), torch.randn(3, 2, 6), absent)
    weights = made.attend(torch.randn(6, 3, 5), torch.zeros(3, 8), condition)
    assert weights.shape == (3, 6, 2)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 6))
    assert torch.equal(weights == 0, (absent == -torch.inf).unsqueeze(1).expand(-1, 6, -1))


def clocked(lengths: list[float] | None = None) -> tuple[Decoder, list[torch.Tensor]]:
    torch.manual_seed(0)
    made = Decoder("gru", 5, 8, 1, 12, 4, 0.0, item=3, places=4, clock=True)
    items = torch.randn(2, 4, 3)
    given = torch.tensor(lengths or [6.0, 3.0])
    return made, made.condition(items.flatten(1), items, lengths=given)


def test_with_a_clock_steps_look_at_the_slots_of_their_share() -> None:
    made, condition = clocked(lengths=[8.0, 4.0])
    with torch.no_grad():  # leave only the windows
        for parameter in made.attention.parameters():  # type: ignore[union-attr]
            parameter.zero_()
        made.place_keys.zero_()  # type: ignore[union-attr]
        made.attended.sharpness.fill_(3.0)  # type: ignore[union-attr]
    weights = made.attend(torch.randn(8, 2, 5), torch.zeros(2, 8), condition)
    assert weights[0].argmax(-1).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert weights[1].argmax(-1).tolist() == [
        0,
        1,
        2,
        3,
        3,
        3,
        3,
        3,
    ]  # past its length the clock stays at the end
    torch.testing.assert_close(weights[1, 4], weights[1, 7])
    score = -0.5 * ((1 / 16 - (torch.arange(4) + 0.5) / 4) * torch.tensor(3.0).exp()).square()
    torch.testing.assert_close(weights[0, 0], score.softmax(0))


def test_with_a_clock_steps_are_the_same_one_by_one_and_from_a_table() -> None:
    made, condition = clocked()
    embeddings = torch.randn(9, 5)
    ids, state = torch.randint(9, (6, 2)), torch.randn(2, 8)
    whole, last = made(embeddings[ids], state, condition)
    table = made.table(embeddings)
    assert table is not None
    one, other = state, state
    for step, some in enumerate(ids):
        found, one = made(embeddings[some].unsqueeze(0), one, condition, first=step)
        torch.testing.assert_close(found[0], whole[step])
        found, other = made(table[some].unsqueeze(0), other, condition, projected=True, first=step)
        torch.testing.assert_close(found[0], whole[step])
    torch.testing.assert_close(one, last)


def test_what_a_step_is_shown_of_the_slots_depends_on_its_share() -> None:
    """The first step reads the first slots before it attends: another last slot changes its state little."""
    made, condition = clocked(lengths=[6.0, 6.0])
    x, state = torch.zeros(1, 2, 5), torch.zeros(2, 8)
    moved = []
    for slot in (0, 3):
        items = condition[2].clone()
        items[:, slot] += 1.0
        given = [*condition[:2], items, *condition[3:]]
        moved.append((made(x, state, given)[1] - made(x, state, condition)[1]).norm().item())
    assert moved[0] > 20 * moved[1]


def test_a_decoder_that_is_initialised_again_is_as_at_first() -> None:
    torch.manual_seed(0)
    config = ModelConfig(hidden=16, embedding=12, latent=8, slots=3, encoding_scale=0.25)
    decoder = Autoencoder(config, 20).decoder
    at_first = {name: value.clone() for name, value in decoder.state_dict().items()}
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.fill_(9.0)
    decoder.initialise()
    for name, value in decoder.state_dict().items():
        if name.startswith(("shown.", "attended.")):  # windows begin at places that are not drawn
            torch.testing.assert_close(value, at_first[name])
        elif at_first[name].any():
            assert float(value.std() / at_first[name].std()) == pytest.approx(1.0, abs=0.4), name
        else:
            assert not value.any(), name
