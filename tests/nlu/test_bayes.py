"""Naive Bayes over n-grams: what it knows of each term, beside what scikit-learn would say."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC

from bot.nlu import bayes
from bot.nlu.bayes import SMOOTHING, WEIGHT
from bot.nlu.counts import Counts, Floats
from bot.nlu.linear import LinearText

TEXTS = ["szef nie płaci", "szef nie płaci za nadgodziny", "karta pobytu", "gdzie jest karta", "szkoła dla syna", "szkoła i karta"]
LABELS = ["wages", "wages", "papers", "papers", "school", "school"]
COUNTS = Counts.of(TEXTS, 3, 5, near=1)


def fitted(labels: list[str]) -> LinearText:
    return LinearText.fit(COUNTS, labels, estimator=LinearSVC(random_state=0), rarest=1)


def log_odds(labels: list[str]) -> tuple[LinearText, Floats]:
    model = fitted(labels)
    return model, bayes.weights(COUNTS, labels, model) / WEIGHT


def present(model: LinearText) -> NDArray[np.float64]:
    return np.array([[float(term in model.vocabulary and row[0, i] > 0) for i, term in enumerate(COUNTS.terms)] for row in COUNTS.matrix])


@pytest.mark.parametrize("labels", [LABELS, ["a", "b", "a", "b", "a", "b"]])
def test_it_says_what_scikit_learn_says_of_a_label_and_of_all_others(labels: list[str]) -> None:
    model, found = log_odds(labels)
    for column, label in enumerate(model.labels):
        naive = MultinomialNB(alpha=SMOOTHING).fit(present(model), [name == label for name in labels])
        expected = naive.feature_log_prob_[1] - naive.feature_log_prob_[0]
        np.testing.assert_allclose(found[:, column], expected, atol=1e-4)


def test_a_term_speaks_for_the_label_whose_texts_have_it_and_against_the_others() -> None:
    model, found = log_odds(LABELS)
    of = dict(zip(model.labels, found[model.vocabulary["w:szef"]], strict=True))
    assert of["wages"] > 0 > max(of["papers"], of["school"])
    shared = dict(zip(model.labels, found[model.vocabulary["w:karta"]], strict=True))
    assert shared["papers"] > shared["school"] > shared["wages"]


def test_how_often_a_term_stands_in_one_text_does_not_count() -> None:
    loud = [TEXTS[0] + " szef" * 5, *TEXTS[1:]]
    model = fitted(LABELS)
    counts = Counts.of(loud, 3, 5, near=1)
    place = model.vocabulary["w:szef"]
    again = LinearText.fit(counts, LABELS, estimator=LinearSVC(random_state=0), rarest=1)
    once, often = bayes.weights(COUNTS, LABELS, model)[place], bayes.weights(counts, LABELS, again)[again.vocabulary["w:szef"]]
    np.testing.assert_allclose(once, often, atol=0.05 * WEIGHT)
