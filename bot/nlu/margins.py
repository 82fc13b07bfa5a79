"""An SVM over n-grams learns a few changed texts without being trained again.

At the optimum, what a text pulls at a label is 2 C times by how much it misses its margin, so a trained model says how hard each
of its texts pulls. Texts that are gone let go; then those that came, and those like them, pull one after the other as far as
dual coordinate descent takes them (Hsieh et al., 2008: what LinearSVC does with all texts). Without a change nothing moves.
The vocabulary stays: a word that is new in a few texts is not known before the next full training.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bot.nlu.counts import Floats
from bot.nlu.linear import LinearText

C = 1.0  # of the LinearSVC that the model comes from
ALIKE = 0.5  # share of its words that a text has in common with what changed, from which it is asked again
ROUNDS = 10
ENOUGH = 0.04  # pull; about what LinearSVC makes of a tolerance of 0.1

Labelled = tuple[str, str]  # text and label

_WORD = re.compile(r"\w+")


def learnt(model: LinearText, gone: Sequence[Labelled], new: Sequence[Labelled], kept: Sequence[Labelled]) -> LinearText:
    """`model` was trained on `gone` and `kept`; the result knows `kept` and `new`."""
    still = _Pulls(model, _alike(kept, (text for text, _ in (*gone, *new))))
    leaving, coming = _Pulls(model, gone), _Pulls(model, new)
    weights, bias = model.weights.astype(np.float32), model.bias.copy()
    leaving.let_go(weights, bias)
    coming.strength[:] = 0
    for _ in range(ROUNDS):
        if max(coming.pull(weights, bias), still.pull(weights, bias)) < ENOUGH:
            break
    return replace(model, weights=weights, bias=bias)


def _alike(texts: Sequence[Labelled], changed: Iterable[str]) -> list[Labelled]:
    words = {word for text in changed for word in _WORD.findall(text)}
    found = ((text, label, _WORD.findall(text)) for text, label in texts)
    return [(text, label) for text, label, own in found if sum(word in words for word in own) >= ALIKE * len(own)]


class _Pulls:
    """`strength` (texts, labels): how hard each text pulls the scores of its label up, and those of all others down."""

    def __init__(self, model: LinearText, texts: Sequence[Labelled]) -> None:
        self.features = [model.features(text) for text, _ in texts]
        self.signs: Floats = np.array([[1 if name == label else -1 for name in model.labels] for _, label in texts], np.float32)
        scores = [values @ model.weights[index] + model.bias for index, values in self.features]
        self.strength: Floats = np.float32(2 * C) * np.maximum(1 - self.signs * np.array(scores, np.float32), 0)

    def let_go(self, weights: Floats, bias: Floats) -> None:
        for features, pull in zip(self.features, self.strength * self.signs, strict=True):
            _add(features, -pull, weights, bias)

    def pull(self, weights: Floats, bias: Floats) -> float:
        """One round; returns the largest change of a pull."""
        largest = 0.0
        for row, (index, values) in enumerate(self.features):
            signs, before = self.signs[row], self.strength[row]
            missing = 1 - signs * (values @ weights[index] + bias) - before / (2 * C)
            after = np.maximum(before + missing / (values @ values + 1 + 1 / (2 * C)), 0)
            _add((index, values), signs * (after - before), weights, bias)
            largest = max(largest, float(np.abs(after - before).max()))
            self.strength[row] = after
        return largest


def _add(features: tuple[NDArray[np.int64], Floats], pull: Floats, weights: Floats, bias: Floats) -> None:
    index, values = features
    weights[index] += np.outer(values, pull)
    bias += pull
