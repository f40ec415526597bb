"""Sizes of a model: what one dial sets, and which size suits a budget and a corpus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Size = Literal["small", "base", "large"]

Dialled = Literal["auto", "small", "base", "large"]

NUMBERS = ("hidden", "embedding", "slots", "latent")
"""Settings of a model that its size decides, where they are not given."""


class Numbers(NamedTuple):
    """What a size means."""

    hidden: int
    """Units of each recurrent layer."""
    embedding: int
    """Dimensions of a token embedding."""
    slots: int
    """Slots of a text; long texts may have more of them (:func:`slots_for`)."""
    latent: int
    """Numbers of each slot."""
    vector: int
    """Numbers of an encoding that has no slots, but is one vector."""


SIZES: dict[Size, Numbers] = {
    "small": Numbers(hidden=256, embedding=128, slots=32, latent=16, vector=128),
    "base": Numbers(hidden=512, embedding=256, slots=64, latent=16, vector=128),
    "large": Numbers(hidden=1024, embedding=512, slots=64, latent=32, vector=256),
}
"""The numbers of each size. A model that is made without a size has those of base."""

FEW_TOKENS = 400_000
"""Tokens of training; where base would see fewer of them, small learns more."""
MANY_TOKENS = 60_000_000
"""Tokens of training; where large sees more of them, it learns more than base."""
LARGE_CORPUS = 1_000_000
"""Tokens of a corpus; of a smaller one large would learn sentences by heart."""
TOKENS_A_SLOT = 2
"""Tokens that a slot stands for at most, in nine of ten texts; of longer texts there are twice as many slots, and again."""
MOST_SLOTS = 256
"""Slots that the corpus suggests at most."""
FEWER_SLOTS = 4
"""A translator has fewer slots by this factor, with more numbers each: what attends over words wants few large slots."""


def has_slots(given: Mapping[str, Any]) -> bool:
    """Return whether a model has slots if their number is left open.

    A model does for which ``memory="slots"`` is given. Otherwise slots give way to what would make no use of them
    (all states as memory, a pooling), and to what is known to work with one vector: given vectors, a variational,
    regularised or hierarchical model.

    Args:
        given: settings of the model that were given, by name.
    """
    if "memory" in given:
        return bool(given["memory"] == "slots")
    one = any(given.get(name) for name in ("vectors", "variational", "hierarchical"))
    return not one and given.get("regulariser", "none") == "none" and given.get("pooling", "auto") == "auto"


def numbers(size: Size, given: Mapping[str, Any], *, translates: bool = False) -> dict[str, int]:
    """Return the settings that a size decides: those of :data:`NUMBERS` that were not given.

    Args:
        size: of the model.
        given: settings of the model that were given, by name; not all of them need be valid.
        translates: whether the model writes another text than it reads.
    """
    of, fewer = SIZES[size], FEWER_SLOTS if translates else 1
    slots = given.get("slots", of.slots // fewer if has_slots(given) else 0)
    latent = of.vector if slots in (0, 1) else of.latent * fewer
    found = {"hidden": of.hidden, "embedding": of.embedding, "slots": slots, "latent": latent}
    return {name: value for name, value in found.items() if name not in given}


def slots_for(size: Size, length: float, *, translates: bool = False) -> int:
    """Return the slots of a size for texts of which nine of ten have at most `length` tokens."""
    slots = SIZES[size].slots
    while slots < MOST_SLOTS and length > slots * TOKENS_A_SLOT:
        slots *= 2
    return slots // FEWER_SLOTS if translates else slots


def size_for(tokens: Callable[[Size], float], corpus: float, fits: Callable[[Size], bool]) -> Size:
    """Return the size that suits a budget and a corpus.

    Args:
        tokens: returns the tokens that the budget trains a size on. It is asked for base first, and for large only where
            base sees enough of them: no machine trains large faster.
        corpus: tokens of the corpus.
        fits: tells whether the device has the memory to train a size.
    """
    base = tokens("base")
    if base < FEW_TOKENS:
        return "small"
    if base <= MANY_TOKENS or corpus < LARGE_CORPUS or not fits("large"):
        return "base"
    return "large" if tokens("large") > MANY_TOKENS else "base"
