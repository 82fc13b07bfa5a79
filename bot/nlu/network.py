"""A network of one hidden layer: sentence vectors -> scores of labels. It learns by Adam with dropout (Srivastava et al., 2014).

It learns what others do not know: their log-probabilities are added to its scores while it learns, and wherever it is asked.
The same vectors, labels and start give the same network on any processor: chance has a fixed seed, and it learns in double precision.
In single precision the last bit of a product, which processors round differently, changed one answer of 25.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bot.nlu.counts import Floats
from bot.nlu.linear import log_softmax

HIDDEN = 512
ROUNDS = 6  # through all vectors; more learn them by heart
BATCH = 256
FEWEST_STEPS = 100
RATE, LATER_RATE = 3e-3, 2e-3  # of learning: from nothing, and of a few changes
LATER_STEPS, LATER_NEW, LATER_OLD = 40, 16, 112  # steps for a few changes, and how much of a batch is new, again and again, and old
DROPPED = 0.3  # of the hidden numbers, while it learns
ALONE = 0.1  # share of the texts of which it is not told what others know: where they know nothing, it must do without
DECAYS = 0.9, 0.99  # of Adam's two averages
FORGET = 1e-4  # of each weight in a step, times the rate: no weight grows for ever
TINY = 1e-8
BLOCK = 64  # rows of weights that change together: so many stay in the cache of a processor

FIELDS = "mean", "scale", "inner", "inner_bias", "outer", "outer_bias"

Labels = NDArray[np.intp]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    mean: Floats  # (width,)
    scale: Floats  # one number
    inner: Floats  # (width, HIDDEN of each that was joined), for (vectors - mean) * scale
    inner_bias: Floats
    outer: Floats  # (as many, labels)
    outer_bias: Floats

    def log_probabilities(self, vectors: Floats) -> Floats:
        """For one vector or, row by row, for many."""
        hidden = np.maximum(self._even(vectors) @ self.inner + self.inner_bias, 0)
        return log_softmax((hidden @ self.outer + self.outer_bias).astype(np.float32))

    @classmethod
    def fit(cls, vectors: Floats, truth: Labels, labels: int, known: Floats | None = None, seed: int = 0) -> Self:
        """`known`: the log-probabilities that others give to the labels of each text."""
        chance, width = np.random.default_rng(seed), vectors.shape[1]
        others = np.zeros((len(vectors), labels), np.float32) if known is None else known
        mean = vectors.mean(axis=0)
        scale = 1 / np.maximum(np.sqrt(((vectors - mean) ** 2).mean()), TINY)
        inner, outer = _normal(chance, 2 / width, (width, HIDDEN)), _normal(chance, 1 / (4 * HIDDEN), (HIDDEN, labels))
        learner, even = _Learner([inner, np.zeros(HIDDEN), outer, np.zeros(labels)], chance), (vectors - mean) * scale
        batch = min(BATCH, len(vectors))
        steps = max(FEWEST_STEPS, ROUNDS * len(vectors) // batch)
        rows = np.concatenate([chance.permutation(len(vectors)) for _ in range(-(-steps * batch // len(vectors)))])
        for step in range(steps):
            seen = rows[step * batch : (step + 1) * batch]
            told = others[seen] * (chance.random((len(seen), 1)) >= ALONE)
            learner.step(even[seen], np.eye(labels)[truth[seen]], told, RATE * (1 + np.cos(np.pi * step / steps)) / 2)
        return cls(mean, np.array(scale, np.float32), *learner.learnt())

    @classmethod
    def joined(cls, networks: Sequence[Self]) -> Self:
        """One network that says the mean of what several say that learnt from the same vectors: less of it is chance."""
        return cls(
            networks[0].mean,
            networks[0].scale,
            np.hstack([one.inner for one in networks]),
            np.concatenate([one.inner_bias for one in networks]),
            np.vstack([one.outer for one in networks]) / np.float32(len(networks)),
            np.mean([one.outer_bias for one in networks], axis=0),
        )

    def learnt(self, vectors: Floats, new: Labels, truth: Labels, known: Floats) -> Self:
        """This network after the rows `new` came; `truth` and what others know (`known`) are of these alone.

        Of other rows it is asked again beside them, and must say what it said: so nothing is forgotten (Li and Hoiem, 2017).
        """
        if not len(new):
            return self
        chance = np.random.default_rng(0)
        start = [weights.astype(np.float64) for weights in (self.inner, self.inner_bias, self.outer, self.outer_bias)]
        learner, old = _Learner(start, chance), np.setdiff1d(np.arange(len(vectors)), new)
        wanted, rate = np.eye(self.outer.shape[1])[truth], LATER_RATE * HIDDEN / len(self.inner_bias)  # joined ones move together
        for _ in range(LATER_STEPS):
            fresh, others = chance.integers(len(new), size=LATER_NEW), vectors[chance.choice(old, LATER_OLD)]
            said = np.exp(self.log_probabilities(others))
            learner.step(
                self._even(np.concatenate([vectors[new[fresh]], others])),
                np.concatenate([wanted[fresh], said]),
                np.concatenate([known[fresh], np.zeros_like(said)]),
                rate,
            )
        return type(self)(self.mean, self.scale, *learner.learnt())

    def _even(self, vectors: Floats) -> Floats:
        return (vectors - self.mean) * self.scale

    def arrays(self, prefix: str) -> dict[str, Any]:
        return {f"{prefix}.{name}": getattr(self, name).astype(np.float16) for name in FIELDS}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Any) -> Self:
        return cls(**{name: arrays[f"{prefix}.{name}"].astype(np.float32) for name in FIELDS})


def _normal(chance: np.random.Generator, variance: float, shape: tuple[int, int]) -> Doubles:
    drawn: Doubles = np.sqrt(variance) * chance.standard_normal(shape)
    return drawn


class _Learner:
    """Weights that change step by step, each by Adam (Kingma and Ba, 2015)."""

    def __init__(self, weights: list[Doubles], chance: np.random.Generator) -> None:
        self._weights, self._chance = weights, chance
        self._first = [np.zeros_like(one) for one in weights]
        self._second = [np.zeros_like(one) for one in weights]
        self._steps = 0

    def learnt(self) -> list[Floats]:
        return [weights.astype(np.float32) for weights in self._weights]

    def step(self, vectors: Floats, wanted: Doubles, known: Floats, rate: float) -> None:
        """`wanted`: the probability that each label of a text should have."""
        self._steps += 1
        first_decay, second_decay = DECAYS
        for place, slope in enumerate(self._slopes(vectors.astype(np.float64), wanted, known)):
            for start in range(0, len(slope), BLOCK):
                rows = slice(start, start + BLOCK)
                weights, first, second, pull = self._weights[place][rows], self._first[place][rows], self._second[place][rows], slope[rows]
                first += (1 - first_decay) * (pull - first)
                second += (1 - second_decay) * (pull**2 - second)
                spread = np.sqrt(second / (1 - second_decay**self._steps)) + TINY
                weights -= rate * (first / (1 - first_decay**self._steps) / spread + FORGET * weights)

    def _slopes(self, vectors: Doubles, wanted: Doubles, known: Floats) -> list[Doubles]:
        """Of the loss, for each of the weights."""
        inner, inner_bias, outer, outer_bias = self._weights
        hidden: Doubles = vectors @ inner + inner_bias
        kept = (hidden > 0) * (self._chance.random(hidden.shape) >= DROPPED) / (1 - DROPPED)
        hidden *= kept
        error = (np.exp(log_softmax(hidden @ outer + outer_bias + known)) - wanted) / len(wanted)
        back = (error @ outer.T) * kept
        return [vectors.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
