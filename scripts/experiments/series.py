"""Measure the series autoencoder on two data sets; docs/series.md has the results.

    python scripts/experiments/series.py ECG VOWELS [--seeds 5] [--steps 2000] [--lr 0.03]

ECG: ECG5000 beats, one a line, a class label before 140 values; class 1 is normal. For each seed, models are trained on
70 % of the normal beats only, and score the other normal beats and all abnormal ones. AUC is the chance that an abnormal
beat scores above a normal one. Nothing is chosen by it: marked is the model with a bottleneck whose error per value is least
on a tenth of the training beats, which it was not trained on.

VOWELS: Japanese vowels, a time step of 12 values a line, a blank line between series. For each seed, a model with a
bottleneck of K dimensions is trained on 70 %. Its error on the other 30 % stands beside those of the mean and of PCA with K
components. PCA needs vectors of one size: each series is linearly resampled to 16 time steps, and what PCA rebuilds is
resampled to the series' own length.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from textrae import SeriesAutoencoder, SeriesConfig, SeriesFormat, SeriesTraining
from textrae.series.reading import read_series

Array = NDArray[np.float64]
CELLS = ("rnn", "lstm", "gru")
WITH_BOTTLENECK = [("last", cell, frame, 8) for frame in (10, 20, 35) for cell in CELLS]
SMALLER = [("last", "rnn", 35, hidden) for hidden in (2, 4)]
ALIGNED = [("none", "rnn", frame, 8) for frame in (1, 10, 35)]
RESAMPLED = 16


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ecg")
    parser.add_argument("vowels")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--lr", type=float, default=0.03)
    args = parser.parse_args()
    anomalies(args.ecg, args.seeds, args.steps, args.lr)
    latents(args.vowels, args.seeds, args.steps, args.lr)


def split(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row numbers in random order: seven tenths of them, and the rest."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: round(0.7 * count)], order[round(0.7 * count) :]


def auc(negative: Array, positive: Array) -> float:
    """Return the chance that one of `positive` is above one of `negative`, ties counted half (Mann & Whitney 1947)."""
    above = positive[:, None] > negative[None]
    return float(np.mean(above + 0.5 * (positive[:, None] == negative[None])))


def trained(
    model: SeriesConfig, values: Sequence[Array], steps: int, lr: float, seed: int
) -> SeriesAutoencoder:
    """Train on sequences, of which a tenth validates."""
    training = SeriesTraining(steps=steps, lr=lr, seed=seed, validations=20)
    return SeriesAutoencoder.train(list(values), model, training)


def anomalies(path: str, seeds: int, steps: int, lr: float) -> None:
    """Print the AUC of normal against abnormal beats, for each decoder, cell and frame."""
    whole = read_series(path, SeriesFormat(layout="rows", labels=True))
    normal = [row for row, label in enumerate(whole.labels) if label == "1"]
    other = whole.take([row for row, label in enumerate(whole.labels) if label != "1"]).values
    print(f"{len(normal)} normal beats, {len(other)} others; errors are mean squares per value")
    print("a model: what the decoder sees, cell, frame, units")
    print("seed  model               AUC   valid  normal   other")
    for seed in range(seeds):
        train, test = (whole.take([normal[i] for i in part]).values for part in split(len(normal), seed))
        marked = ("", np.inf, 0.0)
        for bottleneck, cell, frame, hidden in WITH_BOTTLENECK + SMALLER + ALIGNED:
            config = SeriesConfig(cell=cell, hidden=hidden, bottleneck=bottleneck, scaling="joint")
            model = trained(config, folded(train, frame), steps, lr, seed)
            usual, unusual = (
                model.score(folded(part, frame), units="data") / frame for part in (test, other)
            )
            valid = model.run.training["valid_loss"] * model.run.scaling.size[0] ** 2 / frame
            name, area = f"{bottleneck} {cell} {frame} {hidden}", auc(usual, unusual)
            print(
                f"{seed:4}  {name:14}  {area:7.4f}  {valid:.4f}  {usual.mean():.4f}  {unusual.mean():.4f}",
                flush=True,
            )
            if bottleneck == "last" and valid < marked[1]:
                marked = (name, valid, area)
        print(f"{seed:4}  least validation error with a bottleneck: {marked[0]}, AUC {marked[2]:.4f}")
        for name, rebuild in linear(train).items():
            usual, unusual = (np.array([squared(rebuild(x), x) for x in part]) for part in (test, other))
            print(
                f"{seed:4}  {name:14}  {auc(usual, unusual):7.4f}          {usual.mean():.4f}  {unusual.mean():.4f}"
            )


def folded(values: Sequence[Array], frame: int) -> list[Array]:
    """Return beats (140, 1) as time steps of `frame` values."""
    return [x.reshape(-1, frame) for x in values]


def linear(train: Sequence[Array]) -> dict[str, Callable[[Array], Array]]:
    """Return functions that rebuild a beat as the mean beat, and by PCA, by name."""
    rebuild = {}
    for size in (0, 2, 4, 8):
        fitted = pca(np.stack([x.ravel() for x in train]), size)
        rebuild[f"PCA, {size}" if size else "mean beat"] = lambda x, fitted=fitted: fitted(x.ravel()).reshape(
            x.shape
        )
    return rebuild


def latents(path: str, seeds: int, steps: int, lr: float) -> None:
    """Print the error on held-out series for several sizes of the bottleneck."""
    values = read_series(path).values
    lengths = [len(x) for x in values]
    print(f"\n{len(values)} series of {min(lengths)} to {max(lengths)} steps of {values[0].shape[1]} values")
    print(
        "seed   K    mean   PCA   "
        + "".join(f"{cell:>7}" for cell in CELLS)
        + "   (mean L, units of the data)"
    )
    for seed in range(seeds):
        train, test = ([values[row] for row in part] for part in split(len(values), seed))
        centre = np.concatenate(train).mean(0)
        mean = np.mean([squared(centre, x) for x in test])
        flat = np.stack([resampled(x, RESAMPLED).ravel() for x in train])
        for size in (0, 4, 8, 16, 32, 64):
            fitted = pca(flat, size)
            line = [np.mean([squared(through(fitted, x), x) for x in test])]
            for cell in CELLS if size else ():
                config = SeriesConfig(cell=cell, hidden=size, bottleneck="last", scaling="joint")
                line.append(trained(config, train, steps, lr, seed).score(test, units="data").mean())
            print(
                f"{seed:4}  {size:2}  {mean:6.3f}  " + "".join(f"{error:7.3f}" for error in line), flush=True
            )


def squared(rebuilt: Array, x: Array) -> float:
    """Return the mean over time steps of one sequence's squared error."""
    return float(np.square(rebuilt - x).sum(1).mean())


def pca(rows: Array, size: int) -> Callable[[Array], Array]:
    """Return the projection of vectors onto the first `size` principal components of (n, width) rows."""
    mean = rows.mean(0)
    basis = np.linalg.svd(rows - mean, full_matrices=False)[2][:size]
    return lambda x: mean + (x - mean) @ basis.T @ basis


def resampled(x: Array, steps: int) -> Array:
    """Interpolate (time, dimensions) linearly to (steps, dimensions), from the first to the last time step."""
    places = np.linspace(0, len(x) - 1, steps)
    return np.stack([np.interp(places, np.arange(len(x)), column) for column in x.T], axis=1)


def through(fitted: Callable[[Array], Array], x: Array) -> Array:
    """Return a series rebuilt by a linear map of its resampled self."""
    rebuilt = fitted(resampled(x, RESAMPLED).ravel()).reshape(RESAMPLED, -1)
    return resampled(rebuilt, len(x))


if __name__ == "__main__":
    main()
