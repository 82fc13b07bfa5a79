"""Cutting a reply into parts: nothing is lost, nothing is torn, nothing is too long."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.base import Limits
from bot.channels.splitting import parts, split
from bot.types import Button, ContactCard, Language, Reply

CARD = ContactCard("Agnieszka Legut-Zemla", "IOM Kraków", "+48530595013", "office@example.org", "https://poland.iom.int/pl")
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # one sign of five characters
WOMAN_HEALTH_WORKER = "\U0001f469\U0001f3fd\u200d\u2695\ufe0f"
FAREWELL = "\U0001f44b\U0001f3ff"
HEART = "\u2764\ufe0f"
ACCENTED = "o\u0301"
TWICE_ACCENTED = "a\u0328\u0301"
SIGNS = ("a", "ż", "я", "\U0001f600", FAMILY, WOMAN_HEALTH_WORKER, FAREWELL, HEART, ACCENTED, TWICE_ACCENTED)
LONGEST_SIGN = max(map(len, SIGNS))

sign_lists = st.lists(st.sampled_from((*SIGNS, " ", "\n", "\n\n", ". ", "!\n")), max_size=80)
texts = st.text(st.characters(codec=None)) | st.text(st.sampled_from("ab. \n!?…\t\u00a0"), max_size=200) | sign_lists.map("".join)
limits = st.integers(1, 60)


def without_spaces(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- every text


@settings(deadline=None)
@given(texts, limits)
@example(" " * 20, 5)
@example("     a", 3)
@example("aaaaa     ", 5)
@example("\n\n\n\n\n\n\n\nabc", 2)
def test_no_part_is_too_long_or_empty(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert all(piece == piece.strip() for piece in pieces)


@settings(deadline=None)
@given(texts, limits)
def test_the_parts_together_are_the_whole_text_but_for_spaces(text: str, limit: int) -> None:
    assert without_spaces("".join(split(text, limit))) == without_spaces(text)


@settings(deadline=None)
@given(texts, limits)
def test_a_text_that_fits_is_one_part(text: str, limit: int) -> None:
    assert split(text, max(limit, len(text))) == ([text.strip()] if text.strip() else [])


@settings(deadline=None)
@given(sign_lists, st.integers(LONGEST_SIGN, 30))
@example([FAMILY] * 7, 13)
@example([FAREWELL] * 9, 5)
@example([TWICE_ACCENTED] * 9, 7)
@example(["a", *[HEART] * 9], 6)
def test_no_sign_is_torn_apart(signs: list[str], limit: int) -> None:
    borders, place = {0}, 0
    for sign in signs:
        place += len(sign.strip())
        borders.add(place)
    cut = 0
    for piece in split("".join(signs), limit):
        cut += len(without_spaces(piece))
        assert cut in borders


@settings(deadline=None)
@given(st.lists(st.sampled_from(SIGNS), min_size=1, max_size=40), st.integers(LONGEST_SIGN, 30))
def test_every_part_can_be_encoded_as_utf_16_without_half_a_pair(signs: list[str], limit: int) -> None:
    joined = "".join(piece.encode("utf-16-le").decode("utf-16-le") for piece in split("".join(signs), limit))
    assert joined == "".join(signs)


def test_a_sign_longer_than_the_limit_is_cut_after_all() -> None:
    assert split("a" + "\u0301" * 9, 4) == ["a\u0301\u0301\u0301", "\u0301" * 4, "\u0301" * 2]


# --- where it is cut


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("first paragraph\n\nsecond one\nwith lines", 30, ["first paragraph", "second one\nwith lines"]),
        ("first line\nsecond line. More here", 25, ["first line", "second line. More here"]),
        ("A sentence. Another one. A third", 28, ["A sentence. Another one.", "A third"]),
        ("just some words in a row", 10, ["just some", "words in a", "row"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("Pytanie? Odpowiedź! Koniec… Tak", 20, ["Pytanie? Odpowiedź!", "Koniec… Tak"]),
        ("a\n\n" + "long words without any paragraph", 20, ["a\n\nlong words", "without any", "paragraph"]),
        ("", 5, []),
        (" \n ", 1, []),
        ("  fits  ", 4, ["fits"]),
    ],
)
def test_it_is_cut_at_the_best_place(text: str, limit: int, expected: list[str]) -> None:
    assert split(text, limit) == expected


# --- replies


BUTTONS = tuple(Button(f"title {number}", f"/area/question{number}") for number in range(5))


@settings(deadline=None)
@given(texts.filter(lambda text: bool(text.strip())), limits, st.integers(0, 5), st.integers(0, 5))
def test_buttons_stand_on_the_last_part_alone(text: str, limit: int, buttons: int, most: int) -> None:
    *earlier, last = parts(Reply(text, Language.UK, BUTTONS[:buttons]), Limits(text=limit, buttons=most, title=20))
    assert last.buttons == BUTTONS[: min(buttons, most)]
    assert all(part.buttons == () for part in earlier)


@settings(deadline=None)
@given(texts, limits)
def test_every_part_speaks_the_language_of_the_reply(text: str, limit: int) -> None:
    found = parts(Reply(text, Language.UK), Limits(text=limit, buttons=3, title=20))
    assert [part.text for part in found] == split(text, limit)
    assert {part.language for part in found} <= {Language.UK}


@settings(deadline=None)
@given(texts, limits)
def test_a_contact_card_is_a_message_of_its_own_after_the_text(text: str, limit: int) -> None:
    fitting = Limits(text=limit, buttons=3, title=20)
    *before, card = parts(Reply(text, Language.EN, BUTTONS[:2], CARD), fitting)
    assert card == Reply("", Language.EN, contact=CARD)
    assert before == parts(Reply(text, Language.EN, BUTTONS[:2]), fitting)


def test_a_card_without_a_text_is_one_message() -> None:
    assert parts(Reply("", Language.PL, contact=CARD), Limits(text=100, buttons=3, title=20)) == [Reply("", Language.PL, contact=CARD)]


def test_a_reply_that_fits_stays_as_it_is() -> None:
    reply = Reply("Dzień dobry", Language.PL, BUTTONS[:3])
    assert parts(reply, Limits(text=11, buttons=3, title=20)) == [reply]
