"""Folds that never leak: whoever is asked about a text has not learnt it."""

import numpy as np
import pytest

from bot.nlu import folds
from bot.nlu.counts import Counts, Floats
from bot.nlu.folds import ALL, FOLDS, LONGEST, NEAR, SHORTEST, UNSEEN, Folds
from bot.nlu.linear import LinearText
from bot.nlu.text import in_one_alphabet

TEXTS = [f"{start} {end}" for start in ("szef nie płaci", "karta pobytu", "школа для доньки") for end in "abcdefkl"]
LABELS = [label for label in ("wages", "papers", "school") for _ in range(8)]
GROUPS = [place // 2 for place in range(len(TEXTS))]  # two texts that belong together
Bag = frozenset[str]


def bags(counts: Counts) -> list[Bag]:
    """Each text as its n-grams, which tell the texts apart."""
    return [frozenset(counts.terms[i] for i in row.indices) for row in counts.matrix]


GROUP_OF = dict(zip(bags(Counts.of([*map(in_one_alphabet, TEXTS)], SHORTEST, LONGEST, NEAR)), GROUPS, strict=True))


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[list[Bag], list[Bag]]]:
    """For each model of n-grams, which texts it learnt from and which it was asked about."""
    found: dict[int, tuple[list[Bag], list[Bag]]] = {}
    fit, scores = folds._fit, LinearText.scores_of_all

    def learnt(counts: Counts, labels: list[str]) -> tuple[LinearText, Floats]:
        words, added = fit(counts, labels)
        found[id(words)] = (bags(counts), [])
        return words, added

    def asked(words: LinearText, counts: Counts) -> Floats:
        found[id(words)][1].extend(bags(counts))
        return scores(words, counts)

    monkeypatch.setattr(folds, "_fit", learnt)
    monkeypatch.setattr(LinearText, "scores_of_all", asked)
    return found


def test_no_part_is_asked_about_a_group_it_has_learnt_from(lessons: dict[int, tuple[list[Bag], list[Bag]]]) -> None:
    fitted = Folds.fit(TEXTS, LABELS, GROUPS)
    parts = [lessons[id(words)] for words in fitted.words]
    assert len(parts) == FOLDS + 1
    for learnt, asked in parts[:FOLDS]:
        assert {GROUP_OF[text] for text in learnt}.isdisjoint(GROUP_OF[text] for text in asked)
    assert set(parts[ALL][0]) == set(GROUP_OF)
    assert parts[ALL][1] == []


def test_every_text_is_held_out_exactly_once(lessons: dict[int, tuple[list[Bag], list[Bag]]]) -> None:
    Folds.fit(TEXTS, LABELS, GROUPS)
    assert sorted(map(sorted, (bag for _, asked in lessons.values() for bag in asked))) == sorted(map(sorted, GROUP_OF))


def test_what_is_said_of_a_text_is_said_by_who_has_not_learnt_it() -> None:
    fitted = Folds.fit(TEXTS, LABELS, GROUPS)
    for row, text in enumerate(TEXTS):
        words = fitted.words[GROUPS[row] % FOLDS]
        np.testing.assert_allclose(fitted.said[row], folds.from_margins(words.scores(in_one_alphabet(text))), atol=1e-4)


def test_of_a_label_that_only_its_own_fold_has_nothing_is_known() -> None:
    fitted = Folds.fit([*TEXTS, "rzadkie pytanie"], [*LABELS, "rare"], [*GROUPS, 0])
    rare = fitted.labels.index("rare")
    in_its_fold = fitted.fold == 0
    assert (fitted.said[in_its_fold, rare] == UNSEEN).all()
    assert (fitted.said[~in_its_fold, rare] > UNSEEN).all()
    assert fitted.columns(0).tolist() == [column for column in range(4) if column != rare]
    assert fitted.told(0, np.flatnonzero(in_its_fold)).shape == (in_its_fold.sum(), 3)


def test_the_same_texts_give_the_same_folds() -> None:
    once, twice = (Folds.fit(TEXTS, LABELS, GROUPS) for _ in range(2))
    np.testing.assert_array_equal(once.said, twice.said)
    for one, other in zip(once.words, twice.words, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
