"""Vector + n-grams -> calibrated probabilities of labels. A network and linear models, fused; without vectors, the n-grams alone.

The sentence vector knows meaning across languages; the n-grams survive typos, missing diacritics and a missing model. The network
learns beside them: what n-grams that have not seen a text say of it is known to it, and it learns the rest.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from bot.nlu import margins
from bot.nlu.counts import Floats
from bot.nlu.embedding import Vectors
from bot.nlu.folds import ALL, FOLDS, Folds, from_margins
from bot.nlu.linear import LinearText, log_softmax
from bot.nlu.margins import Labelled
from bot.nlu.network import Network
from bot.nlu.text import in_one_alphabet

NGRAM_WEIGHT = 1.5  # n-grams that have seen all texts know a little more than those beside which the network learnt
JOINED = 3  # networks; those of the folds stand alone, so thresholds are set a little cautiously


@dataclass(frozen=True)
class Heads:
    """`log_probabilities(text, vector)` in the order of `labels`."""

    labels: tuple[str, ...]
    words: LinearText
    network: Network | None  # None where there are no vectors
    sharpness: float  # one scale factor that calibrates the fused scores
    sharpness_without: float  # the same without a vector

    def log_probabilities(self, text: str, vector: Vectors | None) -> Floats:
        return self.fused(self.by_words(text), vector)

    def by_words(self, text: str) -> Floats:
        """Log-probabilities by the n-grams alone; they take a small part of the time that a vector takes."""
        return from_margins(self.words.scores(in_one_alphabet(text)))

    def fused(self, by_words: Floats, vectors: Vectors | None) -> Floats:
        """For one text or, row by row, for many."""
        scores = np.float32(NGRAM_WEIGHT) * by_words
        if vectors is None or self.network is None:
            return log_softmax(np.float32(self.sharpness_without) * scores)
        return log_softmax(np.float32(self.sharpness) * (scores + self.network.log_probabilities(vectors)))

    @classmethod
    def fit(cls, folds: Folds, vectors: Vectors | None) -> tuple[Self, Floats, Floats]:
        """The heads, and for each text the log-probabilities that heads trained without its fold give it: with vectors, and without."""
        networks = [None] * len(folds.words) if vectors is None else _networks(folds, vectors)
        parts = [cls(words.labels, words, network, 1.0, 1.0) for words, network in zip(folds.words, networks, strict=True)]

        held_out = folds.each(lambda k, rows: parts[k].fused(folds.told(k, rows), None if vectors is None else vectors[rows]))
        without = folds.each(lambda k, rows: parts[k].fused(folds.told(k, rows), None))
        sharpness, sharpness_without = _sharpness(held_out, folds.truth), _sharpness(without, folds.truth)
        fitted = replace(parts[ALL], sharpness=sharpness, sharpness_without=sharpness_without)
        return fitted, log_softmax(np.float32(sharpness) * held_out), log_softmax(np.float32(sharpness_without) * without)

    def learnt(
        self,
        gone: Sequence[Labelled],
        new: Sequence[int],
        texts: Sequence[str],
        vectors: Vectors | None,
        labels: Sequence[str],
        bayes: Floats,
    ) -> "Heads":
        """These heads after a few changes, as calibrated as before: `texts` are all there are now, `new` the rows that came.

        What of the weights is `bayes` stays; the SVM learns.
        """
        plain = [*zip(map(in_one_alphabet, texts), labels, strict=True)]
        fresh = set(new)
        kept = [one for row, one in enumerate(plain) if row not in fresh]
        svm = replace(self.words, weights=self.words.weights.astype(np.float32) - bayes)
        learnt = margins.learnt(svm, [(in_one_alphabet(text), label) for text, label in gone], [plain[row] for row in new], kept)
        words = replace(learnt, weights=self.words.weights + (learnt.weights - svm.weights))
        if self.network is None or vectors is None:
            return replace(self, words=words, network=None)
        said = np.array([self.by_words(texts[row]) for row in new], np.float32).reshape(len(new), len(self.labels))
        truth = np.array([self.labels.index(labels[row]) for row in new], np.intp)
        network = self.network.learnt(vectors, np.array(new, np.intp), truth, said)
        return replace(self, words=words, network=network)

    def arrays(self, prefix: str) -> dict[str, Any]:
        network = self.network.arrays(f"{prefix}.network") if self.network else {}
        return self.words.arrays(f"{prefix}.words") | network | {f"{prefix}.sharpness": np.array([self.sharpness, self.sharpness_without])}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Any) -> Self:
        words = LinearText.from_arrays(f"{prefix}.words", arrays)
        sharpness, without = arrays[f"{prefix}.sharpness"].tolist()
        network = Network.from_arrays(f"{prefix}.network", arrays) if f"{prefix}.network.mean" in arrays else None
        return cls(words.labels, words, network, sharpness, without)


def _networks(folds: Folds, vectors: Vectors) -> list[Network]:
    """Of each fold, and of all; they learn at the same time, because numpy lets go of the GIL."""

    def network(k: int, seed: int) -> Network:
        rows, columns = folds.learnt(k), folds.columns(k)
        return Network.fit(vectors[rows], np.searchsorted(columns, folds.truth[rows]), len(columns), folds.told(k, rows), seed)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        fitted = [*threads.map(network, [*range(FOLDS), *[ALL] * JOINED], [*[0] * FOLDS, *range(JOINED)])]
    return [*fitted[:FOLDS], Network.joined(fitted[FOLDS:])]


def _sharpness(log_probabilities: Floats, truth: Any) -> float:
    """The factor under which the true labels are likeliest."""
    factors = np.geomspace(0.3, 6, 40).astype(np.float32)
    rows = np.arange(len(truth))
    likelihood = [log_softmax(factor * log_probabilities)[rows, truth].mean() for factor in factors]
    return float(factors[int(np.argmax(likelihood))])
