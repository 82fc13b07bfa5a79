"""The figures of `bot evaluate`, against figures worked out by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bot.content import Example, Place
from bot.nlu.evaluate import evaluate, macro_f1
from bot.types import Crisis, Understanding

WAGES, CONTRACT, GREET = "fair_work/unpaid_wages", "fair_work/contract", "greet"
DANGER, SUICIDE = "crisis/danger", "crisis/suicide"


def question(intent: str, language: str, text: str, style: str = "") -> Example:
    return Example(intent, language, text, Place("tests/intents/any.yml", 1), {"style": style} if style else {})


def found(
    intent: str, language: str | None, *, sure: bool = True, others: tuple[str, ...] = (), crisis: Crisis | None = None
) -> Understanding:
    return Understanding(intent, 0.9, ((intent, 0.9), *((other, 0.01) for other in others)), sure, None, language, 0.9, crisis)


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
        },
        "uk": {
            "messages": 2,
            "recall": 0.5,
            "right_kind": 0.0,
            "alarming_but_harmless": 1,
            "false_alarms_when_alarming": 0.0,
            "false_alarms": 0.0,
        },
    }


def test_confusions_are_listed_the_most_frequent_first() -> None:
    twice = CASES[2]
    examples = [*(example for example, _ in CASES), twice[0]]
    report = evaluate(examples, {example.text: understanding for example, understanding in CASES}.__getitem__)
    assert report["confusions"][0] == {"intent": WAGES, "taken_for": CONTRACT, "count": 2}
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
