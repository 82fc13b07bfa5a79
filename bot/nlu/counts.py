"""Which n-grams occur in which of many texts: counted once, then taken apart into folds. For training alone; needs scipy."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STEM = 4  # letters of a word that its forms mostly share

_TOKEN = re.compile(r"\w+|[^\w\s]")


def ngrams(text: str, shortest: int, longest: int, near: int) -> Counter[str]:
    """Character n-grams inside word boundaries, and (as `w:`) words and pairs of stems that stand at most `near` words apart."""
    return Counter(chain.from_iterable(_terms(piece, shortest, longest) for piece in _pieces(text, near)))


def _pieces(text: str, near: int) -> list[str]:
    """Its tokens, and with a space between them its pairs of stems."""
    tokens = _TOKEN.findall(text.lower())
    stems = [token[:STEM] for token in tokens if token[0].isalnum()]
    return [*tokens, *(f"{one} {other}" for apart in range(1, near + 1) for one, other in zip(stems, stems[apart:], strict=False))]


def _terms(piece: str, shortest: int, longest: int) -> list[str]:
    if " " in piece:
        return [f"w:{piece}"]
    padded = f" {piece} "
    found = [padded[i : i + size] for size in range(shortest, longest + 1) for i in range(max(1, len(padded) - size + 1))]
    return [*found, f"w:{piece}"]


@dataclass(frozen=True)
class Counts:
    """`matrix` (texts, terms) holds how often each term occurs in each text."""

    terms: tuple[str, ...]  # in the order of the alphabet
    matrix: Any  # scipy.sparse.csr_matrix
    shortest: int
    longest: int
    near: int

    @classmethod
    def of(cls, texts: Sequence[str], shortest: int, longest: int, near: int) -> Self:
        """By pieces, because texts share most of them: which pieces a text has, times which terms a piece has."""
        pieces = [_pieces(text, near) for text in texts]
        distinct = {piece: i for i, piece in enumerate(dict.fromkeys(chain.from_iterable(pieces)))}
        found = [_terms(piece, shortest, longest) for piece in distinct]
        column = {term: i for i, term in enumerate(sorted({*chain.from_iterable(found)}))}
        return cls(tuple(column), _counted(pieces, distinct) @ _counted(found, column), shortest, longest, near)

    def rows(self, which: NDArray[np.intp]) -> Self:
        return type(self)(self.terms, self.matrix[which], self.shortest, self.longest, self.near)

    def vocabulary(self, rarest: int) -> dict[str, int]:
        """The terms that stand in at least `rarest` texts."""
        kept = (self.terms[i] for i in np.flatnonzero(self._document_frequency() >= rarest))
        return {term: i for i, term in enumerate(kept)}

    def idf(self, vocabulary: dict[str, int], words: float = 1.0) -> Floats:
        """How rare each term is, times `words` for words and pairs of them."""
        document = self._document_frequency()[self._columns(vocabulary)]
        idf: Floats = (np.log((1 + self.matrix.shape[0]) / (1 + document)) + 1).astype(np.float32)
        return idf * np.where([term.startswith("w:") for term in vocabulary], np.float32(words), np.float32(1))

    def present(self, vocabulary: dict[str, int]) -> Any:
        """A sparse matrix (texts, vocabulary): 1 where a text has a term."""
        matrix = self.matrix[:, self._columns(vocabulary)]
        matrix.data[:] = 1
        return matrix

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
