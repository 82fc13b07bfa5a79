"""Naive Bayes over n-grams: how much oftener a term stands in texts of a label than in all others.

An SVM asks which terms part the labels, and forgets what it need not know; this one remembers all of them, so they err apart. Both
are linear in the same numbers: their weights are added up and are one model.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.nlu.counts import Counts, Floats
from bot.nlu.linear import LinearText

WEIGHT = 0.06  # beside the SVM's 1
SMOOTHING = 0.01  # Lidstone's: a term that no text of a label has is rare there, not impossible


def weights(counts: Counts, labels: Sequence[str], model: LinearText) -> Floats:
    """(terms, labels): the weighted log-odds, for the terms and labels that `model` knows."""
    texts = counts.present(model.vocabulary)
    truth = (np.array(labels)[:, np.newaxis] == np.array(model.labels)).astype(np.float32)
    inside: NDArray[np.float64] = np.asarray(texts.T @ truth, np.float64)
    outside = inside.sum(axis=1, keepdims=True) - inside
    result: Floats = (WEIGHT * (_log_share(inside) - _log_share(outside))).astype(np.float32)
    return result


def _log_share(texts: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.log((texts + SMOOTHING) / (texts.sum(axis=0) + SMOOTHING * len(texts)))
    return result
