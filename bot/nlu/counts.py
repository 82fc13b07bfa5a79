"""Which n-grams occur in which of many texts: counted once, then taken apart into folds. For training alone; needs scipy."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
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
        found.update(f"w:{a} {b}" for a, b in pairwise(tokens))
    return found


@dataclass(frozen=True)
class Counts:
    """`matrix` (texts, terms) holds how often each term occurs in each text."""

    terms: tuple[str, ...]  # in the order of the alphabet
    matrix: Any  # scipy.sparse.csr_matrix
    shortest: int
    longest: int
    with_words: bool

    @classmethod
    def of(cls, texts: Sequence[str], shortest: int, longest: int, with_words: bool) -> Self:
        from scipy.sparse import csr_matrix

        counted = [ngrams(text, shortest, longest, with_words) for text in texts]
        terms = tuple(sorted({term for found in counted for term in found}))
        column = {term: i for i, term in enumerate(terms)}
        indices = np.fromiter((column[term] for found in counted for term in found), np.int32)
        values = np.fromiter(chain.from_iterable(found.values() for found in counted), np.float32)
        starts = np.cumsum([0, *map(len, counted)])
        return cls(terms, csr_matrix((values, indices, starts), shape=(len(texts), len(terms))), shortest, longest, with_words)

    def rows(self, which: NDArray[np.intp]) -> Self:
        return type(self)(self.terms, self.matrix[which], self.shortest, self.longest, self.with_words)

    def vocabulary(self, rarest: int) -> dict[str, int]:
        """The terms that stand in at least `rarest` texts."""
        kept = (self.terms[i] for i in np.flatnonzero(self._document_frequency() >= rarest))
        return {term: i for i, term in enumerate(kept)}

    def idf(self, vocabulary: dict[str, int]) -> Floats:
        document = self._document_frequency()[self._columns(vocabulary)]
        idf: Floats = (np.log((1 + self.matrix.shape[0]) / (1 + document)) + 1).astype(np.float32)
        return idf

    def tf_idf(self, vocabulary: dict[str, int], idf: Floats) -> Any:
        """A sparse matrix (texts, vocabulary) with rows of length 1."""
        from scipy.sparse import diags

        matrix = self.matrix[:, self._columns(vocabulary)]
        matrix.data = 1 + np.log(matrix.data)
        matrix = matrix @ diags(idf)
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return (diags(1 / np.where(lengths == 0, 1, lengths)) @ matrix).tocsr().astype(np.float32)

    def _document_frequency(self) -> NDArray[np.intp]:
        return np.bincount(self.matrix.indices, minlength=len(self.terms))

    def _columns(self, vocabulary: dict[str, int]) -> NDArray[np.intp]:
        """Both are in the order of the alphabet."""
        return np.flatnonzero([term in vocabulary for term in self.terms])
