"""Each rule of `bot check`: silent about good content, and says where bad content stands and how to mend it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from bot import checks, content, i18n
from bot.checks import (
    RULES,
    Rule,
    Subject,
    answers_end_with_a_next_step,
    answers_have_sources,
    buttons_lead_somewhere,
    crisis_answers_carry_112,
    examples_are_different,
    examples_are_enough,
    first_lines_are_neutral,
    held_out_questions_are_unseen,
    intents_are_answered,
    languages_are_complete,
    numbers_are_equal,
    phones_are_valid,
    placeholders_are_equal,
    profiles_fit_their_platforms,
    replies_fit_every_channel,
    reviews_are_due,
    translations_are_current,
    wording_is_right,
)
from bot.content import Place, Problem
from bot.executor import executor
from bot.settings import ROOT

TODAY = date(2026, 11, 24)
INTENTS, RESPONSES, QUESTIONS = "intents/fair_work.yml", "responses/fair_work.yml", "tests/intents/first/pl.yml"
PROFILES = "responses/profile.yml"

GOOD = """\
version: "3.1"
responses:
  utter_help:
    - text: "Oto menu:"
      translation: {uk: "Ось меню:", en: "Here is the menu:"}
      metadata:
        checked_on: 2026-11-23
        review_by: 2027-11-23
        areas: [fair_work]
        translates: {uk: 7680fd5b, en: 7680fd5b}

  utter_fair_work:
    - text: "Praca: co się dzieje?"
      translation: {uk: "Робота: що сталося?", en: "Work: what is it about?"}
      metadata:
        checked_on: 2026-11-23
        review_by: 2027-11-23
        title: {pl: Praca, uk: Робота, en: Work}
        translates: {uk: 1c03adbe, en: 1c03adbe}

  utter_fair_work/contract:
    - text: |
        Oto zasady.

        Pensja to 4 806 zł, {name}.

        Następny krok: zadzwoń pod +48459599000 w ciągu 7 dni.
      translation:
        uk: |
          Ось правила.

          Зарплата 4806 zł, {name}.

          Наступний крок: телефонуйте +48459599000 протягом 7 днів.
        en: |
          Here are the rules.

          Pay is 4,806 PLN, {name}.

          Next step: call +48459599000 within 7 days.
      buttons:
        - title: Niebezpieczeństwo
          payload: /crisis/danger
          translation: {uk: {title: Небезпека}, en: {title: Danger}}
        - title: Język
          payload: '/change_language{"language": "uk"}'
          translation: {uk: {title: Мова}, en: {title: Language}}
      metadata:
        sources: [https://www.pip.gov.pl]
        checked_on: 2026-11-23
        review_by: 2027-02-23
        risk: legal
        title: {pl: Umowa, uk: Договір, en: Contract}
        translates: {uk: ec41818e, en: ec41818e}

  utter_crisis/danger:
    - text: "Zadzwoń teraz: 112"
      translation:
        uk: "Телефонуйте зараз: 112"
        en: "Call now: 112"
      metadata:
        sources: [https://www.112.gov.pl]
        checked_on: 2026-11-23
        review_by: 2026-12-24
        risk: crisis
        translates: {uk: 145cef47, en: 145cef47}
"""


PROFILE = """\
version: "3.1"
responses:
  utter_profile_short:
    - text: "Krótko."
      translation: {uk: "Коротко.", en: "In short."}
      metadata:
        checked_on: 2026-11-23
        review_by: 2027-11-23
        translates: {uk: 04eef86f, en: 04eef86f}

  utter_profile_commands:
    - text: "Polecenia."
      translation: {uk: "Команди.", en: "Commands."}
      buttons:
        - title: Dokąd mogę się zgłosić po pomoc
          payload: /language
          translation: {uk: {title: Мова}, en: {title: Language}}
      metadata:
        checked_on: 2026-11-23
        review_by: 2027-11-23
        translates: {uk: b3b586ea, en: b3b586ea}

  utter_profile_ice_breakers:
    - text: "Pytania."
      translation:
        uk: "Запитання."
        en: "Questions."
      buttons:
        - title: Czy mogę pracować w Polsce?
          payload: /fair_work/contract
          translation: {uk: {title: Робота}, en: {title: Work}}
      metadata:
        checked_on: 2026-11-23
        review_by: 2027-11-23
        translates: {uk: 75a27250, en: 75a27250}
"""


def examples(intent: str, **counts: int) -> str:
    return "".join(
        f"  - intent: {intent}\n    metadata: {{language: {language}}}\n    examples: |\n"
        + "".join(f"      - {intent} {language} {number}\n" for number in range(count))
        for language, count in counts.items()
    )


GOOD_FILES = {
    INTENTS: 'version: "3.1"\nnlu:\n' + examples("fair_work/contract", pl=25, uk=25, en=25, ru=10),
    RESPONSES: GOOD,
    PROFILES: PROFILE,
    QUESTIONS: 'version: "3.1"\nnlu:\n' + examples("fair_work/contract", pl=1).replace(" 0", " held out"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is replaced in which of the good files, and the problem that this makes."""

    rule: Rule
    old: str
    new: str
    line: int
    message: str
    file: str = RESPONSES
    problem_in: str = ""
    warning: bool = False

    @property
    def problem(self) -> Problem:
        return Problem(Place(self.problem_in or self.file, self.line), self.message, self.warning)


WEATHER = "      - fair_work/contract ru 9\n  - intent: weather\n    metadata: {language: pl}\n    examples: |\n      - deszcz\n"
BUTTON = "        - {title: A, payload: /help, translation: {uk: {title: A}, en: {title: A}}}\n"
COMMAND = """\
      buttons:
        - title: Dokąd mogę się zgłosić po pomoc
          payload: /language
          translation: {uk: {title: Мова}, en: {title: Language}}
"""
ICE_BREAKER = "          translation: {uk: {title: Робота}, en: {title: Work}}\n"
BEFORE_AREAS = "      metadata:\n        checked_on: 2026-11-23\n        review_by: 2027-11-23\n        areas"
BEFORE_METADATA = "      metadata:\n        sources: [https://www.pip"
MENU = "fair_work/contract is missing in the menu: give utter_fair_work/contract a `title:` and name fair_work in `areas:` of utter_help."
LOCKED = "the first line may show on a locked screen: at most 60 characters, and nothing about the topic."
DATES = "`checked_on:` and `review_by:` are dates such as 2026-11-23."
SOURCES = "say under `sources:` where the facts come from."
STALE = "the Polish text changed after this translation (ec41818e). Adapt it, then run `bot check --stamp`."
PHONE = "is not a phone number. Write +48 and nine digits without spaces."

CASES = (
    Case(languages_are_complete, '        en: "Call now: 112"\n', "", 56,
         "utter_crisis/danger has no text in en. Add it under `translation:`."),
    Case(languages_are_complete, ", en: {title: Danger}", "", 42, "this button has no title in en. Add it under `translation:`."),
    Case(languages_are_complete, ", en: Contract", "", 21, "utter_fair_work/contract has no `title:` in en. Add it."),
    Case(placeholders_are_equal, "PLN, {name}", "PLN, {nom}", 35,
         "not both here and in the Polish text: {name}, {nom}. Use the same ones."),
    Case(numbers_are_equal, "within 7 days", "within 8 days", 35,
         "the numbers differ from the Polish text: 7, 8. Write the same ones."),
    Case(numbers_are_equal, "within 7 days", "within 7 (7) days", 35,
         "the numbers differ from the Polish text: 4806, 48459599000, 7, 7. Write the same ones."),
    Case(phones_are_valid, "call +48459599000", "call +4845959900", 35, f"+4845959900 {PHONE}"),
    Case(phones_are_valid, "call +48459599000", "call +48 459 599 000", 35, f"+48 459 599 000 {PHONE}"),
    Case(phones_are_valid, "call +48459599000", "call +0000000000", 35, f"+0000000000 {PHONE}"),
    Case(buttons_lead_somewhere, "/crisis/danger\n", "/crisis/dangr\n", 42,
         "nothing answers /crisis/dangr. Write `/` and an intent that exists."),
    Case(buttons_lead_somewhere, "/crisis/danger\n", "crisis/danger\n", 42,
         "nothing answers crisis/danger. Write `/` and an intent that exists."),
    Case(buttons_lead_somewhere, "/crisis/danger\n", "/fair_work/contract\n", 42,
         "this button leads to the answer it stands under. Name another intent."),
    Case(intents_are_answered, "      - fair_work/contract ru 9\n", WEATHER, 103,
         "nothing answers weather. Write utter_weather in responses/.", INTENTS),
    Case(intents_are_answered, "title: {pl: Umowa", "name: {pl: Umowa", 6, MENU, problem_in=INTENTS),
    Case(intents_are_answered, "areas: [fair_work]", "areas: []", 6, MENU, problem_in=INTENTS),
    Case(intents_are_answered, "areas: [fair_work]", "areas: [fair_work, border]", 3,
         "border stands in `areas:` but has no `title:`. Write utter_border with a `title:`, or take it out."),
    Case(replies_fit_every_channel, "Pay is", "Pay" + "!" * 700, 35, "788 characters; an answer has at most 700."),
    Case(replies_fit_every_channel, BEFORE_METADATA, BUTTON + BEFORE_METADATA, 48, "at most 2 buttons."),
    Case(replies_fit_every_channel, '        en: "Call now: 112"\n', '        en: "Call now: 112"\n      buttons:\n' + 4 * BUTTON,
         64, "at most 2 buttons."),
    Case(replies_fit_every_channel, BEFORE_AREAS, "      buttons:\n" + 4 * BUTTON + BEFORE_AREAS, 10, "at most 3 buttons."),
    Case(answers_have_sources, "        risk: crisis", "        risk: crisis\n        sensitive: very", 56,
         "`sensitive:` has another value. Write `sensitive: true`, or leave it out."),
    Case(replies_fit_every_channel, '{"language": "uk"}', '{"language": "uk", "because": "it was asked for"}', 45,
         "a payload has at most 64 bytes."),
    Case(replies_fit_every_channel, "title: Język", "title: Mój własny język i tu", 45,
         "“Mój własny język i tu” has 21 characters; a button has at most 20."),
    Case(replies_fit_every_channel, "pl: Umowa", "pl: Umowa o pracę i zlecenie", 21,
         "“Umowa o pracę i zlecenie” has 24 characters; a button has at most 20."),
    Case(profiles_fit_their_platforms, "In short.", "In short. " * 13, 5,
         "129 characters; the platform shows at most 120. Shorten it.", PROFILES),
    Case(profiles_fit_their_platforms, "Коротко.", "😀" * 61, 5,
         "122 characters; the platform shows at most 120. Shorten it.", PROFILES),
    Case(profiles_fit_their_platforms, "title: Language", "title: " + "Language " * 8 + "!", 15,
         f"“{'Language ' * 8}!” has 73 characters; here a title has at most 64. Shorten it.", PROFILES),
    Case(profiles_fit_their_platforms, "title: Work", "title: " + "Work " * 16 + "!", 29,
         f"“{'Work ' * 16}!” has 81 characters; here a title has at most 80. Shorten it.", PROFILES),
    Case(profiles_fit_their_platforms, ICE_BREAKER, ICE_BREAKER + 4 * BUTTON, 35,
         "5 buttons; the platform takes at least 1 and at most 4.", PROFILES),
    Case(profiles_fit_their_platforms, COMMAND, "", 11, "0 buttons; the platform takes at least 1 and at most 100.", PROFILES),
    Case(profiles_fit_their_platforms, "/language", "/iom/contact", 15,
         "/iom/contact cannot be a command. Write `/` and at most 32 of a-z, 0-9 and _.", PROFILES),
    Case(profiles_fit_their_platforms, "/language", "/change_language_of_the_whole_conversation", 15,
         "/change_language_of_the_whole_conversation cannot be a command. Write `/` and at most 32 of a-z, 0-9 and _.", PROFILES),
    Case(buttons_lead_somewhere, "/language", "/languages", 15,
         "nothing answers /languages. Write `/` and an intent that exists.", PROFILES),
    Case(buttons_lead_somewhere, "/fair_work/contract", "/profile_short", 29,
         "nothing answers /profile_short. Write `/` and an intent that exists.", PROFILES),
    Case(replies_fit_every_channel, "/fair_work/contract", "/fair_work/contract" + "x" * 50, 29,
         "a payload has at most 64 bytes.", PROFILES),
    Case(crisis_answers_carry_112, "Call now: 112", "Call the police.", 60, "the first line of a crisis answer says 112."),
    Case(first_lines_are_neutral, "Here are the rules.", "About your passport.", 35, LOCKED),
    Case(first_lines_are_neutral, "Oto zasady.", "Powrót do domu.", 22, LOCKED),
    Case(first_lines_are_neutral, "Here are the rules.", "Here are the rules." * 4, 35, LOCKED),
    Case(answers_end_with_a_next_step, "Next step: call", "Call", 35, "the last paragraph starts with “Next step:”."),
    Case(wording_is_right, "Here are", "Here аre", 35, "“аre” mixes Latin and Cyrillic letters. Type it again in one alphabet."),
    Case(wording_is_right, "Here are", "We guarantee", 35,
         "“We guarantee” promises more than the office can keep. Put it another way."),
    Case(wording_is_right, "Oto zasady.", "Napisałaś.", 22,
         "“Napisałaś” says whether the person is a man or a woman. Put it another way."),
    Case(wording_is_right, "Ось правила.", "Ви писала.", 29,
         "“Ви писала” says whether the person is a man or a woman. Put it another way."),
    Case(answers_have_sources, "risk: legal", "risk: high", 21, "`risk:` is one of crisis, legal, general."),
    Case(answers_have_sources, "review_by: 2027-02-23", "review_by: soon", 21, DATES),
    Case(answers_have_sources, "review_by: 2027-02-23", "review_by: 2026-11-23", 21, "`review_by:` comes after `checked_on:`."),
    Case(answers_have_sources, "sources: [https://www.pip.gov.pl]", "sources: []", 21, SOURCES),
    Case(answers_have_sources, "sources: [https://www.112.gov.pl]", "sources: []", 56, SOURCES),
    Case(reviews_are_due, "review_by: 2027-02-23", "review_by: 2026-11-23", 21,
         "to be reviewed by 2026-11-23: compare text and sources, then move both dates. Until then people are sent to the office.",
         warning=True),
    Case(translations_are_current, "en: ec41818e", "en: deadbeef", 35, STALE),
    Case(translations_are_current, ", en: ec41818e", "", 35, STALE),
    Case(examples_are_enough, "      - fair_work/contract ru 9\n", "", 6,
         "fair_work/contract has 9 examples in ru; it needs 10.", INTENTS),
    Case(examples_are_different, "- fair_work/contract pl 1\n", "- FAIR WORK: contract, pl 0!\n", 7,
         f"the same example stands at {INTENTS}:6 (fair_work/contract). Keep one.", INTENTS),
    Case(held_out_questions_are_unseen, "pl held out", "PL 3?", 6,
         f"this held-out question is also an example ({INTENTS}:9). Take one of them out.", QUESTIONS),
    Case(held_out_questions_are_unseen, "intent: fair_work/contract", "intent: fair_work/wages", 6,
         "there is no intent fair_work/wages. Name one that stands in intents/.", QUESTIONS),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def subject(root: Path, changed: Mapping[str, str] = MappingProxyType({}), today: date = TODAY) -> Subject:
    for name, text in {**GOOD_FILES, **changed}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    found = content.read(root)
    problems: list[Problem] = []
    held_out = content.read_held_out(root, problems)
    assert (found.problems, problems) == ((), [])
    return Subject(found, held_out, {"action_change_language"}, today)


def broken(root: Path, case: Case) -> Subject:
    assert GOOD_FILES[case.file].count(case.old) == 1
    return subject(root, {case.file: GOOD_FILES[case.file].replace(case.old, case.new)})


def name_of(case: Case) -> str:
    return f"{case.rule.__name__}:{case.new.strip()[:20]}"


each_case = pytest.mark.parametrize("case", CASES, ids=name_of)


def test_good_content_has_no_problems(tmp_path: Path) -> None:
    assert checks.check(subject(tmp_path)) == []


@each_case
def test_bad_content_is_named_with_its_line(tmp_path: Path, case: Case) -> None:
    assert list(case.rule(broken(tmp_path, case))) == [case.problem]


@each_case
def test_a_problem_says_how_to_mend_it(case: Case) -> None:
    """It asks for something, or says what is right."""
    asks = r"\b(Add|Adapt|compare|Keep|Name|Put|say|Take|Type|Use|Write)\b"
    says = r"\b(at most|needs|starts with|is one of|are dates such as|comes after|says 112|give)\b"
    assert re.search(f"{asks}|{says}", case.message)


def test_every_rule_is_broken_here() -> None:
    assert {case.rule for case in CASES} == set(RULES)


def test_all_rules_are_asked_and_their_problems_stand_in_the_order_of_the_files(tmp_path: Path) -> None:
    both = GOOD.replace("Here are the rules.", "We guarantee it.").replace("/crisis/danger\n", "/nowhere\n")
    problems = checks.check(subject(tmp_path, {RESPONSES: both}))
    assert [str(problem.place) for problem in problems] == [f"{RESPONSES}:35", f"{RESPONSES}:42"]


def test_what_cannot_be_read_is_among_the_problems() -> None:
    unreadable = Problem(Place(INTENTS, 3), "a block needs `intent:`.")
    assert checks.check(Subject(content.Content((), {}, (unreadable,)), [], (), TODAY)) == [unreadable]


def test_a_missing_text_of_the_profile_is_asked_for_in_its_file(own_content: content.Content) -> None:
    rest = {name: answer for name, answer in own_content.responses.items() if name not in ("utter_profile_menu", "utter_help")}
    missing = checks.needed_answers_are_there(Subject(content.Content((), rest, ()), [], (), TODAY))
    assert [str(problem) for problem in missing] == [
        "responses/small_talk.yml:1: error: utter_help is missing. The software needs it; write it here.",
        "responses/profile.yml:1: error: utter_profile_menu is missing. The software needs it; write it here.",
    ]


def test_an_answer_may_be_given_on_the_day_of_its_review_and_staff_hear_of_it_two_weeks_before(tmp_path: Path) -> None:
    def complaints(today: date) -> list[str]:
        return [str(problem) for problem in reviews_are_due(subject(tmp_path, today=today))]

    due = "to be reviewed by 2026-12-24"
    way = "compare text and sources, then move both dates."
    assert complaints(date(2026, 12, 10)) == []
    assert complaints(date(2026, 12, 11)) == [f"{RESPONSES}:56: warning: {due}, which is soon: {way}"]
    assert complaints(date(2026, 12, 24)) == [f"{RESPONSES}:56: warning: {due}, which is soon: {way}"]
    assert complaints(date(2026, 12, 25)) == [f"{RESPONSES}:56: warning: {due}: {way}"]  # a crisis answer goes out all the same


def test_hours_after_a_phone_number_are_no_part_of_it(tmp_path: Path) -> None:
    hours = GOOD.replace("call +48459599000 within", "call +48459599000 24 hours, within")
    assert list(phones_are_valid(subject(tmp_path, {RESPONSES: hours}))) == []


def test_questions_out_of_scope_need_more_examples(tmp_path: Path) -> None:
    intents = 'version: "3.1"\nnlu:\n' + examples("out_of_scope", pl=150, uk=149, en=0)
    assert [str(problem) for problem in examples_are_enough(subject(tmp_path, {INTENTS: intents}))] == [
        f"{INTENTS}:6: error: out_of_scope has 149 examples in uk; it needs 150.",
        f"{INTENTS}:6: error: out_of_scope has 0 examples in en; it needs 150.",
    ]


def test_an_intent_may_be_answered_by_an_action_and_a_crisis_is_not_in_the_menu(tmp_path: Path) -> None:
    intents = 'version: "3.1"\nnlu:\n' + examples("change_language", pl=1) + examples("crisis/danger", pl=1) + examples("fair_work", pl=1)
    assert list(intents_are_answered(subject(tmp_path, {INTENTS: intents}))) == []


def test_signs_alone_are_different_examples() -> None:
    assert checks.key("???") != checks.key("!!!")
    assert checks.key("Co to?") == checks.key("co  TO")


def test_an_untranslated_text_of_the_software_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "said.py").write_text('\n_("Hello.")\n')
    for language, said in (("pl", "Cześć."), ("uk", "")):
        catalog = tmp_path / "locales" / language / "LC_MESSAGES" / "bot.po"
        catalog.parent.mkdir(parents=True)
        catalog.write_text(f'msgid "Hello."\nmsgstr "{said}"\n', encoding="utf-8")
    monkeypatch.setattr(i18n, "LOCALES", tmp_path / "locales")
    message = "“Hello.” is not translated into uk. Add it to locales/uk/LC_MESSAGES/bot.po."
    assert list(checks.catalogs_are_complete()) == [Problem(Place("bot/said.py", 2), message)]


def test_our_own_content_has_no_errors(own_content: content.Content) -> None:
    problems: list[Problem] = []
    held_out = content.read_held_out(ROOT, problems)
    problems += checks.check(Subject(own_content, held_out, executor()[1], TODAY))
    assert [str(problem) for problem in problems if not problem.warning] == []
