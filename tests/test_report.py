"""`bot evaluate` for people: the figures of `nlu.evaluate`, read back from the page."""

import re
from typing import Any

import pytest

from bot.content import Example, Place
from bot.nlu.evaluate import evaluate
from bot.nlu.explain import Explanation
from bot.report import CONFUSIONS, explained, lines
from bot.types import Crisis, Understanding

PLACE = Place("tests/intents/pl.yml", 1)
LONG = "career/professional_qualifications"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def read(text: str) -> Understanding:
    """Every text is the intent it names; `danger` is recognised."""
    crisis = Crisis.DANGER if "danger" in text else None
    return Understanding(text, 0.9, ((text, 0.9),), sure=text != "greet", language="pl", crisis=crisis)


def report(*questions: tuple[str, str, str]) -> dict[str, Any]:
    """(intent, text, language) of each question."""
    return evaluate([Example(intent, language, text, PLACE, {"style": "plain"}) for intent, text, language in questions], read)


FIGURES = report(
    ("greet", "greet", "pl"),
    (LONG, LONG, "pl"),
    (LONG, "career/counselling", "uk"),
    ("crisis/danger", "crisis/danger", "uk"),
)


TITLES = [
    "Held-out questions",
    "By author and language",
    "By style",
    "By intent",
    "Doubt",
    "Crisis",
    "Crisis by author, language and kind",
    "Crisis by register",
    "Language by number of words",
]


def rows(page: list[str], title: str) -> list[list[str]]:
    """The cells of the lines below a heading."""
    start = next(number for number, line in enumerate(page) if line.startswith(title))
    return [line.replace(" %", "%").split() for line in page[start + 1 : page.index("", start)]]


def test_the_figures_of_all_and_of_each_language_stand_in_one_table() -> None:
    page = list(lines(FIGURES))
    headings = ["Held-out questions", "questions", "right", "macro-F1", "in top 3", "answered", "sure, wrong", "language"]
    assert re.split(" {2,}", page[0]) == headings
    assert rows(page, "Held-out questions") == [
        ["all", "4", "75.0%", "88.9%", "75.0%", "75.0%", "25.0%", "50.0%"],
        ["pl", "2", "100.0%", "100.0%", "100.0%", "50.0%", "0.0%", "100.0%"],
        ["uk", "2", "50.0%", "50.0%", "50.0%", "100.0%", "50.0%", "0.0%"],
    ]


def test_every_style_and_every_intent_has_a_row() -> None:
    page = list(lines(FIGURES))
    assert [row[:2] for row in rows(page, "By style")] == [["plain", "4"]]
    assert rows(page, "By intent") == [
        [LONG, "2", "50.0%", "100.0%", "66.7%", "50.0%"],
        ["crisis/danger", "1", "100.0%", "100.0%", "100.0%", "100.0%"],
        ["greet", "1", "100.0%", "100.0%", "100.0%", "100.0%"],
    ]


def test_a_crisis_has_a_table_of_its_own() -> None:
    assert rows(list(lines(FIGURES)), "Crisis") == [
        ["pl", "0", "0.0%", "0.0%", "0.0%", "0", "0.0%", "0.0%", "0.0%"],
        ["uk", "1", "100.0%", "100.0%", "0.0%", "0", "0.0%", "0.0%", "0.0%"],
    ]


def test_an_explanation_says_what_worries() -> None:
    found = Understanding("greet", 0.9, (("greet", 0.9),), worry=Crisis.SUICIDE)
    page = list(explained(found, Explanation("hej", None, None, 0.5, ())))
    assert "Worry: suicide cannot be ruled out, so a line with a number follows the answer" in page
    assert "Crisis: no" in page


def test_confusions_stand_at_the_end_and_only_the_most_frequent() -> None:
    assert list(lines(FIGURES))[-1].split() == [LONG, "career/counselling", "1"]
    many = report(*[("greet", f"other_{number:02}", "pl") for number in range(CONFUSIONS + 5) for _ in range(number + 1)])
    page = list(lines(many))
    last = page[page.index(next(line for line in page if line.startswith("Most frequent confusions"))) + 1 :]
    assert [line.split() for line in last] == [["greet", f"other_{number:02}", str(number + 1)] for number in range(19, 4, -1)]


def test_the_columns_of_a_table_stand_below_each_other() -> None:
    page = list(lines(FIGURES))
    tables = "\n".join(page).split("\n\n")[:-1]
    assert [table.partition("  ")[0] for table in tables] == TITLES
    for table in tables:
        assert len({len(line) for line in table.splitlines()}) == 1, table


@pytest.mark.parametrize("language", ["pl", "uk"])
def test_the_figures_are_the_same_in_every_language_of_the_terminal(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    english = figures()
    monkeypatch.setenv("LANGUAGE", language)
    assert figures() == english


def figures() -> list[str]:
    return re.findall(r"\d+(?:\.\d+ %)?$", "\n".join(lines(FIGURES)), re.MULTILINE)
