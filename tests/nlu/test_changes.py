"""A few changed examples: what they are, and a model that has learnt them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.content import Example, Place
from bot.nlu import changes, classifier, embedding
from bot.nlu.changes import Changes, since_the_nearest
from bot.nlu.classifier import LESSON, Model
from bot.nlu.text import latin_from_cyrillic
from tests.nlu.samples import EXAMPLES, Hashing

PLACE = Place("intents/any.yml", 1)
HELLO = Example("greet", "pl", "halo halo, witam", PLACE)
MOVED = [replace(EXAMPLES[0], intent="greet"), *EXAMPLES[1:]]


@pytest.fixture(autouse=True)
def four_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 examples."""
    monkeypatch.setattr(changes, "FEW", 4 / len(EXAMPLES))


@pytest.fixture(scope="module")
def full() -> Model:
    return classifier.train(EXAMPLES, Hashing(), None, iter)


@pytest.fixture
def directory(full: Model, tmp_path: Path) -> Path:
    full.save(tmp_path / "0123456789abcdef.npz")
    return tmp_path


def few(directory: Path, examples: Sequence[Example], encoder: str = embedding.MODEL) -> Changes:
    found = since_the_nearest(directory, examples, encoder)
    assert found is not None
    return found


def learnt(directory: Path, examples: Sequence[Example]) -> Model:
    return few(directory, examples).learnt(Hashing(), directory / "embeddings.npz", iter)


def answer(model: Model, text: str) -> str:
    return model.intents.labels[int(model.intents.log_probabilities(text, Hashing()(text)).argmax())]


# --- what has changed


@pytest.mark.parametrize(
    ("examples", "number"),
    [
        (EXAMPLES, 0),
        (EXAMPLES[::-1], 0),
        (EXAMPLES[1:], 1),
        ([*EXAMPLES, HELLO], 1),
        ([*EXAMPLES, EXAMPLES[0]], 1),
        ([HELLO, *EXAMPLES[1:]], 2),
        (MOVED, 2),
        ([replace(EXAMPLES[0], language="be"), *EXAMPLES[1:]], 2),
        ([replace(EXAMPLES[0], place=Place("intents/moved.yml", 9)), *EXAMPLES[1:]], 0),
    ],
)
def test_changes_are_what_went_and_what_came(directory: Path, examples: list[Example], number: int) -> None:
    assert few(directory, examples).number == number


def test_too_many_changes_are_not_few(directory: Path) -> None:
    assert few(directory, EXAMPLES[4:]).number == 4
    assert since_the_nearest(directory, EXAMPLES[5:], embedding.MODEL) is None


def test_a_new_label_needs_a_full_training(directory: Path) -> None:
    new = replace(HELLO, intent="iom/about")
    assert since_the_nearest(directory, [*EXAMPLES, new], embedding.MODEL) is None


