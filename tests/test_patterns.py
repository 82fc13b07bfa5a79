"""No regular expression may be slow on a text that was made for that; `benchmarks/redos.py` measures what is proved here by shape."""

import re

import pytest

from bot.nlu import crisis
from tests.patterns import all_patterns, hostile, risks_of

PATTERNS = all_patterns()


def test_the_patterns_of_the_whole_package_are_looked_at() -> None:
    modules = {name.partition("._")[0] for name in PATTERNS}
    assert {"bot.nlu.crisis", "bot.followup", "bot.reading", "bot.nlu.text", "bot.channels.viber_events"} <= modules
    assert len(PATTERNS) > 40
    assert crisis._DANGER_SURE in PATTERNS.values()


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_no_pattern_can_read_the_same_characters_in_two_ways(name: str) -> None:
    assert risks_of(PATTERNS[name]) == []


@pytest.mark.parametrize(
    "risky",
    [
        r"(a+)+b",
        r"(?:\w+\s?)*$",
        r"\d*\d*x",
        r"\s+(?:and)?\s+",
        r"\w+\d+$",
        r"(?:a|\s+)+x",
        r"[\w-]+(?:-\w+)*",
        r"x*?x{20,}",
        r"(a*)?a*",
        r"(?:\.?\w+)*",
        r"(?:,\s*)+\s+",
        r"(?:\w+-\w*)+",
    ],
)
def test_a_risky_shape_is_noticed(risky: str) -> None:
    assert risks_of(re.compile(risky)) != []


@pytest.mark.parametrize(
    "harmless",
    [
        r"\w+\s+\w+",
        r"(?:ab)+c*",
        r"\w+.{0,12}\d",
        r"(?:[^\W\d]+[\s,:]+){0,4}x",
        r"\d+(?=\d)",
        r"a+ba+",
        r"(?:\w+\s){1,3}",
        r"\w+(?:\.\w+)*",
        r"(?:,\s*)+\S",
        r"a++a",
    ],
)
def test_a_harmless_shape_is_let_be(harmless: str) -> None:
    assert risks_of(re.compile(harmless)) == []


def test_the_hostile_texts_of_a_pattern_are_near_what_it_reads() -> None:
    pattern = re.compile(r"(?:kill|hurt) my\w* self")
    made = {beginning + repeated + end for beginning, repeated, end in hostile(pattern)}
    assert any(pattern.search(text) for text in made)
    assert any(text.startswith("kill") and not pattern.search(text) for text in made)
