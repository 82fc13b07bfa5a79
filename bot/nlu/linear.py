"""A linear classifier over character and word n-grams: trained with scikit-learn, run with numpy alone.

scikit-learn takes over a second to import and 150 MB; a running bot needs neither.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TOKEN = re.compile(r"\w+|[^\w\s]")


def ngrams(text: str, shortest: int, longest: int, with_words: bool) -> Counter[str]:
    """Character n-grams inside word boundaries, and (as `w:`) words and pairs of words."""
    tokens = _TOKEN.findall(text.lower())
    found: Counter[str] = Counter()
    for token in tokens:
        padded = f" {token} "
        for size in range(shortest, longest + 1):
            found.update(padded[i : i + size] for i in range(max(1, len(padded) - size + 1)))
    if with_words:
        found.update(f"w:{token}" for token in tokens)
        found.update(f"w:{a} {b}" for a, b in itertools.pairwise(tokens))
    return found


@dataclass(frozen=True)
class LinearText:
    """`scores(text)` are the decision values in the order of `labels`."""

    labels: tuple[str, ...]
    vocabulary: dict[str, int]
    idf: Floats  # (terms,)
    weights: Floats  # (terms, labels)
    bias: Floats  # (labels,)
    shortest: int
    longest: int
    with_words: bool

    def scores(self, text: str) -> Floats:
        found = ngrams(text, self.shortest, self.longest, self.with_words)
        known = [(self.vocabulary[term], count) for term, count in found.items() if term in self.vocabulary]
        if not known:
            return self.bias
        index = np.fromiter((i for i, _ in known), dtype=np.int64, count=len(known))
        counts = np.fromiter((c for _, c in known), dtype=np.float32, count=len(known))
        values = (1 + np.log(counts)) * self.idf[index]
        values /= np.linalg.norm(values)
        result: Floats = values @ self.weights[index] + self.bias
        return result

    def scores_of_all(self, texts: Sequence[str]) -> Floats:
        """(texts, labels): the same as `scores` of each, many times faster. Needs scipy."""
        counted = [ngrams(text, self.shortest, self.longest, self.with_words) for text in texts]
        result: Floats = _tf_idf(counted, self.vocabulary, self.idf) @ self.weights + self.bias
        return result

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        labels: Sequence[str],
        *,
        estimator: Any,
        shortest: int = 2,
        longest: int = 5,
        with_words: bool = True,
        rarest: int = 2,
    ) -> Self:
        """Train `estimator` (a scikit-learn linear model) on the TF-IDF of the texts. Terms in fewer than `rarest` texts are dropped."""
        counted = [ngrams(text, shortest, longest, with_words) for text in texts]
        frequency = Counter(term for found in counted for term in found)
        vocabulary = {term: i for i, term in enumerate(sorted(t for t, n in frequency.items() if n >= rarest))}
        document = np.array([frequency[term] for term in vocabulary], dtype=np.float32)
        idf = (np.log((1 + len(texts)) / (1 + document)) + 1).astype(np.float32)
        matrix = _tf_idf(counted, vocabulary, idf)
        estimator.fit(matrix, list(labels))
        weights, bias = estimator.coef_, estimator.intercept_
        if len(estimator.classes_) == 2:
            weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
        return cls(
            labels=tuple(str(label) for label in estimator.classes_),
            vocabulary=vocabulary,
            idf=idf,
            weights=np.ascontiguousarray(weights.T, dtype=np.float32),
            bias=bias.astype(np.float32),
            shortest=shortest,
            longest=longest,
            with_words=with_words,
        )

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Everything as arrays for `np.savez`."""
        return {
            f"{prefix}.labels": np.array(self.labels),
            f"{prefix}.terms": np.frombuffer("\n".join(self.vocabulary).encode(), dtype=np.uint8),
            f"{prefix}.idf": self.idf,
            f"{prefix}.weights": self.weights.astype(np.float16),
            f"{prefix}.bias": self.bias,
            f"{prefix}.ngrams": np.array([self.shortest, self.longest, self.with_words]),
        }

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Any) -> Self:
        shortest, longest, with_words = arrays[f"{prefix}.ngrams"].tolist()
        terms = arrays[f"{prefix}.terms"].tobytes().decode().split("\n")
        return cls(
            labels=tuple(arrays[f"{prefix}.labels"].tolist()),
            vocabulary={term: i for i, term in enumerate(terms)},
            idf=arrays[f"{prefix}.idf"],
            weights=arrays[f"{prefix}.weights"].astype(np.float32),
            bias=arrays[f"{prefix}.bias"],
            shortest=shortest,
            longest=longest,
            with_words=bool(with_words),
        )


def _tf_idf(counted: Sequence[Counter[str]], vocabulary: dict[str, int], idf: Floats) -> Any:
    """A sparse matrix (texts, terms) with rows of length 1."""
    from scipy.sparse import csr_matrix

    indices, values, starts = [], [], [0]
    for found in counted:
        index = np.array([vocabulary[term] for term in found if term in vocabulary], dtype=np.int64)
        count = np.array([n for term, n in found.items() if term in vocabulary], dtype=np.float32)
        value = (1 + np.log(count)) * idf[index]
        indices.append(index)
        values.append(value / (np.linalg.norm(value) or 1))
        starts.append(starts[-1] + len(index))
    shape = (len(counted), len(vocabulary))
    return csr_matrix((np.concatenate(values), np.concatenate(indices), starts), shape=shape, dtype=np.float32)


def log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
