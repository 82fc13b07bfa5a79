"""A linear classifier over character and word n-grams: trained with scikit-learn, run with numpy alone.

scikit-learn takes over a second to import and 150 MB; a running bot needs neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.nlu.counts import Counts, Floats, ngrams

_Precision = TypeVar("_Precision", np.float32, np.float64)


@dataclass(frozen=True)
class LinearText:
    """`scores(text)` are the decision values in the order of `labels`."""

    labels: tuple[str, ...]
    vocabulary: dict[str, int]
    idf: Floats  # (terms,)
    weights: Floats | NDArray[np.float16]  # (terms, labels); a loaded model keeps them as small as its file
    bias: Floats  # (labels,)
    shortest: int
    longest: int
    near: int

    def knows(self, word: str) -> bool:
        """Whether the training texts had this word often enough to learn it."""
        return f"w:{word}" in self.vocabulary

    def scores(self, text: str) -> Floats:
        index, values = self.features(text)
        result: Floats = values @ self.weights[index] + self.bias
        return result

    def features(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        """Which terms a text has, and their TF-IDF, of length 1; nothing if it knows none of them."""
        found = ngrams(text, self.shortest, self.longest, self.near)
        known = [(self.vocabulary[term], count) for term, count in found.items() if term in self.vocabulary]
        index = np.fromiter((i for i, _ in known), dtype=np.int64, count=len(known))
        counts = np.fromiter((c for _, c in known), dtype=np.float32, count=len(known))
        values = (1 + np.log(counts)) * self.idf[index]
        return index, values / (np.linalg.norm(values) or np.float32(1))

    def scores_of_all(self, counts: Counts) -> Floats:
        """(texts, labels): the same as `scores` of each, many times faster."""
        result: Floats = counts.tf_idf(self.vocabulary, self.idf) @ self.weights + self.bias
        return result

    @classmethod
    def fit(cls, counts: Counts, labels: Sequence[str], *, estimator: Any, rarest: int = 2, words: float = 1.0) -> Self:
        """Train `estimator` (a scikit-learn linear model) on the TF-IDF of the texts.

        Terms in fewer than `rarest` texts are dropped; words and pairs of stems count `words` times as much as characters.
        """
        vocabulary = counts.vocabulary(rarest)
        idf = counts.idf(vocabulary, words)
        estimator.fit(counts.tf_idf(vocabulary, idf), list(labels))
        weights, bias = estimator.coef_, estimator.intercept_
        if len(estimator.classes_) == 2:
            weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
        return cls(
            labels=tuple(str(label) for label in estimator.classes_),
            vocabulary=vocabulary,
            idf=idf,
            weights=np.ascontiguousarray(weights.T, dtype=np.float32),
            bias=bias.astype(np.float32),
            shortest=counts.shortest,
            longest=counts.longest,
            near=counts.near,
        )

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Everything as arrays for `np.savez`."""
        return {
            f"{prefix}.labels": np.array(self.labels),
            f"{prefix}.terms": np.frombuffer("\n".join(self.vocabulary).encode(), dtype=np.uint8),
            f"{prefix}.idf": self.idf,
            f"{prefix}.weights": self.weights.astype(np.float16),
            f"{prefix}.bias": self.bias,
            f"{prefix}.ngrams": np.array([self.shortest, self.longest, self.near]),
        }

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Any) -> Self:
        shortest, longest, near = arrays[f"{prefix}.ngrams"].tolist()
        terms = arrays[f"{prefix}.terms"].tobytes().decode().split("\n")
        return cls(
            labels=tuple(arrays[f"{prefix}.labels"].tolist()),
            vocabulary={term: i for i, term in enumerate(terms)},
            idf=arrays[f"{prefix}.idf"],
            weights=arrays[f"{prefix}.weights"],
            bias=arrays[f"{prefix}.bias"],
            shortest=shortest,
            longest=longest,
            near=near,
        )


def log_softmax(scores: NDArray[_Precision]) -> NDArray[_Precision]:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: NDArray[_Precision] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
