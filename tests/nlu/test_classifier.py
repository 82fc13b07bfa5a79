"""What is trained from the examples, and the file it is kept in."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import Example, Place
from bot.nlu import classifier
from bot.nlu.classifier import HARMLESS, PRECISION, Model, fingerprint, kind, read_as, readable, threshold_for
from bot.nlu.counts import Floats
from bot.nlu.embedding import Vectors
from bot.nlu.folds import Rows
from bot.nlu.text import latin_from_cyrillic
from tests.nlu.samples import EXAMPLES, Hashing


@pytest.fixture(scope="module")
def model() -> Model:
    return classifier.train(EXAMPLES, None, None, iter)


@pytest.fixture(scope="module")
def with_vectors() -> Model:
    return classifier.train(EXAMPLES, Hashing(), None, iter)


# --- the fingerprint


def test_the_same_examples_have_the_same_fingerprint() -> None:
    again = [replace(example, place=Place("intents/moved.yml", 99), tags={"style": "short"}) for example in EXAMPLES]
    assert fingerprint(again, "an encoder") == fingerprint(EXAMPLES, "an encoder")


@pytest.mark.parametrize(
    "changed",
    [
        EXAMPLES[:-1],
        EXAMPLES[::-1],
        [*EXAMPLES, EXAMPLES[0]],
        [replace(EXAMPLES[0], text=EXAMPLES[0].text + "."), *EXAMPLES[1:]],
        [replace(EXAMPLES[0], language="be"), *EXAMPLES[1:]],
        [replace(EXAMPLES[0], intent="fair_work/contract"), *EXAMPLES[1:]],
        [],
    ],
)
def test_other_examples_have_another_fingerprint(changed: list[Example]) -> None:
    assert fingerprint(changed, "an encoder") != fingerprint(EXAMPLES, "an encoder")


def test_words_moved_between_intent_and_text_change_the_fingerprint() -> None:
    one, other = replace(EXAMPLES[0], intent="a", language="pl", text="b"), replace(EXAMPLES[0], intent="apl", language="", text="b")
    assert fingerprint([one], "") != fingerprint([other], "")


def test_a_new_recipe_has_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(EXAMPLES, "")
    monkeypatch.setattr(classifier, "RECIPE", classifier.RECIPE + "+")
    assert fingerprint(EXAMPLES, "") != before


def test_vectors_and_their_encoder_belong_to_the_fingerprint() -> None:
    assert len({fingerprint(EXAMPLES, encoder) for encoder in ("", "an encoder", "a better one")}) == 3


def test_a_fingerprint_is_a_file_name() -> None:
    assert set(fingerprint(EXAMPLES, "an encoder")) <= set("0123456789abcdef")


# --- the kind of an intent


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        ("crisis/danger", "danger"),
        ("crisis/suicide", "suicide"),
        ("fair_work/contract", HARMLESS),
        ("greet", HARMLESS),
        ("crisis_line/x", HARMLESS),
    ],
)
def test_an_intent_is_a_kind_of_crisis_or_harmless(intent: str, expected: str) -> None:
    assert kind(intent) == expected


# --- readable


@pytest.mark.parametrize("text", [example.text for example in EXAMPLES if example.language == "uk" and "/" in example.intent])
def test_ukrainian_typed_in_latin_letters_is_read_in_cyrillic(model: Model, text: str) -> None:
    assert readable(model.language, latin_from_cyrillic(text, "uk")) == text.translate({ord("ь"): None, ord("'"): None})


@pytest.mark.parametrize("text", [example.text for example in EXAMPLES if example.language != "uk"])
def test_polish_and_english_stay_as_they_are(model: Model, text: str) -> None:
    assert readable(model.language, text) == text


def test_an_example_is_read_as_its_language_says() -> None:
    typed = latin_from_cyrillic("начальник не заплатив мені", "uk")
    assert read_as(typed, "uk") == "началник не заплатив мені"
    assert {read_as(typed, language) for language in ("pl", "en", "be")} == {typed}


@pytest.mark.parametrize("text", ["  начальник  НЕ заплатив", "nachalnyk не zaplatyv", "nachalnyk każe dług"])
def test_an_example_that_is_not_all_in_latin_letters_or_has_polish_ones_is_read_as_it_stands(text: str) -> None:
    assert read_as(text, "uk") == " ".join(text.split())


@pytest.mark.parametrize("text", [example.text for example in EXAMPLES if example.language == "uk" and "/" in example.intent])
def test_an_example_is_read_as_a_message_like_it_will_be(model: Model, text: str) -> None:
    typed = latin_from_cyrillic(text, "uk")
    assert read_as(typed, "uk") == readable(model.language, typed)


def test_what_is_read_is_normalised_first(model: Model) -> None:
    assert readable(model.language, "  SZEF  NIE\u200b ZAPŁACIŁ\nMI ") == "szef nie zapłacił mi"
    assert readable(model.language, "NACHALNYK NE ZAPLATYV MENI") == "началник не заплатив мені"


@pytest.mark.parametrize("text", ["", "112", "\U0001f44d"])
def test_what_has_no_language_stays_as_it_is(model: Model, text: str) -> None:
    assert readable(model.language, text) == text


# --- training


def test_what_was_learnt_is_known(model: Model, with_vectors: Model) -> None:
    for trained, encoder in ((model, None), (with_vectors, Hashing())):
        for example in EXAMPLES:
            vector = encoder(example.text) if encoder else None
            assert trained.intents.labels[int(trained.intents.log_probabilities(example.text, vector).argmax())] == example.intent


def test_labels_are_all_intents(model: Model) -> None:
    assert model.intents.labels == tuple(sorted({example.intent for example in EXAMPLES}))


def test_the_threshold_of_doubt_is_a_probability(model: Model, with_vectors: Model) -> None:
    assert all(0 <= trained.threshold <= 1 for trained in (model, with_vectors))


def test_training_embeds_readable_text_once_and_keeps_it(tmp_path: Path) -> None:
    cache, encoder = tmp_path / "embeddings.npz", Hashing()
    typed = Example("fair_work/unpaid_wages", "uk", "nachalnyk ne zaplatyv meni", Place("intents/any.yml", 1))
    classifier.train([*EXAMPLES, typed, EXAMPLES[0]], encoder, cache, iter)
    assert sorted(encoder.asked) == sorted([*(example.text for example in EXAMPLES), "началник не заплатив мені"])
    again = Hashing()
    classifier.train([*EXAMPLES, replace(EXAMPLES[0], text="zupełnie nowe pytanie")], again, cache, iter)
    assert again.asked == ["zupełnie nowe pytanie"]


def test_training_twice_gives_the_same_model(model: Model) -> None:
    again = classifier.train(EXAMPLES, None, None, iter)
    first, second = model.arrays(), again.arrays()
    assert list(first) == list(second)
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])


# --- the threshold of doubt


def row(confidence: float, winner: int) -> list[float]:
    """Log-probabilities of three labels."""
    rest = (1 - confidence) / 2
    return [math.log(confidence if label == winner else rest) for label in range(3)]


def held_out(*rows: tuple[float, bool]) -> tuple[Floats, Rows]:
    """From confidences and whether they are right."""
    return np.array([row(confidence, 0) for confidence, _ in rows], dtype=np.float32), np.array([0 if right else 1 for _, right in rows])


def test_when_all_is_right_the_least_confident_answer_sets_the_threshold() -> None:
    assert threshold_for(*held_out((0.9, True), (0.4, True), (0.7, True)), PRECISION) == pytest.approx(0.4)


def test_a_wrong_answer_at_the_end_is_left_below_the_threshold() -> None:
    assert threshold_for(*held_out((0.9, True), (0.8, True), (0.5, False)), PRECISION) == pytest.approx(0.8)


def test_one_wrong_answer_among_many_is_within_the_precision() -> None:
    many = [(0.9 - place / 1000, place != 10) for place in range(100)]
    assert threshold_for(*held_out(*many), PRECISION) == pytest.approx(0.9 - 99 / 1000)


def test_when_the_most_confident_are_wrong_nothing_is_sure() -> None:
    assert threshold_for(*held_out((0.9, False), (0.8, True), (0.7, True)), PRECISION) == 1.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(400, 999), st.booleans()), min_size=1, max_size=60, unique_by=lambda pair: pair[0]))
def test_the_threshold_is_the_lowest_confidence_above_which_answers_are_precise(answers: list[tuple[int, bool]]) -> None:
    rows = [(confidence / 1000, right) for confidence, right in answers]
    threshold = threshold_for(*held_out(*rows), PRECISION)

    def precision(lowest: float) -> float:
        answered = [right for confidence, right in rows if confidence >= lowest - 1e-5]
        return sum(answered) / len(answered)

    precise = [confidence for confidence, _ in rows if precision(confidence) >= PRECISION]
    assert threshold == pytest.approx(min(precise, default=1.0), abs=1e-5)


# --- one file


def same(one: Model, other: Model, encoder: Callable[[str], Vectors] | None) -> bool:
    for example in EXAMPLES:
        vector = encoder(example.text) if encoder else None
        left, right = (model.intents.log_probabilities(example.text, vector) for model in (one, other))
        if not (np.allclose(np.exp(left), np.exp(right), atol=5e-3) and left.argmax() == right.argmax()):
            return False
        if one.language.scores(example.text).argmax() != other.language.scores(example.text).argmax():
            return False
    return (one.threshold, one.crisis_threshold, one.worry_threshold, one.quick) == (
        other.threshold,
        other.crisis_threshold,
        other.worry_threshold,
        other.quick,
    )


def test_a_loaded_model_gives_the_same_answers(model: Model, with_vectors: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a.npz")
    with_vectors.save(tmp_path / "b.npz")
    assert same(Model.load(tmp_path / "a.npz"), model, None)
    assert same(Model.load(tmp_path / "b.npz"), with_vectors, Hashing())


def test_saving_leaves_one_file_and_replaces_the_old_one(model: Model, with_vectors: Model, tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    with_vectors.save(file)
    model.save(file)
    assert [found.name for found in tmp_path.iterdir()] == ["model.npz"]
    assert same(Model.load(file), model, None)


def test_the_file_needs_no_pickle_to_be_read(model: Model) -> None:
    file = io.BytesIO()
    np.savez(file, **model.arrays())  # type: ignore[arg-type]  # as in Model.save
    file.seek(0)
    assert all(array.dtype != object for array in np.load(file, allow_pickle=False).values())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_is_never_half_a_model(model: Model, tmp_path: Path, share: float) -> None:
    file = tmp_path / "model.npz"
    model.save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises((BadZipFile, EOFError)):
        Model.load(file)


def test_a_missing_file_is_told_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "model.npz")
