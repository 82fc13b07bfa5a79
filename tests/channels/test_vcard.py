"""The contact card as every phone reads it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.vcard import vcard
from bot.types import ContactCard

CARD = ContactCard("Agnieszka Legut-Zemla", "IOM Kraków", "+48530595013", "office@example.org", "https://poland.iom.int/pl")


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], value, flags=re.DOTALL)


def fields(text: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in text.removesuffix("\r\n").split("\r\n"))


def components(value: str) -> list[str]:
    """Of a structured value: cut at semicolons that are not escaped."""
    return [unescaped(part) for part in re.split(r"(?<!\\)(?:\\\\)*;", value)]


def test_the_card_of_the_office() -> None:
    assert vcard(CARD) == (
        "BEGIN:VCARD\r\n"
        "VERSION:3.0\r\n"
        "N:Legut-Zemla;Agnieszka;;;\r\n"
        "FN:Agnieszka Legut-Zemla\r\n"
        "ORG:IOM Kraków\r\n"
        "TEL;TYPE=WORK,VOICE:+48530595013\r\n"
        "EMAIL;TYPE=WORK:office@example.org\r\n"
        "URL:https://poland.iom.int/pl\r\n"
        "END:VCARD\r\n"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Anna Maria Nowak", ["Nowak", "Anna Maria", "", "", ""]), ("Recepcja", ["Recepcja", "", "", "", ""]), ("", ["", "", "", "", ""])],
)
def test_the_last_word_of_a_name_is_the_family_name(name: str, expected: list[str]) -> None:
    assert components(fields(vcard(replace(CARD, name=name)))["N"]) == expected


@pytest.mark.parametrize(
    ("organisation", "expected"),
    [
        ("IOM, Kraków", r"IOM\, Kraków"),
        ("IOM; Kraków", r"IOM\; Kraków"),
        ("IOM \\ UN", r"IOM \\ UN"),
        ("IOM\nKraków", r"IOM\nKraków"),
        (r"\,;", r"\\\,\;"),
    ],
)
def test_signs_with_a_meaning_in_a_card_are_escaped(organisation: str, expected: str) -> None:
    assert fields(vcard(replace(CARD, organisation=organisation)))["ORG"] == expected


@settings(deadline=None)
@given(st.text(st.sampled_from("Aą,;:\\\nn "), max_size=12))
def test_what_is_written_is_read_back(text: str) -> None:
    found = fields(vcard(replace(CARD, name=text, organisation=text)))
    assert unescaped(found["FN"]) == text
    assert unescaped(found["ORG"]) == text
    assert list(found) == ["BEGIN", "VERSION", "N", "FN", "ORG", "TEL;TYPE=WORK,VOICE", "EMAIL;TYPE=WORK", "URL", "END"]


def test_a_card_of_the_office_fits_into_a_telegram_contact() -> None:
    assert len(vcard(CARD).encode()) <= 2048
