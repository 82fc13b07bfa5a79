"""Multinomial logistic regression over sentence vectors, from any start. It finds what scikit-learn's finds.

For training alone; needs scipy, and not the half second that scikit-learn takes to import.
"""

import numpy as np
from numpy.typing import NDArray

from bot.nlu.counts import Floats
from bot.nlu.linear import log_softmax

MOST = 300  # iterations


def fit(vectors: Floats, labels: NDArray[np.intp], start: Floats, strength: float, enough: float) -> Floats:
    """(width + 1, labels): the weights, and below them the bias, that make the labels of the vectors likeliest.

    `start` is of that shape. `strength` is the C of scikit-learn; `enough` the largest gradient at which it stops.
    """
    from scipy.optimize import minimize

    rows = np.arange(len(vectors))
    decay = np.float32(1 / (strength * len(vectors)))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(start.shape).astype(np.float32)
        log_probabilities = log_softmax(vectors @ weights[:-1] + weights[-1])
        likelihood = float(log_probabilities[rows, labels].mean(dtype=np.float64))
        error = np.exp(log_probabilities)
        error[rows, labels] -= 1
        gradient = np.vstack([vectors.T @ error, error.sum(axis=0)]) / len(vectors)
        gradient[:-1] += decay * weights[:-1]
        return float(decay) / 2 * float((weights[:-1] ** 2).sum()) - likelihood, gradient.ravel().astype(np.float64)

    found = minimize(loss, start.ravel().astype(np.float64), jac=True, method="L-BFGS-B", options={"gtol": enough, "maxiter": MOST})
    result: Floats = found.x.reshape(start.shape).astype(np.float32)
    return result
