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
    return Counter(chain.from_iterable(_terms(piece, shortest, longest, with_words) for piece in _pieces(text, with_words)))


def _pieces(text: str, with_words: bool) -> list[str]:
    """Its tokens, and with a space between them its pairs of tokens."""
    tokens = _TOKEN.findall(text.lower())
    return [*tokens, *map(" ".join, pairwise(tokens))] if with_words else tokens


def _terms(piece: str, shortest: int, longest: int, with_words: bool) -> list[str]:
    if " " in piece:
        return [f"w:{piece}"]
    padded = f" {piece} "
    found = [padded[i : i + size] for size in range(shortest, longest + 1) for i in range(max(1, len(padded) - size + 1))]
    return [*found, f"w:{piece}"] if with_words else found


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
        """By pieces, because texts share most of them: which pieces a text has, times which terms a piece has."""
        pieces = [_pieces(text, with_words) for text in texts]
        distinct = {piece: i for i, piece in enumerate(dict.fromkeys(chain.from_iterable(pieces)))}
        found = [_terms(piece, shortest, longest, with_words) for piece in distinct]
        column = {term: i for i, term in enumerate(sorted({*chain.from_iterable(found)}))}
        return cls(tuple(column), _counted(pieces, distinct) @ _counted(found, column), shortest, longest, with_words)

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


def _counted(rows: Sequence[Sequence[str]], column: dict[str, int]) -> Any:
    """A sparse matrix (rows, columns): how often each stands in each row."""
    from scipy.sparse import csr_matrix

    indices = np.fromiter(map(column.__getitem__, chain.from_iterable(rows)), np.int32)
    starts = np.cumsum([0, *map(len, rows)])
    matrix = csr_matrix((np.ones(len(indices), np.float32), indices, starts), shape=(len(rows), len(column)))
    matrix.sum_duplicates()
    return matrix
