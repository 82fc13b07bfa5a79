"""The linear classifier: what scikit-learn trained is what numpy runs."""

import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from bot.nlu.counts import Counts, ngrams
from bot.nlu.linear import LinearText, log_softmax

SUBJECTS = {
    "wages": ("szef nie płaci", "brak wypłaty", "начальник не платить", "зарплата за місяць", "boss does not pay", "my salary is late"),
    "papers": ("karta pobytu", "numer PESEL", "карта побиту", "подовжити візу", "residence card", "extend my visa"),
    "school": ("szkoła dla syna", "miejsce w przedszkolu", "школа для доньки", "дитячий садок", "school for my son", "kindergarten place"),
}
WHERE = ("w Krakowie", "у Кракові", "in Krakow", "proszę", "будь ласка", "please")
TEXTS = [f"{start} {end}" for starts in SUBJECTS.values() for start in starts for end in WHERE]
LABELS = [label for label, starts in SUBJECTS.items() for _ in starts for _ in WHERE]
SEEN_AND_UNSEEN = (
    *TEXTS[::7],
    "Szef NIE płaci!!!",
    "szkola",
    "salary salary salary and visa",
    "карта",
    "где мой паспорт",
    "płaci 3,50 zł / h",
)


def svm() -> Any:
    return LinearSVC(C=1.0, random_state=0, tol=1e-6, max_iter=10_000)


def counts_of(texts: Sequence[str], shortest: int = 2, longest: int = 5, near: int = 1) -> Counts:
    return Counts.of(texts, shortest, longest, near)


def pipeline_of(classifier: Any, shortest: int = 2, longest: int = 5, near: int = 1, rarest: int = 2) -> Any:
    """The same model, in scikit-learn's own words."""

    def terms(text: str) -> list[str]:
        return list(ngrams(text, shortest, longest, near).elements())

    return make_pipeline(TfidfVectorizer(analyzer=terms, sublinear_tf=True, min_df=rarest), classifier)


def stored(model: LinearText) -> LinearText:
    file = io.BytesIO()
    np.savez(file, **model.arrays("part"))  # type: ignore[arg-type]  # as in Model.save
    file.seek(0)
    return LinearText.from_arrays("part", dict(np.load(file)))


@pytest.fixture(scope="module")
def model() -> LinearText:
    return LinearText.fit(counts_of(TEXTS), LABELS, estimator=svm())


@pytest.fixture(scope="module")
def two_classes() -> LinearText:
    return LinearText.fit(counts_of(TEXTS[:72]), LABELS[:72], estimator=svm())


# --- n-grams


def test_ngrams_stay_inside_words() -> None:
    assert ngrams("Nie ma", 3, 3, near=0) == Counter([" ni", "nie", "ie ", " ma", "ma ", "w:nie", "w:ma"])


def test_words_and_pairs_of_neighbours_are_terms_of_their_own() -> None:
    assert ngrams("nie ma nic", 9, 8, near=1) == Counter(["w:nie", "w:ma", "w:nic", "w:nie ma", "w:ma nic"])


def test_words_near_each_other_are_a_pair_too() -> None:
    assert ngrams("nie ma nic tu", 9, 8, near=2) == Counter(
        ["w:nie", "w:ma", "w:nic", "w:tu", "w:nie ma", "w:ma nic", "w:nic tu", "w:nie nic", "w:ma tu"]
    )


@pytest.mark.parametrize("form", ["pracowałem bezpłatnie", "pracowała bezpłatny", "pracować bezpłatnego"])
def test_forms_of_the_same_words_are_the_same_pair(form: str) -> None:
    assert ngrams(form, 9, 8, near=1)["w:prac bezp"] == 1


def test_punctuation_is_a_token_and_part_of_no_pair() -> None:
    assert ngrams("ma?  ma", 9, 8, near=2) == Counter({"w:ma": 2, "w:?": 1, "w:ma ma": 1})


def test_a_word_shorter_than_the_ngram_is_taken_whole() -> None:
    assert set(ngrams("a", 4, 5, near=0)) == {" a ", "w:a"}


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_nothing_has_no_ngrams(text: str) -> None:
    assert ngrams(text, 1, 5, near=2) == Counter()


# --- the same as scikit-learn


@pytest.mark.parametrize(("shortest", "longest", "near", "rarest"), [(2, 5, 1, 2), (3, 5, 2, 2), (1, 4, 0, 3), (2, 3, 0, 1)])
def test_scores_are_those_of_the_scikit_learn_pipeline(shortest: int, longest: int, near: int, rarest: int) -> None:
    model = LinearText.fit(counts_of(TEXTS, shortest, longest, near), LABELS, estimator=svm(), rarest=rarest)
    pipeline = pipeline_of(svm(), shortest, longest, near, rarest).fit(TEXTS, LABELS)
    assert model.labels == tuple(pipeline.classes_)
    assert list(model.vocabulary) == pipeline[0].get_feature_names_out().tolist()
    ours = np.array([model.scores(text) for text in SEEN_AND_UNSEEN])
    np.testing.assert_allclose(ours, pipeline.decision_function(SEEN_AND_UNSEEN), atol=2e-4)


def test_scores_are_those_of_the_very_estimator_that_was_trained() -> None:
    estimator = LogisticRegression(C=5.0)
    model = LinearText.fit(counts_of(TEXTS), LABELS, estimator=estimator)
    vectorizer = pipeline_of(None)[0].fit(TEXTS)
    theirs = estimator.decision_function(vectorizer.transform(SEEN_AND_UNSEEN).astype(np.float32))
    np.testing.assert_allclose([model.scores(text) for text in SEEN_AND_UNSEEN], theirs, atol=1e-5)


