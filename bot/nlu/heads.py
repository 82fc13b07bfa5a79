"""Vector + n-grams -> calibrated probabilities of labels. Two linear heads, fused; without vectors, the n-grams alone.

The sentence vector knows meaning across languages; the n-grams survive typos, missing diacritics and a missing model.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from bot.nlu.counts import Counts, Floats
from bot.nlu.embedding import Vectors
from bot.nlu.linear import LinearText, log_softmax
from bot.nlu.text import on_a_plain_keyboard

C = 0.02  # strength of the vector head on (vector - mean) * scale; the library's default of 1 overfits by 7 points
ENOUGH = 4e-4  # gradient at which the solver stops; less changes no answer
NGRAM_WEIGHT = 1.0
NGRAM_SCALE = 4.0  # an SVM's margins to logits
SHORTEST, LONGEST = 3, 5  # n-grams
FOLDS = 4
UNSEEN = -10.0  # log-probability of a label that no other fold has an example of


@dataclass(frozen=True)
class Heads:
    """`log_probabilities(text, vector)` in the order of `labels`."""

    labels: tuple[str, ...]
    words: LinearText
    mean: Floats  # (384,)
    weights: Floats  # (384, labels), for vectors minus mean
    bias: Floats  # (labels,)
    sharpness: float  # one scale factor that calibrates the fused scores
    sharpness_without: float  # the same without a vector

    def log_probabilities(self, text: str, vector: Vectors | None) -> Floats:
        return self.fused(self.by_words(text), vector)

    def by_words(self, text: str) -> Floats:
        """What the n-grams say; it takes a small part of the time that a vector takes."""
        return self.words.scores(on_a_plain_keyboard(text))

    def fused(self, by_words: Floats, vectors: Vectors | None) -> Floats:
        """For one text or, row by row, for many."""
        scores = NGRAM_WEIGHT * log_softmax(NGRAM_SCALE * by_words)
        if vectors is None:
            return log_softmax(np.float32(self.sharpness_without) * scores)
        meaning = (vectors - self.mean) @ self.weights + self.bias
        return log_softmax(np.float32(self.sharpness) * (scores + log_softmax(meaning.astype(np.float32))))

    @classmethod
    def fit(
        cls, texts: Sequence[str], vectors: Vectors | None, labels: Sequence[str], groups: Sequence[int]
    ) -> tuple["Heads", Floats, Floats]:
        """The heads, and for each text the log-probabilities that heads trained without its fold give it: with vectors, and without.

        `groups` keeps texts together that must not be split between training and checking.
        """
        counts = Counts.of([*map(on_a_plain_keyboard, texts)], SHORTEST, LONGEST, with_words=True)
        fold = np.asarray(groups) % FOLDS
        names, known = sorted(set(labels)), np.asarray(labels)
        held_out = np.full((len(texts), len(names)), UNSEEN, dtype=np.float32)
        held_out_words = held_out.copy()

        def trained(k: int) -> "Heads":
            inside = np.flatnonzero(fold != k)
            return cls._train(counts.rows(inside), None if vectors is None else vectors[inside], known[inside].tolist())

        with ThreadPoolExecutor(os.cpu_count()) as threads:  # the solvers let go of the GIL
            parts = [*threads.map(trained, range(FOLDS + 1))]  # there is no fold of the last number: it is trained on everything
        whole = parts.pop()
        for k, part in enumerate(parts):
            outside = np.flatnonzero(fold == k)
            where = np.ix_(outside, np.array([names.index(label) for label in part.labels]))
            by_words = part.words.scores_of_all(counts.rows(outside))
            held_out_words[where] = part.fused(by_words, None)
            held_out[where] = part.fused(by_words, None if vectors is None else vectors[outside])
        truth = np.array([names.index(label) for label in labels])
        sharpness, without = _sharpness(held_out, truth), _sharpness(held_out_words, truth)
        fitted = replace(whole, sharpness=sharpness, sharpness_without=without)
        return fitted, log_softmax(np.float32(sharpness) * held_out), log_softmax(np.float32(without) * held_out_words)

    @classmethod
    def _train(cls, counts: Counts, vectors: Vectors | None, labels: Sequence[str]) -> Self:
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        words = LinearText.fit(counts, labels, estimator=LinearSVC(C=1.0, tol=0.1, random_state=0))
        mean = np.zeros(1, dtype=np.float32)
        weights, bias = np.zeros((1, len(words.labels)), dtype=np.float32), np.zeros(len(words.labels), dtype=np.float32)
        if vectors is not None:
            mean = vectors.mean(axis=0)
            scale = 1 / np.sqrt(((vectors - mean) ** 2).mean())
            head = LogisticRegression(C=C, tol=ENOUGH, max_iter=300).fit((vectors - mean) * scale, list(labels))
            weights, bias = (scale * head.coef_.T).astype(np.float32), head.intercept_.astype(np.float32)
            if len(words.labels) == 2:  # scikit-learn keeps one column for two labels
                weights, bias = np.hstack([0 * weights, weights]), np.hstack([0 * bias, bias])
        return cls(words.labels, words, mean, weights, bias, 1.0, 1.0)

    def arrays(self, prefix: str) -> dict[str, Any]:
        return self.words.arrays(f"{prefix}.words") | {
            f"{prefix}.mean": self.mean,
            f"{prefix}.weights": self.weights,
            f"{prefix}.bias": self.bias,
            f"{prefix}.sharpness": np.array([self.sharpness, self.sharpness_without]),
        }

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Any) -> Self:
        words = LinearText.from_arrays(f"{prefix}.words", arrays)
        sharpness, without = arrays[f"{prefix}.sharpness"].tolist()
        return cls(words.labels, words, arrays[f"{prefix}.mean"], arrays[f"{prefix}.weights"], arrays[f"{prefix}.bias"], sharpness, without)


def _sharpness(log_probabilities: Floats, truth: Any) -> float:
    """The factor under which the true labels are likeliest."""
    factors = np.geomspace(0.3, 6, 40).astype(np.float32)
    rows = np.arange(len(truth))
    likelihood = [log_softmax(factor * log_probabilities)[rows, truth].mean() for factor in factors]
    return float(factors[int(np.argmax(likelihood))])
