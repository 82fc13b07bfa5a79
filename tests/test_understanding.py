"""The real understanding on the held-out questions: what is promised in the README, and floors that only rise."""

from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot import content
from bot.nlu.evaluate import evaluate
from bot.settings import ROOT
from bot.types import Understanding

FLOORS = YAML(typ="safe").load((ROOT / "tests" / "intents" / "floors.yml").read_text(encoding="utf-8"))
LANGUAGES = ("pl", "uk", "en", "ru", "be")
CRISIS_LANGUAGES = ("pl", "uk", "en", "ru")


@pytest.fixture(scope="module")
def report(read: Callable[[str], Understanding]) -> dict[str, Any]:
    problems: list[content.Problem] = []
    questions = content.read_held_out(ROOT, problems)
    assert problems == []
    return evaluate(questions, read)


def percent(report: dict[str, Any], part: str, language: str, figure: str) -> float:
    return 100 * float(report[part][language][figure])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figure", ["accuracy", "top_3"])
def test_questions_are_understood_in_every_language(report: dict[str, Any], language: str, figure: str) -> None:
    assert percent(report, "languages", language, figure) >= FLOORS[figure][language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guess_is_seldom_dressed_as_an_answer(report: dict[str, Any], language: str) -> None:
    assert percent(report, "languages", language, "sure_and_wrong") <= FLOORS["sure_and_wrong"][language]


def test_no_language_of_the_answers_lags_behind(report: dict[str, Any]) -> None:
    figures = [percent(report, "languages", language, "accuracy") for language in ("pl", "uk", "en")]
    assert max(figures) - min(figures) < FLOORS["gap"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_danger_is_heard_in_every_language(report: dict[str, Any], language: str) -> None:
    assert percent(report, "crisis", language, "recall") >= FLOORS["crisis_recall"][language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_harmless_talk_seldom_raises_an_alarm(report: dict[str, Any], language: str) -> None:
    assert percent(report, "crisis", language, "false_alarms") <= FLOORS["false_alarms"][language]


@pytest.mark.parametrize("kind", ["danger", "suicide", "trafficking"])
@pytest.mark.parametrize("author", FLOORS["heard"])
def test_every_kind_of_crisis_is_heard(report: dict[str, Any], author: str, kind: str) -> None:
    heard = [percent(report, "crisis_kinds", f"{author} {language} {kind}", "heard") for language in CRISIS_LANGUAGES]
    assert min(heard) >= FLOORS["heard"][author][kind], heard


@pytest.mark.parametrize("language", CRISIS_LANGUAGES)
@pytest.mark.parametrize("author", FLOORS["alarms_at_alarming_words"])
def test_alarming_words_alone_seldom_raise_an_alarm(report: dict[str, Any], author: str, language: str) -> None:
    assert percent(report, "crisis_kinds", f"{author} {language} harmless", "heard") <= FLOORS["alarms_at_alarming_words"][author][language]


@pytest.mark.parametrize("kind", ["danger", "suicide", "trafficking"])
@pytest.mark.parametrize("author", FLOORS["heard_or_line"])
def test_most_of_whom_no_alarm_is_raised_for_get_a_number_nevertheless(report: dict[str, Any], author: str, kind: str) -> None:
    helped = [percent(report, "crisis_kinds", f"{author} {language} {kind}", "heard_or_line") for language in CRISIS_LANGUAGES]
    assert min(helped) >= FLOORS["heard_or_line"][author][kind], helped


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_ordinary_answers_carry_a_line(report: dict[str, Any], language: str) -> None:
    assert percent(report, "crisis", language, "lines") <= FLOORS["lines"][language]


@pytest.mark.parametrize("language", CRISIS_LANGUAGES)
@pytest.mark.parametrize("author", FLOORS["lines_at_alarming_words"])
def test_alarming_words_alone_seldom_bring_a_line(report: dict[str, Any], author: str, language: str) -> None:
    assert percent(report, "crisis_kinds", f"{author} {language} harmless", "line") <= FLOORS["lines_at_alarming_words"][author][language]


@pytest.mark.parametrize("text", ["я", "нема", "zaraz", "he", "сейчас", "мене звати Олеся", "my name is Farid", "proszę"])
def test_a_word_that_says_nothing_raises_no_alarm(text: str, read: Callable[[str], Understanding]) -> None:
    assert (read(text).crisis, read(text).worry) == (None, None)


@pytest.mark.parametrize("text", ["ratunku", "рятуйте", "спасите", "kms"])
def test_one_word_that_a_pattern_knows_raises_an_alarm(text: str, read: Callable[[str], Understanding]) -> None:
    assert read(text).crisis


@pytest.mark.parametrize("author", FLOORS["authors"])
def test_no_author_is_an_exception(report: dict[str, Any], author: str) -> None:
    figures = [percent(report, "authors", f"{author} {language}", "accuracy") for language in ("pl", "uk", "en")]
    assert min(figures) >= FLOORS["authors"][author], figures


@pytest.mark.parametrize("language", LANGUAGES)
def test_confidence_is_honest(report: dict[str, Any], language: str) -> None:
    assert percent(report, "doubt", language, "calibration_error") <= FLOORS["calibration_error"][language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_none_of_ours_is_recognised_and_real_questions_are_not_turned_away(report: dict[str, Any], language: str) -> None:
    assert percent(report, "doubt", language, "out_of_scope_recognised") >= FLOORS["out_of_scope_recognised"][language]
    assert percent(report, "doubt", language, "turned_away") <= FLOORS["turned_away"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", ["2", "4"])
def test_few_words_tell_the_language(report: dict[str, Any], language: str, words: str) -> None:
    assert percent(report, "first_words", words, language) >= FLOORS[f"language_at_{words}_words"][language]


def test_every_intent_is_measured_by_at_least_eight_questions_in_each_language(
    report: dict[str, Any], own_content: content.Content
) -> None:
    questions = content.read_held_out(ROOT, [])
    for intent in own_content.intents:
        for language in ("pl", "uk", "en"):
            assert sum(q.intent == intent and q.language == language for q in questions) >= 8, (intent, language)
