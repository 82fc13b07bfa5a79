"""What n-grams say of each text that they have not seen: a model for each fold of the examples, and one that has learnt them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.nlu import bayes, margins
from bot.nlu.counts import Counts, Floats
from bot.nlu.linear import LinearText, log_softmax
from bot.nlu.text import in_one_alphabet

FOLDS = 4
ALL = FOLDS  # the number of no fold: who learns without it learns all
SHORTEST, LONGEST = 3, 5  # n-grams
NEAR = 2  # words apart: pairs of stems
NGRAM_SCALE = 4.0  # an SVM's margins to logits
WORDS = 1.5  # weight of words and pairs of stems beside characters
UNSEEN = -20.0  # log-probability of a label that no other fold has an example of

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Folds:
    """Who learnt without fold `k` stands at place `k`; the last one learnt all."""

    labels: tuple[str, ...]
    truth: Rows  # the label of each text, by its place in `labels`
    fold: Rows  # of each text
    words: tuple[LinearText, ...]
    bayes: Floats  # what the last one's weights have from `bot.nlu.bayes`
    said: Floats  # (texts, labels): by the n-grams, as log-probabilities

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[str], groups: Sequence[int]) -> Self:
        """`groups` keeps texts together that must not be split between training and checking."""
        counts = Counts.of([*map(in_one_alphabet, texts)], SHORTEST, LONGEST, NEAR)
        names, fold = sorted(set(labels)), np.asarray(groups) % FOLDS
        learns = [np.flatnonzero(fold != k) for k in range(FOLDS + 1)]
        fitted = [_fit(counts.rows(rows), [labels[row] for row in rows.tolist()]) for rows in learns]
        words, nothing = tuple(model for model, _ in fitted), np.empty(0, np.float32)
        truth = np.array([names.index(label) for label in labels], np.intp)
        found = cls(tuple(names), truth, fold, words, fitted[ALL][1], nothing)
        return replace(found, said=found.each(lambda k, rows: from_margins(words[k].scores_of_all(counts.rows(rows)))))

    def learnt(self, k: int) -> Rows:
        return np.flatnonzero(self.fold != k)

    def columns(self, k: int) -> Rows:
        """The labels that whoever learnt without fold `k` has seen."""
        return np.unique(self.truth[self.learnt(k)])

    def told(self, k: int, rows: Rows) -> Floats:
        """What the n-grams say of these texts, about those labels."""
        return self.said[np.ix_(rows, self.columns(k))]

    def each(self, asked: Callable[[int, Rows], Floats]) -> Floats:
        """(texts, labels): what is `asked` about the rows of each fold of whoever has not learnt them."""
        result = np.full((len(self.truth), len(self.labels)), UNSEEN, np.float32)
        for k in range(FOLDS):
            outside = np.flatnonzero(self.fold == k)
            result[np.ix_(outside, self.columns(k))] = asked(k, outside)
        return result


def from_margins(scores: Floats) -> Floats:
    return log_softmax(np.float32(NGRAM_SCALE) * scores)


def _fit(counts: Counts, labels: Sequence[str]) -> tuple[LinearText, Floats]:
    """An SVM and Naive Bayes in one, and what of its weights is the latter's."""
    from sklearn.svm import LinearSVC

    svm = LinearText.fit(counts, labels, estimator=LinearSVC(C=margins.C, tol=0.1, random_state=0), words=WORDS)
    added = bayes.weights(counts, labels, svm)
    return replace(svm, weights=svm.weights + added), added