def test_two_labels_score_as_two_sides_of_one_plane(two_classes: LinearText) -> None:
    pipeline = pipeline_of(svm()).fit(TEXTS[:72], LABELS[:72])
    ours = np.array([two_classes.scores(text) for text in SEEN_AND_UNSEEN])
    assert two_classes.labels == ("papers", "wages")
    np.testing.assert_allclose(ours[:, 1], pipeline.decision_function(SEEN_AND_UNSEEN), atol=2e-4)
    np.testing.assert_array_equal(ours[:, 0], -ours[:, 1])


def test_two_labels_are_told_apart(two_classes: LinearText) -> None:
    found = [two_classes.labels[int(two_classes.scores(text).argmax())] for text in TEXTS[:72]]
    assert found == LABELS[:72]


def test_many_labels_are_told_apart(model: LinearText) -> None:
    assert [model.labels[int(model.scores(text).argmax())] for text in TEXTS] == LABELS


def test_terms_of_too_few_texts_are_dropped() -> None:
    model = LinearText.fit(counts_of(["ala ma kota", "ala ma psa", "ola je", "ola je"], 9, 8), ["a", "a", "b", "b"], estimator=svm())
    assert list(model.vocabulary) == ["w:ala", "w:ala ma", "w:je", "w:ma", "w:ola", "w:ola je"]


def test_words_count_as_much_more_than_characters_as_they_are_told_to() -> None:
    plain, wordy = (LinearText.fit(counts_of(TEXTS), LABELS, estimator=svm(), words=words) for words in (1.0, 1.5))
    (index, values), (same, louder) = plain.features("karta pobytu"), wordy.features("karta pobytu")
    np.testing.assert_array_equal(index, same)
    shares = {term: louder[place] / values[place] for place, term in enumerate(np.array([*plain.vocabulary])[index])}
    words = {term: share for term, share in shares.items() if term.startswith("w:")}
    characters = {term: share for term, share in shares.items() if term not in words}
    assert "w:karta" in words
    assert min(words.values()) == pytest.approx(1.5 * max(characters.values()), rel=1e-5)
    assert np.linalg.norm(louder) == pytest.approx(1)


def test_a_training_text_without_any_common_term_does_no_harm() -> None:
    model = LinearText.fit(counts_of([*TEXTS, "", "qqq"]), [*LABELS, "wages", "papers"], estimator=svm())
    assert np.isfinite(model.scores("karta pobytu")).all()


# --- texts it knows nothing of


@pytest.mark.parametrize("text", ["", " ", "漢字漢字", "ქართული", "\U0001f44d", "😀😀"])
def test_a_text_without_known_ngrams_gets_the_bias_alone(model: LinearText, text: str) -> None:
    np.testing.assert_array_equal(model.scores(text), model.bias)


def test_capitals_do_not_matter(model: LinearText) -> None:
    np.testing.assert_array_equal(model.scores("KARTA POBYTU"), model.scores("karta pobytu"))


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec=None), max_size=40))
def test_any_text_has_a_finite_score_for_every_label(model: LinearText, text: str) -> None:
    scores = model.scores(text)
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()


# --- saved and loaded


def test_a_loaded_model_gives_the_same_answers(model: LinearText) -> None:
    loaded = stored(model)
    for text in (*TEXTS, *SEEN_AND_UNSEEN, ""):
        np.testing.assert_allclose(loaded.scores(text), model.scores(text), atol=2e-3)
        assert loaded.scores(text).argmax() == model.scores(text).argmax()


def test_a_loaded_model_saved_again_is_the_same_to_the_last_bit(model: LinearText) -> None:
    once, twice = stored(model), stored(stored(model))
    for text in SEEN_AND_UNSEEN:
        np.testing.assert_array_equal(once.scores(text), twice.scores(text))


def test_everything_but_the_precision_of_the_weights_survives_saving(model: LinearText) -> None:
    loaded = stored(model)
    assert (loaded.labels, loaded.vocabulary) == (model.labels, model.vocabulary)
    assert (loaded.shortest, loaded.longest, loaded.near) == (model.shortest, model.longest, model.near)
    np.testing.assert_array_equal(loaded.idf, model.idf)
    np.testing.assert_array_equal(loaded.bias, model.bias)


def test_two_models_share_one_file(model: LinearText, two_classes: LinearText) -> None:
    arrays = model.arrays("one") | two_classes.arrays("two")
    assert LinearText.from_arrays("one", arrays).labels == model.labels
    assert LinearText.from_arrays("two", arrays).labels == two_classes.labels


# --- log_softmax


@settings(deadline=None)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8))
def test_softmax_is_a_probability_and_keeps_the_order(scores: list[float]) -> None:
    given_scores = np.array(scores, dtype=np.float32)
    result = log_softmax(given_scores)
    assert np.exp(result).sum() == pytest.approx(1, abs=1e-5)
    assert result[int(given_scores.argmax())] == result.max()


def test_softmax_works_on_each_row_by_itself() -> None:
    rows = np.array([[0, 1, 2.5], [3, -1, 0]], dtype=np.float32)
    np.testing.assert_allclose(log_softmax(rows), [log_softmax(rows[0]), log_softmax(rows[1])])
    np.testing.assert_allclose(np.exp(log_softmax(rows)).sum(axis=1), [1, 1], rtol=1e-6)
