"""Logistic regression: what scikit-learn finds, from any start."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bot.nlu import regression
from bot.nlu.counts import Floats
from bot.nlu.linear import log_softmax

CHANCE = np.random.default_rng(0)
LABELS = CHANCE.integers(0, 4, 300)
VECTORS: Floats = (CHANCE.normal(size=(4, 12))[LABELS] + 2 * CHANCE.normal(size=(300, 12))).astype(np.float32)
NOTHING: Floats = np.zeros((13, 4), np.float32)


def probabilities(weights: Floats) -> Floats:
    return np.exp(log_softmax(VECTORS @ weights[:-1] + weights[-1]))


@pytest.fixture(scope="module")
def found() -> Floats:
    return regression.fit(VECTORS, LABELS, NOTHING, 0.05, 1e-4)


@pytest.mark.parametrize("strength", [0.02, 1.0])
def test_it_finds_what_scikit_learn_finds(strength: float) -> None:
    theirs = LogisticRegression(C=strength, tol=1e-6, max_iter=1000).fit(VECTORS, LABELS)
    ours = regression.fit(VECTORS, LABELS, NOTHING, strength, 1e-6)
    np.testing.assert_allclose(probabilities(ours), theirs.predict_proba(VECTORS), atol=2e-3)


def test_where_it_ended_it_stays(found: Floats) -> None:
    np.testing.assert_array_equal(regression.fit(VECTORS, LABELS, found, 0.05, 2e-4), found)


def test_from_another_start_it_finds_the_same(found: Floats) -> None:
    start = np.tile(np.arange(4, dtype=np.float32), (13, 1))
    elsewhere = regression.fit(VECTORS, LABELS, start, 0.05, 1e-4)
    np.testing.assert_allclose(probabilities(elsewhere), probabilities(found), atol=5e-3)


def test_what_is_found_is_in_single_precision(found: Floats) -> None:
    assert found.dtype == np.float32
