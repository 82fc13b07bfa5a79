"""The quick reader of YAML: what it takes, it reads as the one in Python does; what it does not take, that one reads."""

from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from bot.rasa_yaml import Quick, files_in, parsed
from bot.settings import ROOT

OURS = [file for folder in ("intents", "responses") for file in files_in(ROOT / folder)]
UNUSUAL = [
    "a: yes\nb: 010\nc: 1_000\nd: 2026-11-29\ne: 3.1\nf: ~\ng: 'on'\nh: 0o7\ni: 12:30:45\n",
    "a: |\n\n  - x\n\n   - y \n\n\nb: >-\n  c\n  d\n\n  e\nf: |+\n  g\n\n",
    "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n",
    "# first\na: # second\n  - b # third\n\n  - {c: d, e: [f, g]}\n# last\n",
    "a: \"\\u017c\\x41\\n\"\n\"b c\": 'it''s'\n? d\n: e\n",
    "a: żółć 🙂\r\nb: |\r\n  - ґава\r\n",
]


def described(value: Any) -> Any:
    """Its kind, its content and its lines."""
    if isinstance(value, CommentedMap):
        return value.lc.line, value.lc.data, [(key, described(within)) for key, within in value.items()]
    if isinstance(value, CommentedSeq):
        return value.lc.line, value.lc.data, [described(within) for within in value]
    return type(value), value


@pytest.mark.parametrize("text", [*(file.read_text("utf-8") for file in OURS), *UNUSUAL], ids=[*(file.name for file in OURS), *"123456"])
def test_both_readers_read_the_same_values_on_the_same_lines(text: str) -> None:
    assert described(Quick(text).get_single_data()) == described(YAML(typ="rt").load(text))


def test_a_url_in_a_short_list_is_read_although_the_quick_reader_refuses_it() -> None:
    assert parsed("a: [https://pip.gov.pl/x, b]") == {"a": ["https://pip.gov.pl/x", "b"]}


@pytest.mark.parametrize("deep", ["[" * 20_000, "- " * 20_000, "? " * 20_000])
def test_values_in_values_without_end_are_an_error_and_not_the_end_of_the_process(deep: str) -> None:
    with pytest.raises(RecursionError):
        parsed(deep)
