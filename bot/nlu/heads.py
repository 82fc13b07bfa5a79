"""Vector + n-grams -> calibrated probabilities of labels. Two linear heads, fused; without vectors, the n-grams alone.

The sentence vector knows meaning across languages; the n-grams survive typos and a missing model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bot.nlu.embedding import Vectors
from bot.nlu.linear import Floats, LinearText, log_softmax

C = 0.02  # strength of the vector head on (vector - mean) * scale; the library's default of 1 overfits by 7 points
NGRAM_WEIGHT = 0.8
NGRAM_SCALE = 4.0  # an SVM's margins to logits
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
        return self._fused(self.words.scores(text), vector)

    def _fused(self, by_words: Floats, vectors: Vectors | None) -> Floats:
        """For one text or, row by row, for many."""
        scores = NGRAM_WEIGHT * log_softmax(NGRAM_SCALE * by_words)
        if vectors is None:
            return log_softmax(np.float32(self.sharpness_without) * scores)
        meaning = (vectors - self.mean) @ self.weights + self.bias
        return log_softmax(np.float32(self.sharpness) * (scores + log_softmax(meaning.astype(np.float32))))

    @classmethod
    def fit(cls, texts: Sequence[str], vectors: Vectors | None, labels: Sequence[str], groups: Sequence[int]) -> tuple[Self, Floats]:
        """The heads, and for each text the log-probabilities that heads trained without its fold give it.

        `groups` keeps texts together that must not be split between training and checking.
        """
        fold = np.asarray(groups) % FOLDS
        names = sorted(set(labels))
        held_out = np.full((len(texts), len(names)), UNSEEN, dtype=np.float32)
        held_out_words = held_out.copy()
        for k in range(FOLDS):
            inside, outside = np.flatnonzero(fold != k).tolist(), np.flatnonzero(fold == k).tolist()
            part = cls._train([texts[i] for i in inside], None if vectors is None else vectors[inside], [labels[i] for i in inside])
            where = np.ix_(outside, [names.index(label) for label in part.labels])
            by_words = part.words.scores_of_all([texts[i] for i in outside])
            held_out_words[where] = part._fused(by_words, None)
            held_out[where] = part._fused(by_words, None if vectors is None else vectors[outside])
        truth = np.array([names.index(label) for label in labels])
        whole = cls._train(texts, vectors, labels)
        fitted = cls(
            whole.labels, whole.words, whole.mean, whole.weights, whole.bias, _sharpness(held_out, truth), _sharpness(held_out_words, truth)
        )
        return fitted, log_softmax(fitted.sharpness * held_out)

    @classmethod
    def _train(cls, texts: Sequence[str], vectors: Vectors | None, labels: Sequence[str]) -> Self:
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        words = LinearText.fit(texts, labels, estimator=LinearSVC(C=1.0, random_state=0), shortest=3)
        mean = np.zeros(1, dtype=np.float32)
        weights, bias = np.zeros((1, len(words.labels)), dtype=np.float32), np.zeros(len(words.labels), dtype=np.float32)
        if vectors is not None:
            mean = vectors.mean(axis=0)
            scale = 1 / np.sqrt(((vectors - mean) ** 2).mean())
            head = LogisticRegression(C=C, max_iter=300).fit((vectors - mean) * scale, list(labels))
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
