"""Reading intents/ and responses/: every line is known, nothing is guessed, nothing crashes."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import Choice, Content, Place, Problem, read, read_held_out
from bot.types import Language

INTENTS = """\
version: "3.1"
nlu:
  # Wages first: most people ask about them.
  - intent: fair_work/unpaid_wages
    metadata: {language: pl, style: short}
    examples: |
      - szef nie płaci

      -   gdzie moja wypłata?
  - intent: fair_work/unpaid_wages
    metadata:
      language: uk
    examples: |
      - не платять - вже місяць
"""

RESPONSES = """\
version: "3.1"
responses:
  utter_fair_work/unpaid_wages:
    - text: |
        Oto, co zrobić.

        Napisz do PIP.
      translation:
        uk: |
          Ось що робити.
        en: Here is what to do.
      buttons:
        - title: Umowa
          payload: /fair_work/contract
          translation: {uk: {title: Договір}, en: {title: Contract}}
        - {title: Menu, payload: /help}
      metadata:
        sources: [https://www.pip.gov.pl]
        checked_on: 2026-11-23
        review_by: 2027-02-23
        risk: legal
        translates: {uk: 3f2a9c01, en: '955086e5'}
        title: {pl: Brak wypłaty, uk: Не платять}
        office: true
  utter_help:
    - text: Menu
      metadata: {areas: [fair_work]}
"""

MENDING = re.compile(r"say |save |start |starts with|write |Look |needs |compare |stand names")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def written(root: Path, **files: str | bytes) -> Path:
    """`root` with the file any.yml in each of the folders named."""
    for folder, text in files.items():
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "any.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def nlu(block: str) -> str:
    return f'version: "3.1"\nnlu:\n{block}'


def polish(rest: str) -> str:
    return nlu("  - intent: a\n    metadata: {language: pl}\n" + rest)


def answer(body: str, name: str = "utter_a") -> str:
    return f'version: "3.1"\nresponses:\n  {name}:\n    - {body}\n'


def lines(content: Content) -> list[str]:
    return [str(problem.place) for problem in content.problems]


def test_every_example_knows_its_line_its_language_and_its_tags(tmp_path: Path) -> None:
    content = read(written(tmp_path, intents=INTENTS))
    assert [(e.language, e.text, str(e.place), dict(e.tags)) for e in content.examples] == [
        ("pl", "szef nie płaci", "intents/any.yml:7", {"style": "short"}),
        ("pl", "gdzie moja wypłata?", "intents/any.yml:9", {"style": "short"}),
        ("uk", "не платять - вже місяць", "intents/any.yml:14", {}),
    ]
    assert content.intents == ("fair_work/unpaid_wages",)
    assert content.problems == ()


def test_every_text_and_every_button_knows_its_line(tmp_path: Path) -> None:
    response = read(written(tmp_path, responses=RESPONSES)).responses["utter_fair_work/unpaid_wages"]
    file = "responses/any.yml"
    assert response.place == Place(file, 3)
    assert response.places == {Language.PL: Place(file, 4), Language.UK: Place(file, 9), Language.EN: Place(file, 11)}
    assert response.texts == {
        Language.PL: "Oto, co zrobić.\n\nNapisz do PIP.",
        Language.UK: "Ось що робити.",
        Language.EN: "Here is what to do.",
    }
    titles = {Language.PL: "Umowa", Language.UK: "Договір", Language.EN: "Contract"}
    assert response.choices == (
        Choice("/fair_work/contract", titles, Place(file, 13)),
        Choice("/help", {Language.PL: "Menu"}, Place(file, 16)),
    )


def test_the_metadata_of_an_answer_is_read(tmp_path: Path) -> None:
    content = read(written(tmp_path, responses=RESPONSES))
    response = content.responses["utter_fair_work/unpaid_wages"]
    assert response.sources == ("https://www.pip.gov.pl",)
    assert (response.checked_on, response.review_by, response.risk) == (date(2026, 11, 23), date(2027, 2, 23), "legal")
    assert response.translates == {Language.UK: "3f2a9c01", Language.EN: "955086e5"}
    assert response.extra["office"] is True
    assert content.titles == {"fair_work/unpaid_wages": {Language.PL: "Brak wypłaty", Language.UK: "Не платять"}}
    assert content.areas == ("fair_work",)


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_reads_the_same(tmp_path: Path) -> None:
    (tmp_path / "unix").mkdir()
    (tmp_path / "windows").mkdir()
    windows = {
        name: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for name, text in (("intents", INTENTS), ("responses", RESPONSES))
    }
    assert read(written(tmp_path / "windows", **windows)) == read(written(tmp_path / "unix", intents=INTENTS, responses=RESPONSES))


def test_no_folders_are_no_content(tmp_path: Path) -> None:
    assert read(tmp_path) == Content((), {}, ())


UNREADABLE: list[tuple[str, str, str | bytes, int, str]] = [
    # what, folder, text, line, the beginning of the message
    ("an unclosed bracket", "intents", nlu("  - intent: [a\n"), 4, "not valid YAML: expected ',' or ']'"),
    ("a tab", "responses", 'version: "3.1"\nresponses:\n\tutter_a:\n', 3, "not valid YAML: found character '\\t'"),
    ("a control character", "responses", answer("text: bell \x07"), 4, "not valid YAML: special characters are not allowed"),
    ("a day that does not exist", "responses", answer("text: a\n      metadata: {checked_on: 2026-02-30}"), 5, "not valid YAML: day "),
    ("a name that stands twice", "responses", answer("text: a\n  utter_a:\n    - text: b"), 5, "not valid YAML: “utter_a” stands"),
    ("a second document", "intents", nlu("  []\n---\na: b\n"), 4, "not valid YAML: but found another document"),
    ("a very deep nesting", "intents", nlu("  " + "[" * 1000), 1, "not valid YAML: "),
    ("another encoding", "responses", answer("text: żółć").encode("iso8859-2"), 1, "save this file as UTF-8."),
    ("another version", "intents", 'version: "2.0"\nnlu: []\n', 1, 'start the file with `version: "3.1"`.'),
    ("no version", "responses", "responses: {}\n", 1, 'start the file with `version: "3.1"`.'),
    ("an empty file", "responses", "", 1, 'start the file with `version: "3.1"`.'),
    ("a bare list", "intents", "- a\n", 1, 'start the file with `version: "3.1"`.'),
    ("intents that are no list", "intents", 'version: "3.1"\nnlu: 5\n', 2, "`nlu:` is a list"),
    ("an example outside its block", "intents", polish("    examples: |\n      - a\n  - b\n"), 7, "`nlu:` is a list"),
    ("a block without an intent", "intents", nlu("  - metadata: {language: pl}\n"), 3, "a block needs `intent:`."),
    ("an intent without a name", "intents", nlu("  - intent:\n    metadata: {language: pl}\n"), 3, "a block needs `intent:`."),
    ("no language", "intents", nlu("  - intent: a\n    examples: |\n      - a\n"), 3, "say `metadata: {language: ..}`, one of pl, uk"),
    ("a language nobody reads", "intents", nlu("  - intent: a\n    metadata: {language: fr}\n"), 3, "say `metadata: {language: ..}`"),
    ("metadata that is a word", "intents", nlu("  - intent: a\n    metadata: pl\n"), 3, "say `metadata: {language: ..}`"),
    ("a line without its dash", "intents", polish("    examples: |\n      - a\n      b\n"), 7, "an example starts with `- `"),
    ("a dash without its space", "intents", polish("    examples: |\n      -a\n"), 6, "an example starts with `- `"),
    ("examples as a YAML list", "intents", polish("    examples:\n      - a\n"), 5, "write `examples: |`"),
    ("examples that flow together", "intents", polish("    examples: >\n      - a\n"), 5, "write `examples: |`"),
    ("no examples", "intents", polish(""), 3, "write `examples: |`"),
    ("answers that are a list", "responses", 'version: "3.1"\nresponses:\n  - utter_a\n', 2, "under `responses:` stand names"),
    ("a name without utter_", "responses", answer("text: a", "greet"), 3, "the name of an answer starts with `utter_`."),
    ("two variants", "responses", answer("text: a\n    - text: b"), 3, "utter_a needs exactly one `- text:`."),
    ("no variant", "responses", 'version: "3.1"\nresponses:\n  utter_a:\n', 3, "utter_a needs exactly one `- text:`."),
    ("an answer without a text", "responses", answer("buttons: []"), 3, "utter_a is not written as the other answers are"),
    ("a translation nobody answers in", "responses", answer("text: a\n      translation: {ru: b}"), 3, "utter_a is not written"),
    ("a translation that is a list", "responses", answer("text: a\n      translation: [uk]"), 3, "utter_a is not written"),
    ("a button that is a word", "responses", answer("text: a\n      buttons: [Menu]"), 3, "utter_a is not written"),
    ("a button without a payload", "responses", answer("text: a\n      buttons: [{title: Menu}]"), 3, "utter_a is not written"),
    ("metadata that is a word", "responses", answer("text: a\n      metadata: legal"), 3, "utter_a is not written"),
    ("a source that is no list", "responses", answer("text: a\n      metadata: {sources: www}"), 3, "utter_a is not written"),
    ("areas that are no list", "responses", answer("text: a\n      metadata: {areas: 5}", "utter_help"), 3, "utter_help is not written"),
    ("a title in no language", "responses", answer("text: a\n      metadata: {title: Menu}"), 3, "utter_a is not written"),
]  # fmt: skip


@pytest.mark.parametrize(("folder", "text", "line", "message"), [case[1:] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE])
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, folder: str, text: str | bytes, line: int, message: str) -> None:
    content = read(written(tmp_path, **{folder: text}))
    (problem,) = content.problems
    assert problem.place == Place(f"{folder}/any.yml", line)
    assert problem.message.startswith(message)
    assert MENDING.search(problem.message)
    assert not problem.warning


def test_what_is_around_an_unreadable_line_is_read_all_the_same(tmp_path: Path) -> None:
    broken = INTENTS.replace("      -   gdzie", "      gdzie") + "  - intent: a\n"
    content = read(written(tmp_path, intents=broken, responses=RESPONSES.replace("- text: Menu", "- text: Menu\n    - text: Menu 2")))
    assert [example.text for example in content.examples] == ["szef nie płaci", "не платять - вже місяць"]
    assert list(content.responses) == ["utter_fair_work/unpaid_wages"]
    assert lines(content) == ["intents/any.yml:9", "intents/any.yml:15", "responses/any.yml:25"]


def test_an_answer_that_stands_in_two_files_is_named_with_the_place_of_the_first(tmp_path: Path) -> None:
    root = written(tmp_path, responses=RESPONSES)
    (root / "responses" / "other.yml").write_text(answer("text: Inne", "utter_help"), encoding="utf-8")
    content = read(root)
    first = "utter_help is already answered at responses/any.yml:25. Keep one of the two."
    assert content.problems == (Problem(Place("responses/other.yml", 3), first),)
    assert content.responses["utter_help"].texts[Language.PL] == "Menu"


@pytest.mark.parametrize("value", ["'2026-11-23'", "2026-11-23 10:00:00", "soon"])
def test_what_is_no_date_is_read_as_none(tmp_path: Path, value: str) -> None:
    content = read(written(tmp_path, responses=answer(f"text: a\n      metadata: {{review_by: {value}}}")))
    assert content.responses["utter_a"].review_by is None


def test_an_empty_text_is_never_the_word_none(tmp_path: Path) -> None:
    body = "text:\n      translation: {uk: , en: a}\n      buttons: [{title: , payload: /help, translation: {uk: {title: }}}]"
    response = read(written(tmp_path, responses=answer(body))).responses["utter_a"]
    assert response.texts == {Language.PL: "", Language.EN: "a"}
    assert response.choices[0].titles == {Language.PL: "", Language.UK: ""}


def test_a_problem_reads_like_that_of_a_compiler() -> None:
    assert str(Problem(Place("a.yml", 3), "no.")) == "a.yml:3: error: no."
    assert str(Problem(Place("a.yml", 3), "old.", warning=True)) == "a.yml:3: warning: old."


def test_held_out_questions_are_read_like_examples(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "intents"
    folder.mkdir(parents=True)
    written(folder, somebody=INTENTS + "  - intent: a\n")
    problems: list[Problem] = []
    questions = read_held_out(tmp_path, problems)
    assert [str(question.place) for question in questions] == [f"tests/intents/somebody/any.yml:{line}" for line in (7, 9, 14)]
    assert [str(problem.place) for problem in problems] == ["tests/intents/somebody/any.yml:15"]


def test_held_out_questions_of_another_folder_keep_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file = written(tmp_path / "elsewhere", intents=INTENTS) / "intents" / "any.yml"
    problems: list[Problem] = []
    assert read_held_out(tmp_path / "root", problems, [file])[0].place == Place(str(file.resolve()), 7)
    assert problems == []


# Words and signs that mean something to YAML, put anywhere into a good file.
SIGNS = st.text(max_size=3) | st.sampled_from(
    ["&a ", "*a", "<<: *a", "!!set ", "!!bool ", "!!int ", "!x ", "- ", "? ", ": ", "{", "]", "|", ">", "'", '"', "\t", "\n", "#", "%",
     "---\n", "null", "5", "1e3", "2026-02-31", "2026-01-01 10:00:00", "\u2028", "\x85", "\ufeff", "\x00", "utter_help"]
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(SIGNS) + text[start + draw(st.sampled_from([0, 0, 1, 3, 20])) :]
    return text


@given(intents=damaged(INTENTS), responses=damaged(RESPONSES))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_a_damaged_file_gives_problems_and_never_a_crash(tmp_path_factory: pytest.TempPathFactory, intents: str, responses: str) -> None:
    files = {name: text.encode(errors="replace") for name, text in (("intents", intents), ("responses", responses))}
    content = read(written(tmp_path_factory.mktemp("damaged"), **files))
    assert all(problem.place.line >= 1 for problem in content.problems)
    assert set(content.titles) <= {name.removeprefix("utter_") for name in content.responses}
    assert all(isinstance(area, str) for area in content.areas)
