"""An SVM that learns a few changes is nearly the one that a full training gives."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from bot.nlu import margins
from bot.nlu.counts import Counts
from bot.nlu.linear import LinearText
from bot.nlu.margins import C, Labelled
from tests.nlu.samples import EXAMPLES

ALL: list[Labelled] = [(example.text, example.intent) for example in EXAMPLES]


def svm() -> LinearSVC:
    return LinearSVC(C=C, tol=1e-4, random_state=0)


def in_full(model: LinearText, lessons: Sequence[Labelled]) -> LinearText:
    """Trained again with the same vocabulary."""
    matrix = np.zeros((len(lessons), len(model.vocabulary)), np.float32)
    for row, (text, _) in enumerate(lessons):
        index, values = model.features(text)
        matrix[row, index] = values
    fitted = svm().fit(matrix, [label for _, label in lessons])
    return replace(model, weights=fitted.coef_.T.astype(np.float32), bias=fitted.intercept_.astype(np.float32))


def best(model: LinearText, text: str) -> str:
    return model.labels[int(model.scores(text).argmax())]


@pytest.fixture(scope="module")
def model() -> LinearText:
    return LinearText.fit(Counts.of([text for text, _ in ALL], 3, 5, near=1), [label for _, label in ALL], estimator=svm())


def test_without_a_change_not_a_bit_moves(model: LinearText) -> None:
    same = margins.learnt(model, [], [], ALL)
    np.testing.assert_array_equal(same.weights, model.weights)
    np.testing.assert_array_equal(same.bias, model.bias)


def test_the_model_that_learns_stays_as_it_is(model: LinearText) -> None:
    before = model.weights.copy()
    margins.learnt(model, [ALL[0]], [(ALL[0][0], "greet")], ALL[1:])
    np.testing.assert_array_equal(model.weights, before)


@pytest.mark.parametrize("place", range(0, len(ALL), 7))
def test_a_text_that_goes_and_comes_back_changes_next_to_nothing(model: LinearText, place: int) -> None:
    again = margins.learnt(model, [ALL[place]], [ALL[place]], ALL[:place] + ALL[place + 1 :])
    for text, _ in ALL:
        np.testing.assert_allclose(again.scores(text), model.scores(text), atol=0.1)


MOVED = (ALL[0][0], "greet")


@pytest.mark.parametrize(
    ("gone", "new"),
    [
        ([], [("dzień dobry szef", "greet")]),
        ([], [("karta dobry dzień", "integration/legal_stay"), ("szef mnie bije", "crisis/danger")]),
        ([ALL[9], ALL[49]], []),
        ([ALL[0]], [MOVED]),
    ],
)
def test_when_all_texts_are_asked_again_for_long_it_is_what_a_full_training_gives(
    model: LinearText, monkeypatch: pytest.MonkeyPatch, gone: list[Labelled], new: list[Labelled]
) -> None:
    for name, value in (("ALIKE", 0), ("ROUNDS", 500), ("ENOUGH", 1e-4)):
        monkeypatch.setattr(margins, name, value)
    kept = [one for one in ALL if one not in gone]
    learnt, fresh = margins.learnt(model, gone, new, kept), in_full(model, [*kept, *new])
    for text, _ in [*ALL, *new]:
        np.testing.assert_allclose(learnt.scores(text), fresh.scores(text), atol=1e-3)


@pytest.mark.parametrize("new", [("dzień dobry szef", "greet"), ("karta dobry dzień", "integration/legal_stay")])
def test_a_new_text_is_known_and_all_others_stay(model: LinearText, new: Labelled) -> None:
    learnt = margins.learnt(model, [], [new], ALL)
    assert all(best(learnt, text) == label for text, label in [new, *ALL])


@pytest.mark.parametrize("place", range(0, len(ALL), 7))
def test_without_one_text_all_others_stay(model: LinearText, place: int) -> None:
    rest = ALL[:place] + ALL[place + 1 :]
    learnt = margins.learnt(model, [ALL[place]], [], rest)
    assert all(best(learnt, text) == label for text, label in rest)


def test_texts_like_the_one_that_moves_hold_their_ground(model: LinearText) -> None:
    """Without a second look at them they would go with it."""
    rest = ALL[1:]
    learnt, unguarded = margins.learnt(model, [ALL[0]], [MOVED], rest), margins.learnt(model, [ALL[0]], [MOVED], [])
    beside, label = rest[0]
    row = model.labels.index(label)
    assert learnt.scores(beside)[row] > unguarded.scores(beside)[row] + 0.1
    assert all(best(learnt, text) == told for text, told in rest)


def test_a_text_of_unknown_words_does_no_harm(model: LinearText) -> None:
    learnt = margins.learnt(model, [], [("ქართული", "greet")], ALL)
    assert all(best(learnt, text) == label for text, label in ALL)
