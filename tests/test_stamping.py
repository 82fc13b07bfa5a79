"""`bot check --stamp`: marks translations as made from the Polish text of today, and changes nothing else."""

import re
from datetime import date
from pathlib import Path

import pytest

from bot.checks import Subject, translations_are_current
from bot.content import read
from bot.replies import fingerprint
from bot.settings import ROOT
from bot.stamping import stamp
from bot.types import Language

BEFORE = """\
version: "3.1"
# Written by the office.
responses:
  utter_fair_work/contract:  # asked often
    - text: |
        Oto zasady.

        Następny krok: zapytaj 'PIP'.
      translation:
        uk: "Ось правила."
        en: Here are the rules, which are so many that this line would have to be folded if anybody were to fold lines that are long, which nobody does.
      buttons:
        - title: Menu
          payload: /help
          translation: {uk: {title: "Меню"}, en: {title: 'Menu'}}

      metadata:
        sources:
          - https://www.pip.gov.pl   # the inspectorate
        checked_on: 2026-11-23
        translates: {uk: 00000000, en: 'old'}
        title: {pl: Umowa, uk: Договір, en: 'Contract, papers'}

  utter_greet:
    - text: Cześć
      translation: {uk: Привіт, en: Hello}
"""  # fmt: skip  # noqa: E501 - a line of YAML as staff write it


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "intents").mkdir()
    (tmp_path / "responses").mkdir()
    write(tmp_path, BEFORE)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "responses" / "any.yml").write_text(text, encoding="utf-8")


def written(root: Path) -> str:
    return (root / "responses" / "any.yml").read_text(encoding="utf-8")


def test_only_the_marks_change(root: Path) -> None:
    contract, greet = (fingerprint(response) for response in read(root).responses.values())
    assert stamp(root) == ["utter_fair_work/contract", "utter_greet"]
    expected = BEFORE.replace("{uk: 00000000, en: 'old'}", f"{{uk: {contract}, en: {contract}}}")
    assert written(root) == f"{expected}      metadata:\n        translates: {{uk: {greet}, en: {greet}}}\n"


def test_what_is_stamped_is_current_and_is_not_stamped_again(root: Path) -> None:
    stamp(root)
    once = written(root)
    assert list(translations_are_current(Subject(read(root), [], (), date(2026, 11, 24)))) == []
    assert stamp(root) == []
    assert written(root) == once


def test_a_changed_polish_text_needs_a_new_stamp(root: Path) -> None:
    stamp(root)
    write(root, written(root).replace("Cześć", "Witaj"))
    assert stamp(root) == ["utter_greet"]
    response = read(root).responses["utter_greet"]
    assert response.translates == {Language.UK: fingerprint(response), Language.EN: fingerprint(response)}


@pytest.mark.parametrize(("polish", "mark"), [("Tekst 33", "56347060"), ("Tekst 56", "14061e33"), ("Tekst 516", "02154237")])
def test_a_mark_that_looks_like_a_number_stays_a_text(root: Path, polish: str, mark: str) -> None:
    write(root, BEFORE.replace("Cześć", polish))
    stamp(root)
    assert read(root).responses["utter_greet"].translates == {Language.UK: mark, Language.EN: mark}


def test_an_answer_with_empty_metadata_is_stamped(root: Path) -> None:
    write(root, 'version: "3.1"\nresponses:\n  utter_greet:\n    - text: Cześć\n      metadata:\n')
    assert stamp(root) == ["utter_greet"]


@pytest.mark.parametrize("broken", ["  utter_greet: [\n", "  utter_thanks:\n    - text: Proszę\n    - text: Nie ma za co\n", "\t"])
def test_nothing_is_stamped_while_something_cannot_be_read(root: Path, broken: str) -> None:
    write(root, BEFORE + broken)
    assert stamp(root) == []
    assert written(root) == BEFORE + broken


def test_a_file_without_answers_is_left_alone(root: Path) -> None:
    write(root, 'version: "3.1"\n')
    assert stamp(root) == []
    assert written(root) == 'version: "3.1"\n'


def test_a_stamp_on_our_own_answers_changes_no_other_line(root: Path) -> None:
    own = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "responses").glob("*.yml")}
    (root / "responses" / "any.yml").unlink()
    for name, text in own.items():
        unmarked = re.sub(r"(?m)^( +translates: ).*$", r"\1{uk: x, en: x}", text)
        (root / "responses" / name).write_text(unmarked, encoding="utf-8")
    assert len(stamp(root)) == len(read(ROOT).responses)
    assert {name: (root / "responses" / name).read_text(encoding="utf-8") for name in own} == own