def test_a_label_that_is_gone_needs_a_full_training(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.setattr(changes, "FEW", 1.0)
    without = [example for example in EXAMPLES if example.intent != "greet"]
    assert since_the_nearest(directory, without, embedding.MODEL) is None


def test_a_model_of_another_encoder_or_recipe_teaches_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert since_the_nearest(directory, EXAMPLES[1:], "another") is None
    monkeypatch.setattr(classifier, "RECIPE", classifier.RECIPE + "+")
    assert since_the_nearest(directory, EXAMPLES[1:], embedding.MODEL) is None


def test_of_two_full_models_the_nearer_one_is_taken(directory: Path) -> None:
    nearer = classifier.train([*EXAMPLES, HELLO], Hashing(), None, iter)
    nearer.save(directory / "f000000000000000.npz")
    assert few(directory, [*EXAMPLES, HELLO, HELLO]).since == directory / "f000000000000000.npz"
    assert few(directory, EXAMPLES[1:]).since == directory / "0123456789abcdef.npz"


def test_a_model_that_learnt_changes_is_nobodys_start(directory: Path) -> None:
    learnt(directory, [*EXAMPLES, HELLO]).save(directory / "f000000000000000.npz")
    assert few(directory, [*EXAMPLES, HELLO, HELLO]).since == directory / "0123456789abcdef.npz"


@pytest.mark.parametrize("broken", [b"", b"PK", b"no model at all"])
def test_a_broken_file_is_nobodys_start(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "0123456789abcdef.npz").write_bytes(broken)
    assert since_the_nearest(tmp_path, EXAMPLES, embedding.MODEL) is None


def test_half_a_lesson_is_nobodys_start(tmp_path: Path) -> None:
    np.savez(tmp_path / "0123456789abcdef.npz", lesson=np.frombuffer(b'{"kin": ', np.uint8))
    assert since_the_nearest(tmp_path, EXAMPLES, embedding.MODEL) is None


# --- what is learnt


def test_a_changed_example_is_known_as_told_and_all_others_stay(directory: Path) -> None:
    model = learnt(directory, [*EXAMPLES, HELLO])
    for example in [HELLO, *EXAMPLES]:
        assert answer(model, example.text) == example.intent


def test_an_example_of_another_intent_is_no_longer_known_by_the_old_one(full: Model, directory: Path) -> None:
    alone = Example("integration/legal_stay", "pl", "gdzie wymienić prawo jazdy", PLACE)
    base = classifier.train([*EXAMPLES, alone], Hashing(), None, iter)
    base.save(directory / "f000000000000000.npz")
    model = learnt(directory, [*EXAMPLES, replace(alone, intent="fair_work/unpaid_wages")])
    assert (answer(base, alone.text), answer(model, alone.text)) == ("integration/legal_stay", "fair_work/unpaid_wages")
    assert all(answer(model, example.text) == example.intent for example in EXAMPLES)


@pytest.mark.parametrize("examples", [EXAMPLES[1:], [*EXAMPLES, HELLO], MOVED])
def test_it_is_nearly_a_full_training(directory: Path, examples: list[Example]) -> None:
    model, fresh = learnt(directory, examples), classifier.train(examples, Hashing(), None, iter)
    alike = [answer(model, example.text) == answer(fresh, example.text) for example in EXAMPLES]
    assert sum(alike) >= len(EXAMPLES) - 1


def test_without_a_change_it_is_the_full_model(directory: Path) -> None:
    saved, same = Model.load(directory / "0123456789abcdef.npz"), learnt(directory, EXAMPLES)
    np.testing.assert_array_equal(same.intents.words.weights, saved.intents.words.weights)
    assert same.intents.network
    assert saved.intents.network
    np.testing.assert_array_equal(same.intents.network.outer, saved.intents.network.outer)


def test_the_same_changes_of_the_same_model_give_the_same(directory: Path) -> None:
    once, twice = (learnt(directory, [*EXAMPLES, HELLO]).arrays() for _ in range(2))
    for name, value in once.items():
        np.testing.assert_array_equal(value, twice[name])


def test_language_and_thresholds_are_those_of_the_full_training(full: Model, directory: Path) -> None:
    model = learnt(directory, MOVED)
    assert (model.threshold, model.turn_away, model.crisis_threshold, model.worry_threshold, model.quick) == (
        full.threshold,
        full.turn_away,
        full.crisis_threshold,
        full.worry_threshold,
        full.quick,
    )
    assert (model.intents.sharpness, model.intents.sharpness_without) == (full.intents.sharpness, full.intents.sharpness_without)
    np.testing.assert_array_equal(model.language.bias, full.language.bias)


def test_only_new_examples_are_embedded_and_in_their_own_alphabet(directory: Path) -> None:
    classifier.train(EXAMPLES, Hashing(), directory / "embeddings.npz", iter)
    typed = Example("fair_work/unpaid_wages", "uk", latin_from_cyrillic("начальник мені не заплатив", "uk"), PLACE)
    encoder = Hashing()
    few(directory, [*EXAMPLES, typed]).learnt(encoder, directory / "embeddings.npz", iter)
    assert encoder.asked == ["началник мені не заплатив"]


def test_ngrams_alone_learn_a_change_too(tmp_path: Path) -> None:
    classifier.train(EXAMPLES, None, None, iter).save(tmp_path / "0123456789abcdef.npz")
    alone = few(tmp_path, [*EXAMPLES, HELLO], "").learnt(None, tmp_path / "embeddings.npz", iter)
    for example in EXAMPLES:
        assert alone.intents.labels[int(alone.intents.log_probabilities(example.text, None).argmax())] == example.intent


# --- what a full model remembers


def test_only_a_full_model_remembers_its_examples_and_only_on_the_disk(full: Model, directory: Path) -> None:
    assert [row[2] for row in json.loads(full.lesson[LESSON].tobytes())["examples"]] == [example.text for example in EXAMPLES]
    assert not Model.load(directory / "0123456789abcdef.npz").lesson
    assert not learnt(directory, MOVED).lesson
