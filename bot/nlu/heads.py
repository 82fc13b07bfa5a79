"""Vector + n-grams -> calibrated probabilities of labels. A network and an SVM, fused; without vectors, the n-grams alone.

The sentence vector knows meaning across languages; the n-grams survive typos, missing diacritics and a missing model. The network
learns beside them: what n-grams that have not seen a text say of it is known to it, and it learns the rest.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bot.nlu import margins
from bot.nlu.counts import Counts, Floats
from bot.nlu.embedding import Vectors
from bot.nlu.linear import LinearText, log_softmax
from bot.nlu.margins import Labelled
from bot.nlu.network import Network
from bot.nlu.text import in_one_alphabet

NGRAM_WEIGHT = 1.2  # n-grams that have seen all texts know a little more than those beside which the network learnt
NGRAM_SCALE = 4.0  # an SVM's margins to logits
SHORTEST, LONGEST = 3, 5  # n-grams
FOLDS = 4
JOINED = 3  # networks; those of the folds stand alone, so thresholds are set a little cautiously
UNSEEN = -20.0  # log-probability of a label that no other fold has an example of


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
        return log_softmax(np.float32(NGRAM_SCALE) * self.words.scores(in_one_alphabet(text)))

    def fused(self, by_words: Floats, vectors: Vectors | None) -> Floats:
        """For one text or, row by row, for many."""
        scores = np.float32(NGRAM_WEIGHT) * by_words
        if vectors is None or self.network is None:
            return log_softmax(np.float32(self.sharpness_without) * scores)
        return log_softmax(np.float32(self.sharpness) * (scores + self.network.log_probabilities(vectors)))

    @classmethod
    def fit(
        cls, texts: Sequence[str], vectors: Callable[[], Vectors | None], labels: Sequence[str], groups: Sequence[int]
    ) -> tuple["Heads", Floats, Floats]:
        """The heads, and for each text the log-probabilities that heads trained without its fold give it: with vectors, and without.

        `vectors` makes them while the n-grams are learnt. `groups` keeps texts together that must not be split between training and
        checking.
        """
        fold = np.asarray(groups) % FOLDS
        learns = [np.flatnonzero(fold != k) for k in range(FOLDS + 1)]  # there is no fold of the last number: all are learnt
        names, known = sorted(set(labels)), np.asarray(labels)

        def by_words() -> tuple[Counts, list["Heads"]]:
            """One after the other: liblinear rolls the same dice for all threads, and the same examples must give the same model."""
            counts = Counts.of([*map(in_one_alphabet, texts)], SHORTEST, LONGEST, with_words=True)
            return counts, [cls._of_words(counts.rows(rows), known[rows].tolist()) for rows in learns]

        with ThreadPoolExecutor(os.cpu_count()) as threads:  # the solvers let go of the GIL
            learning = threads.submit(by_words)
            made = vectors()
            counts, parts = learning.result()
            columns = [np.array([names.index(label) for label in part.labels]) for part in parts]
            said = np.full((len(texts), len(names)), UNSEEN, np.float32)  # by the n-grams of a text that have not seen it
            for k, part in enumerate(parts[:FOLDS]):
                outside = np.flatnonzero(fold == k)
                scores = part.words.scores_of_all(counts.rows(outside))
                said[np.ix_(outside, columns[k])] = log_softmax(np.float32(NGRAM_SCALE) * scores)

            def network(vectors: Vectors, k: int, seed: int) -> Network:
                rows, truth = learns[k], parts[k]._truth(known[learns[k]].tolist())
                return Network.fit(vectors[rows], truth, len(columns[k]), said[np.ix_(rows, columns[k])], seed)

            if made is not None:
                networks = [*threads.map(partial(network, made), [*range(FOLDS), *[FOLDS] * JOINED], [*[0] * FOLDS, *range(JOINED)])]
                networks[FOLDS:] = [Network.joined(networks[FOLDS:])]
                parts = [replace(part, network=one) for part, one in zip(parts, networks, strict=True)]
        held_out = np.full((len(texts), len(names)), UNSEEN, np.float32)
        held_out_words = held_out.copy()
        for k, part in enumerate(parts[:FOLDS]):
            outside = np.flatnonzero(fold == k)
            where = np.ix_(outside, columns[k])
            held_out_words[where] = part.fused(said[where], None)
            held_out[where] = part.fused(said[where], None if made is None else made[outside])
        truth = np.array([names.index(label) for label in labels])
        sharpness, without = _sharpness(held_out, truth), _sharpness(held_out_words, truth)
        fitted = replace(parts[FOLDS], sharpness=sharpness, sharpness_without=without)
        return fitted, log_softmax(np.float32(sharpness) * held_out), log_softmax(np.float32(without) * held_out_words)

    @classmethod
    def _of_words(cls, counts: Counts, labels: Sequence[str]) -> "Heads":
        from sklearn.svm import LinearSVC

        words = LinearText.fit(counts, labels, estimator=LinearSVC(C=margins.C, tol=0.1, random_state=0))
        return cls(words.labels, words, None, 1.0, 1.0)

    def _truth(self, labels: Sequence[str]) -> NDArray[np.intp]:
        return np.array([self.labels.index(label) for label in labels], np.intp)

    def learnt(
        self, gone: Sequence[Labelled], new: Sequence[int], texts: Sequence[str], vectors: Vectors | None, labels: Sequence[str]
    ) -> "Heads":
        """These heads after a few changes, as calibrated as before: `texts` are all there are now, `new` the rows that came."""
        plain = [*zip(map(in_one_alphabet, texts), labels, strict=True)]
        fresh = set(new)
        kept = [one for row, one in enumerate(plain) if row not in fresh]
        words = margins.learnt(self.words, [(in_one_alphabet(text), label) for text, label in gone], [plain[row] for row in new], kept)
        if self.network is None or vectors is None:
            return replace(self, words=words, network=None)
        said = np.array([self.by_words(texts[row]) for row in new], np.float32).reshape(len(new), len(self.labels))
        network = self.network.learnt(vectors, np.array(new, np.intp), self._truth([labels[row] for row in new]), said)
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


def _sharpness(log_probabilities: Floats, truth: Any) -> float:
    """The factor under which the true labels are likeliest."""
    factors = np.geomspace(0.3, 6, 40).astype(np.float32)
    rows = np.arange(len(truth))
    likelihood = [log_softmax(factor * log_probabilities)[rows, truth].mean() for factor in factors]
    return float(factors[int(np.argmax(likelihood))])
