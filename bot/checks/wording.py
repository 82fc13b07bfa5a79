"""Rules about the words of an answer: what it says first and last, its numbers, its tone."""

import re
from collections.abc import Iterator

import phonenumbers

from bot.checks.subject import Subject, guidance, responses, translations
from bot.content import Problem
from bot.i18n import gettext as _
from bot.types import Language

FIRST_LINE = 60  # characters that a locked screen shows
NEXT_STEP = {Language.PL: "Następny krok:", Language.UK: "Наступний крок:", Language.EN: "Next step:"}
# Words that a stranger looking at a locked screen should not read, by the stem.
SENSITIVE = re.compile(
    r"handel|handlu|wyzysk|przemoc|zmusz|deport|nielegaln|ucieczk|powr[oó]t|paszport|samob|torgiv|торгівл|експлуат|насил|примус|депорт|нелегал|втеч|"
    r"повернен|паспорт|самогуб|traffick|exploit|violen|forced|deport|illegal|escape|return|passport|suicid",
    re.IGNORECASE,
)
GENDERED = {Language.PL: re.compile(r"\b\w+(łeś|łaś)\b"), Language.UK: re.compile(r"\bВи \w+(в|ла)\b(?!и)")}
PROMISES = re.compile(
    r"gwarantujemy|gwarancj|na pewno pomożemy|załatwimy|гарантуємо|обов['’]язково допоможемо|we guarantee|we will solve", re.IGNORECASE
)
MIXED = re.compile(r"\b(?=\w*[a-zA-Z])(?=\w*[а-яА-ЯіїєґІЇЄҐёЁ])[^\W\d_]+\b")

_PHONE = re.compile(r"\+\d[\d ]{6,}")
_THOUSANDS = re.compile(r"(?<=\d)[ ,\u00a0\u202f](?=\d{3}\b)")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def placeholders_are_equal(subject: Subject) -> Iterator[Problem]:
    for response, language, text in translations(subject):
        here, there = set(_PLACEHOLDER.findall(text)), set(_PLACEHOLDER.findall(response.texts[Language.PL]))
        if here != there:
            names = ", ".join(f"{{{name}}}" for name in sorted(here ^ there))
            yield Problem(
                response.places[language], _("not both here and in the Polish text: {names}. Use the same ones.").format(names=names)
            )


def numbers_are_equal(subject: Subject) -> Iterator[Problem]:
    """Phone numbers, sums, dates, hours: a translation says the same digits."""
    for response, language, text in translations(subject):
        here, there = _numbers(text), _numbers(response.texts[Language.PL])
        if here != there:
            odd = ", ".join(sorted(set(here) ^ set(there))) or ", ".join(here)
            yield Problem(
                response.places[language], _("the numbers differ from the Polish text: {numbers}. Write the same ones.").format(numbers=odd)
            )


def phones_are_valid(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        for language, text in response.texts.items():
            for number in _PHONE.findall(text):
                if not _is_phone(number.split()[0]):
                    yield Problem(
                        response.places[language],
                        _("{number} is not a phone number. Write +48 and nine digits without spaces.").format(number=number.strip()),
                    )


def crisis_answers_carry_112(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        if response.name.startswith("utter_crisis/"):
            for language, text in response.texts.items():
                if "112" not in text.partition("\n")[0]:
                    yield Problem(response.places[language], _("the first line of a crisis answer says 112."))


def first_lines_are_neutral(subject: Subject) -> Iterator[Problem]:
    for response, language, text in guidance(subject):
        line = text.partition("\n")[0]
        if len(line) > FIRST_LINE or SENSITIVE.search(line):
            yield Problem(
                response.places[language],
                _("the first line may show on a locked screen: at most {limit} characters, and nothing about the topic.").format(
                    limit=FIRST_LINE
                ),
            )


def answers_end_with_a_next_step(subject: Subject) -> Iterator[Problem]:
    for response, language, text in guidance(subject):
        if not text.rpartition("\n\n")[2].startswith(NEXT_STEP[language]):
            yield Problem(response.places[language], _("the last paragraph starts with “{words}”.").format(words=NEXT_STEP[language]))


def wording_is_right(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        for language, text in response.texts.items():
            place = response.places[language]
            if mixed := MIXED.search(text):
                yield Problem(place, _("“{word}” mixes Latin and Cyrillic letters. Type it again in one alphabet.").format(word=mixed[0]))
            if promise := PROMISES.search(text):
                yield Problem(place, _("“{word}” promises more than the office can keep. Put it another way.").format(word=promise[0]))
            if language in GENDERED and (form := GENDERED[language].search(text)):
                yield Problem(place, _("“{word}” says whether the person is a man or a woman. Put it another way.").format(word=form[0]))


def _is_phone(number: str) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(number, None)))
    except phonenumbers.NumberParseException:
        return False


def _numbers(text: str) -> list[str]:
    """All numbers in a text; 4,806 and 4 806 are the same."""
    return sorted(re.findall(r"\d+", _THOUSANDS.sub("", text)))
