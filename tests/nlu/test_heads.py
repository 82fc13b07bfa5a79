"""Vector and n-grams fused: probabilities and calibration."""

from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlu import margins
from bot.nlu.counts import Floats
from bot.nlu.embedding import Vectors
from bot.nlu.folds import FOLDS, Folds
from bot.nlu.heads import Heads
from bot.nlu.text import in_one_alphabet

SUBJECTS = {
    "wages": ("szef nie płaci", "brak wypłaty", "начальник не платить", "boss does not pay"),
    "papers": ("karta pobytu", "numer PESEL", "подовжити візу", "residence card"),
    "school": ("szkoła dla syna", "miejsce w przedszkolu", "школа для доньки", "school for my son"),
}
WHERE = ("w Krakowie", "у Кракові", "please")
TEXTS = [f"{start} {end}" for starts in SUBJECTS.values() for start in starts for end in WHERE]
LABELS = [label for label, starts in SUBJECTS.items() for _ in starts for _ in WHERE]
GROUPS = list(range(len(TEXTS)))
FOLDED = Folds.fit(TEXTS, LABELS, GROUPS)


def hashed(text: str) -> Vectors:
    """A sentence vector for tests: each word adds to one of its places."""
    vector = np.zeros(64, dtype=np.float32)
    for word in text.lower().split():
        vector[crc32(word.encode()) % 64] += 1
    return np.asarray(vector / (np.linalg.norm(vector) or 1), dtype=np.float32)


VECTORS = np.array([hashed(text) for text in TEXTS])
HALF = 2 * len(TEXTS) // 3  # wages and papers


@pytest.fixture(scope="module")
def fitted() -> tuple[Heads, Floats, Floats]:
    return Heads.fit(FOLDED, VECTORS)


@pytest.fixture(scope="module")
def heads(fitted: tuple[Heads, Floats, Floats]) -> Heads:
    return fitted[0]


@pytest.fixture(scope="module")
def without_vectors() -> tuple[Heads, Floats, Floats]:
    return Heads.fit(FOLDED, None)


@pytest.fixture(scope="module")
def two_labels() -> Heads:
    return Heads.fit(Folds.fit(TEXTS[:HALF], LABELS[:HALF], GROUPS[:HALF]), VECTORS[:HALF])[0]


def best(heads: Heads, text: str, vector: Vectors | None) -> str:
    return heads.labels[int(heads.log_probabilities(text, vector).argmax())]


# --- probabilities


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.characters(codec=None), max_size=40), with_vector=st.booleans())
def test_probabilities_sum_to_one_with_a_vector_and_without(heads: Heads, text: str, with_vector: bool) -> None:
    found = heads.log_probabilities(text, hashed("szef nie płaci") if with_vector else None)
    assert found.shape == (3,)
    assert found.dtype == np.float32
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-5)


def test_probabilities_of_two_labels_sum_to_one(two_labels: Heads) -> None:
    for text, vector in zip(TEXTS, VECTORS, strict=True):
        for known in (vector, None):
            assert np.exp(two_labels.log_probabilities(text, known)).sum() == pytest.approx(1, abs=1e-5)


def test_labels_are_in_the_order_of_the_alphabet(heads: Heads) -> None:
    assert heads.labels == ("papers", "school", "wages")


def test_what_was_learnt_is_known_with_a_vector_and_without(heads: Heads) -> None:
    assert [best(heads, text, vector) for text, vector in zip(TEXTS, VECTORS, strict=True)] == LABELS
    assert [best(heads, text, None) for text in TEXTS] == LABELS


def test_heads_trained_without_vectors_work_without_them(without_vectors: tuple[Heads, Floats, Floats]) -> None:
    heads, *_ = without_vectors
    assert [best(heads, text, None) for text in TEXTS] == LABELS


def test_the_vector_decides_about_a_text_of_unknown_ngrams(heads: Heads) -> None:
    for label, (start, *_) in SUBJECTS.items():
        assert best(heads, "ქართული", hashed(start)) == label


def test_the_vector_decides_between_two_labels_too(two_labels: Heads) -> None:
    assert best(two_labels, "ქართული", hashed("szef nie płaci")) == "wages"
    assert best(two_labels, "ქართული", hashed("karta pobytu")) == "papers"


# --- calibration


def test_both_sharpnesses_are_positive(heads: Heads, two_labels: Heads) -> None:
    assert all(factor > 0 for head in (heads, two_labels) for factor in (head.sharpness, head.sharpness_without))


def test_random_labels_teach_modesty_and_clear_ones_confidence(fitted: tuple[Heads, Floats, Floats]) -> None:
    heads, held_out, _ = fitted
    guessing, guessed, _ = Heads.fit(Folds.fit(TEXTS, np.random.default_rng(1).permutation(LABELS).tolist(), GROUPS), VECTORS)
    assert guessing.sharpness < heads.sharpness
    assert guessed.max(axis=1).mean() < held_out.max(axis=1).mean()


def test_sharpness_without_a_vector_is_that_of_the_ngrams_alone(heads: Heads, without_vectors: tuple[Heads, Floats, Floats]) -> None:
    assert heads.sharpness_without == without_vectors[0].sharpness_without
    assert without_vectors[0].sharpness == without_vectors[0].sharpness_without


