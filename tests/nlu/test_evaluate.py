"""The figures of `bot evaluate`, against figures worked out by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bot.content import Example, Place
from bot.nlu.evaluate import evaluate
from bot.nlu.results import macro_f1
from bot.types import Crisis, Understanding

WAGES, CONTRACT, GREET = "fair_work/unpaid_wages", "fair_work/contract", "greet"
DANGER, SUICIDE = "crisis/danger", "crisis/suicide"


def question(intent: str, language: str, text: str, style: str = "") -> Example:
    return Example(intent, language, text, Place("tests/intents/any.yml", 1), {"style": style} if style else {})


def found(
    intent: str,
    language: str | None,
    *,
    sure: bool = True,
    others: tuple[str, ...] = (),
    crisis: Crisis | None = None,
    worry: Crisis | None = None,
) -> Understanding:
    return Understanding(intent, 0.9, ((intent, 0.9), *((other, 0.01) for other in others)), sure, None, language, 0.9, crisis, worry)


def found_never(text: str) -> Understanding:
    raise AssertionError(text)


# What each question is, and what it was taken for.
CASES: list[tuple[Example, Understanding]] = [
    (question(WAGES, "pl", "1"), found(WAGES, "pl")),
    (question(WAGES, "pl", "2", "short"), found(WAGES, "pl", sure=False)),
    (question(WAGES, "uk", "3"), found(CONTRACT, "uk", others=(WAGES,))),
    (question(CONTRACT, "uk", "4", "short"), found(CONTRACT, None)),
    (question(CONTRACT, "pl", "5"), found(WAGES, "pl", sure=False, others=(GREET, DANGER, CONTRACT))),
    (question(GREET, "pl", "6"), found(GREET, "en")),
    (question(GREET, "pl", "7", "alarming"), found(DANGER, "pl", crisis=Crisis.DANGER, others=(GREET,))),
    (question(WAGES, "uk", "8", "alarming"), found(WAGES, "uk")),
    (question(DANGER, "pl", "9"), found(DANGER, "pl", crisis=Crisis.DANGER)),
    (question(SUICIDE, "uk", "10"), found(DANGER, "uk", crisis=Crisis.DANGER)),
    (question(SUICIDE, "uk", "11"), found(GREET, "uk", sure=False)),
]
REPORT = evaluate([example for example, _ in CASES], {example.text: understanding for example, understanding in CASES}.__getitem__)


def test_the_figures_over_all_questions() -> None:
    # right: 1 2 4 6 8 9; in the first three also: 3 7; not sure: 2 5 11; sure and wrong: 3 7 10; language wrong: 4 6
    # f1: wages 3 hits, 4 claimed, 4 true -> 6/8; contract 1, 2, 2 -> 2/4; greet 1, 2, 2 -> 2/4; danger 1, 3, 1 -> 2/4; suicide 0
    assert REPORT["all"] == {
        "questions": 11,
        "accuracy": 0.5455,
        "macro_f1": pytest.approx((0.75 + 0.5 + 0.5 + 0.5 + 0) / 5),
        "top_3": 0.7273,
        "answered": 0.7273,
        "sure_and_wrong": 0.2727,
        "language": 0.8182,
    }


def test_the_fourth_of_a_ranking_is_not_among_the_first_three() -> None:
    assert REPORT["intents"][CONTRACT]["top_3"] == 0.5


def test_the_figures_of_each_language() -> None:
    assert list(REPORT["languages"]) == ["pl", "uk"]
    assert {code: figures["questions"] for code, figures in REPORT["languages"].items()} == {"pl": 6, "uk": 5}
    assert {code: figures["accuracy"] for code, figures in REPORT["languages"].items()} == {"pl": 0.6667, "uk": 0.4}
    assert {code: figures["language"] for code, figures in REPORT["languages"].items()} == {"pl": 0.8333, "uk": 0.8}


def test_the_figures_of_each_style() -> None:
    assert {style: figures["questions"] for style, figures in REPORT["styles"].items()} == {"": 7, "alarming": 2, "short": 2}
    assert {style: figures["accuracy"] for style, figures in REPORT["styles"].items()} == {"": 0.4286, "alarming": 0.5, "short": 1.0}


def test_the_figures_of_each_intent() -> None:
    assert {intent: figures["recall"] for intent, figures in REPORT["intents"].items()} == {
        WAGES: 0.75,
        CONTRACT: 0.5,
        GREET: 0.5,
        DANGER: 1.0,
        SUICIDE: 0.0,
    }


def test_what_is_wrongly_taken_for_an_intent_lowers_its_precision_and_f1() -> None:
    figures = REPORT["intents"][DANGER]
    assert (figures["recall"], figures["precision"], figures["f1"]) == (1.0, 0.3333, 0.5)


def test_the_figures_of_crisis() -> None:
    assert REPORT["crisis"] == {
        "pl": {
            "messages": 1,
            "recall": 1.0,
            "right_kind": 1.0,
            "alarming_but_harmless": 1,
            "false_alarms_when_alarming": 1.0,
            "false_alarms": 0.2,
            "lines_when_alarming": 0.0,
            "lines": 0.0,
        },
        "uk": {
            "messages": 2,
            "recall": 0.5,
            "right_kind": 0.0,
            "alarming_but_harmless": 1,
            "false_alarms_when_alarming": 0.0,
            "false_alarms": 0.0,
            "lines_when_alarming": 0.0,
            "lines": 0.0,
        },
    }


def test_confusions_are_listed_the_most_frequent_first() -> None:
    twice = CASES[2]
    examples = [*(example for example, _ in CASES), twice[0]]
    report = evaluate(examples, {example.text: understanding for example, understanding in CASES}.__getitem__)
    assert report["confusions"][0] == {
        "intent": WAGES,
        "taken_for": CONTRACT,
        "count": 2,
        "questions": ["tests/intents/any.yml:1", "tests/intents/any.yml:1"],
        "nearest": [],
    }
    assert sorted((c["intent"], c["taken_for"], c["count"]) for c in report["confusions"][1:]) == [
        (SUICIDE, DANGER, 1),
        (SUICIDE, GREET, 1),
        (CONTRACT, WAGES, 1),
        (GREET, DANGER, 1),
    ]


def test_without_questions_there_is_a_report_of_nothing() -> None:
    report = evaluate([], found_never)
    assert report["all"]["questions"] == 0
    assert report["all"]["macro_f1"] == 0.0
    assert (report["languages"], report["styles"], report["intents"], report["crisis"], report["confusions"]) == ({}, {}, {}, {}, [])


# --- authors, doubt, crisis by kind, few words


def asked(author: str, intent: str, text: str, **tags: str) -> Example:
    return Example(intent, "pl", text, Place(f"tests/intents/{author}/pl.yml", 1), tags)


def measured(*cases: tuple[Example, Understanding]) -> dict[str, Any]:
    return evaluate([example for example, _ in cases], lambda text: {e.text: u for e, u in cases}.get(text) or found(GREET, None))


def test_the_folder_of_a_question_is_its_author() -> None:
    report = measured((asked("first", WAGES, "a"), found(WAGES, "pl")), (asked("second", WAGES, "b"), found(GREET, "pl")))
    assert {name: figures["accuracy"] for name, figures in report["authors"].items()} == {"first pl": 1.0, "second pl": 0.0}


def test_doubt_counts_what_is_recognised_as_none_of_ours_and_which_real_questions_are_turned_away() -> None:
    outside = "out_of_scope"
    report = measured(
        (asked("a", outside, "1"), found(outside, "pl")),
        (asked("a", outside, "2"), found(WAGES, "pl")),
        (asked("a", WAGES, "3"), found(outside, "pl")),
        (asked("a", WAGES, "4"), found(outside, "pl", sure=False)),
    )
    figures = report["doubt"]["pl"]
    assert (figures["out_of_scope"], figures["out_of_scope_recognised"], figures["turned_away"]) == (2, 0.5, 0.5)


def test_the_calibration_error_is_the_distance_between_confidence_and_what_is_right() -> None:
    cases = [(asked("a", WAGES, str(number)), found(WAGES if number < 5 else GREET, "pl")) for number in range(10)]
    report = measured(*cases)
    assert report["doubt"]["pl"]["calibration_error"] == pytest.approx(0.4)  # 0.9 believed, 0.5 right
    assert report["calibration"] == [{"from": 0.9, "questions": 10, "confidence": pytest.approx(0.9), "right": 0.5}]


def test_few_messages_show_some_error_though_the_model_is_calibrated_and_many_show_less() -> None:
    def by_chance(number: int) -> float:
        cases = [(asked("a", WAGES, str(place)), found(WAGES, "pl")) for place in range(number)]
        return float(measured(*cases)["doubt"]["pl"]["by_chance"])

    chance = np.random.default_rng(0)
    shown = np.abs((chance.random((2000, 50)) < 0.9).mean(axis=1) - 0.9).mean()  # 0.9 believed, and right as often as chance has it
    assert by_chance(50) == pytest.approx(shown, abs=0.003)
    assert by_chance(200) == pytest.approx(by_chance(50) / 2, abs=0.0005)


def test_messages_with_a_kind_measure_the_alarm_and_nothing_else() -> None:
    held = "counter_trafficking/get_help"
    report = measured(
        (asked("crisis", DANGER, "1", kind="danger", style="plain"), found(DANGER, "pl", crisis=Crisis.DANGER)),
        (asked("crisis", DANGER, "2", kind="danger", style="short"), found(GREET, "pl")),
        (asked("crisis", SUICIDE, "3", kind="suicide", style="short"), found(DANGER, "pl", crisis=Crisis.DANGER)),
        (asked("crisis", held, "4", kind="trafficking", style="plain"), found(held, "pl")),
        (asked("crisis", WAGES, "5", kind="harmless", style="alarming", register="slang"), found(DANGER, "pl", crisis=Crisis.DANGER)),
    )
    assert report["all"]["questions"] == 0
    assert {name: (f["messages"], f["heard"], f["right_kind"]) for name, f in report["crisis_kinds"].items()} == {
        "crisis pl danger": (2, 0.5, 0.5),
        "crisis pl harmless": (1, 1.0, 0.0),
        "crisis pl suicide": (1, 1.0, 0.0),
        "crisis pl trafficking": (1, 1.0, 1.0),
    }
    assert {name: f["heard"] for name, f in report["crisis_registers"].items()} == {"plain": 1.0, "short": 0.5, "slang (harmless)": 1.0}


def test_what_is_not_heard_but_worries_is_counted_apart() -> None:
    held = "counter_trafficking/get_help"
    report = measured(
        (asked("crisis", DANGER, "1", kind="danger"), found(DANGER, "pl", crisis=Crisis.DANGER)),
        (asked("crisis", DANGER, "2", kind="danger"), found(WAGES, "pl", worry=Crisis.SUICIDE)),
        (asked("crisis", DANGER, "3", kind="danger"), found(WAGES, "pl")),
        (asked("crisis", DANGER, "4", kind="danger"), found(WAGES, "pl")),
        (asked("crisis", held, "5", kind="trafficking"), found(held, "pl", worry=Crisis.DANGER)),
        (asked("crisis", WAGES, "6", kind="harmless"), found(WAGES, "pl", worry=Crisis.DANGER)),
    )["crisis_kinds"]
    assert {name: (f["heard"], f["line"], f["heard_or_line"]) for name, f in report.items()} == {
        "crisis pl danger": (0.25, 0.25, 0.5),
        "crisis pl harmless": (0.0, 1.0, 1.0),
        "crisis pl trafficking": (1.0, 0.0, 1.0),
    }


def test_lines_below_harmless_questions_are_counted() -> None:
    figures = measured(
        (asked("a", WAGES, "1"), found(WAGES, "pl", worry=Crisis.DANGER)),
        (asked("a", WAGES, "2", style="alarming"), found(WAGES, "pl", worry=Crisis.SUICIDE)),
        (asked("a", WAGES, "3", style="alarming"), found(WAGES, "pl")),
        (asked("a", WAGES, "4"), found(WAGES, "pl")),
        (asked("a", DANGER, "5"), found(WAGES, "pl", worry=Crisis.DANGER)),
    )["crisis"]["pl"]
    assert (figures["lines"], figures["lines_when_alarming"]) == (0.5, 0.5)


def test_the_language_is_also_asked_for_at_the_first_words_of_a_question() -> None:
    example = asked("a", WAGES, "szef nie płaci mi od maja")
    heard: list[str] = []

    def read(text: str) -> Understanding:
        heard.append(text)
        return found(WAGES, "pl" if len(text.split()) > 2 else None)

    report = evaluate([example], read)
    assert heard == [example.text, "szef nie", "szef nie płaci mi"]
    assert report["first_words"] == {"2": {"pl": 0.0}, "4": {"pl": 1.0}}


def test_a_confusion_names_its_questions_and_the_examples_nearest_to_the_first() -> None:
    near = asked("x", GREET, "near")
    report = evaluate([asked("a", WAGES, "1")], lambda _: found(GREET, "pl"), lambda _: [(0.9, near)])
    (confusion,) = report["confusions"]
    assert (confusion["questions"], confusion["nearest"]) == (["tests/intents/a/pl.yml:1"], ["tests/intents/x/pl.yml:1"])


# --- macro F1


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "a"), ("b", "b")], 1.0),
        ([("a", "b"), ("b", "a")], 0.0),
        ([("a", "a"), ("a", "b"), ("b", "b")], (2 / 3 + 2 / 3) / 2),
        ([("a", "a"), ("a", "a"), ("a", "a"), ("b", "a")], (6 / 7 + 0) / 2),
        ([("a", "never asked")], 0.0),
        ([], 0.0),
    ],
)
def test_macro_f1_is_the_mean_over_the_intents_that_were_asked(pairs: list[tuple[str, str]], expected: float) -> None:
    assert macro_f1(pairs) == pytest.approx(expected)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_macro_f1_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    true, predicted = zip(*pairs, strict=True)
    asked = sorted(set(true))
    assert macro_f1(pairs) == pytest.approx(f1_score(true, predicted, labels=asked, average="macro", zero_division=0.0))