# --- held out


def test_a_text_that_occurs_again_is_not_recognised_by_its_twin() -> None:
    chance = np.random.default_rng(0)
    nonsense = ["".join(chance.choice(list("bcdfghjklmnpqrstvwxz"), 12)) for _ in range(60)]
    labels = chance.choice(["a", "b", "c"], 60).tolist()
    texts, thrice = nonsense * 3, labels * 3
    heads, together, _ = Heads.fit(Folds.fit(texts, thrice, list(range(60)) * 3), None)
    _, apart, _ = Heads.fit(Folds.fit(texts, thrice, [place + copy for copy in range(3) for place in range(60)]), None)
    truth = np.array([heads.labels.index(label) for label in thrice])
    assert (apart.argmax(axis=1) == truth).all()
    assert (together.argmax(axis=1) == truth).mean() < 0.6


def test_no_network_is_asked_about_a_text_it_has_learnt() -> None:
    chance = np.random.default_rng(0)
    texts, labels = ["dzień dobry"] * 60, chance.choice(["a", "b", "c"], 60).tolist()
    vectors = chance.standard_normal((60, 64)).astype(np.float32)
    heads, held_out, _ = Heads.fit(Folds.fit(texts, labels, list(range(60))), vectors)
    truth = np.array([heads.labels.index(label) for label in labels])
    assert heads.network
    assert (heads.network.log_probabilities(vectors).argmax(axis=1) == truth).mean() > 0.9
    assert (held_out.argmax(axis=1) == truth).mean() < 0.6


def test_held_out_probabilities_are_one_row_a_text_and_sum_to_one(
    fitted: tuple[Heads, Floats, Floats], without_vectors: tuple[Heads, Floats, Floats]
) -> None:
    for _, held_out, _ in (fitted, without_vectors):
        assert held_out.shape == (len(TEXTS), 3)
        np.testing.assert_allclose(np.exp(held_out).sum(axis=1), 1, atol=1e-5)


def test_held_out_answers_are_mostly_right_when_the_labels_are_clear(fitted: tuple[Heads, Floats, Floats]) -> None:
    heads, held_out, _ = fitted
    found = [heads.labels[i] for i in held_out.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(found, LABELS, strict=True)]) > 0.95


def test_a_label_that_only_one_fold_knows_is_never_guessed_for_it() -> None:
    texts, labels, groups = [*TEXTS, "rzadkie pytanie"], [*LABELS, "rare"], [*GROUPS, 0]
    heads, held_out, _ = Heads.fit(Folds.fit(texts, labels, groups), np.array([hashed(text) for text in texts]))
    rare = heads.labels.index("rare")
    in_its_fold = [row for row, group in enumerate(groups) if group % FOLDS == 0]
    assert np.exp(held_out[in_its_fold, rare]).max() < 0.01
    assert best(heads, "rzadkie pytanie", hashed("rzadkie pytanie")) == "rare"


# --- changes


def test_what_a_change_teaches_is_what_it_teaches_the_svm_alone(heads: Heads) -> None:
    lesson = ("papers", "szef nie płaci")
    texts, labels = [*TEXTS, lesson[1]], [*LABELS, lesson[0]]
    changed = heads.learnt([], [len(TEXTS)], texts, None, labels, FOLDED.bayes)
    svm = replace(heads.words, weights=heads.words.weights - FOLDED.bayes)
    plain = [*zip(map(in_one_alphabet, texts), labels, strict=True)]
    taught = margins.learnt(svm, [], plain[-1:], plain[:-1])
    np.testing.assert_allclose(changed.words.weights, taught.weights + FOLDED.bayes, atol=1e-6)
    assert not np.allclose(changed.words.weights, heads.words.weights, atol=1e-3)


# --- saved and loaded


def same_answers(one: Heads, other: Heads, text: str, vector: Vectors | None) -> bool:
    ours, theirs = one.log_probabilities(text, vector), other.log_probabilities(text, vector)
    return bool(np.allclose(np.exp(ours), np.exp(theirs), atol=2e-3) and ours.argmax() == theirs.argmax())


def test_loaded_heads_give_the_same_answers(heads: Heads) -> None:
    loaded = Heads.from_arrays("part", heads.arrays("part"))
    assert (loaded.labels, loaded.sharpness, loaded.sharpness_without) == (heads.labels, heads.sharpness, heads.sharpness_without)
    assert all(same_answers(loaded, heads, text, vector) for text, vector in zip(TEXTS, VECTORS, strict=True))
    assert all(same_answers(loaded, heads, text, None) for text in TEXTS)


def test_loaded_heads_of_ngrams_alone_give_the_same_answers(without_vectors: tuple[Heads, Floats, Floats]) -> None:
    heads, *_ = without_vectors
    loaded = Heads.from_arrays("part", heads.arrays("part"))
    assert all(same_answers(loaded, heads, text, None) for text in TEXTS)


def test_fitting_twice_gives_the_same_heads(heads: Heads) -> None:
    again, *_ = Heads.fit(FOLDED, VECTORS)
    assert again.sharpness == heads.sharpness
    assert again.network
    assert heads.network
    np.testing.assert_array_equal(again.network.outer, heads.network.outer)
    np.testing.assert_array_equal(again.words.weights, heads.words.weights)
