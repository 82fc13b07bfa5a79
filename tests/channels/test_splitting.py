"""Cutting a reply into parts: nothing is lost, nothing is torn, nothing is too long, and no option is silent."""

import re
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.base import Limits, utf16
from bot.channels.splitting import parts, split
from bot.channels.telegram import Telegram
from bot.channels.webchat import WebChat
from bot.types import Button, ContactCard, Language, Reply

CARD = ContactCard("Agnieszka Legut-Zemla", "IOM Kraków", "+48530595013", "office@example.org", "https://poland.iom.int/pl")
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # one sign of five characters
WOMAN_HEALTH_WORKER = "\U0001f469\U0001f3fd\u200d\u2695\ufe0f"
FAREWELL = "\U0001f44b\U0001f3ff"
HEART = "\u2764\ufe0f"
KEYCAP = "1\ufe0f\u20e3"
FLAGS = "\U0001f1f5\U0001f1f1", "\U0001f1fa\U0001f1e6"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
ACCENTED = "o\u0301"
UNJOINED = "ی\u200c"
TWICE_ACCENTED = "a\u0328\u0301"
SIGNS = (
    "a",
    "ż",
    "я",
    "\U0001f600",
    FAMILY,
    WOMAN_HEALTH_WORKER,
    FAREWELL,
    HEART,
    KEYCAP,
    *FLAGS,
    WALES,
    ACCENTED,
    TWICE_ACCENTED,
    UNJOINED,
)
LONGEST_SIGN = max(map(utf16, SIGNS))

PHONES = ("+48 530 595 013", "+48\u00a0530\u00a0595\u00a0013", "800 70 22 22", "116 123", "(12) 345 67 89", "+380 44 123-45-67")
ADDRESSES = ("https://poland.iom.int/pl/a?b=1&c=2", "www.migrant.info.pl/praca", "iom-krakow@example.org", "k.ż@urząd.example.org")
# From an opening mark to its closing one; one of them inside another.
PAIRS = (
    "\u2067שלום עולם\u2069",
    "\u2066a, b\nc d\u2069",
    "\u202bمرحبا\u202c",
    "\u2068one \u2067שתיים\u2069 three\u2069",
    "\u2066 ab \u2069",
)
MARKED = ("C++\u200e", "\u200fא!", "\u2066abc", "\u202eж", "ab\u200ecd")  # what a mark stands beside, and a pair never closed
WORDS = ("praca", "gżegżółka", "łódź", "o\u0301smy", "підприємництво", "я", "שלום", "nauka.", "Co?", "Tak…", "- ", "Nie!\u00a0Nie")
SPACES = (" ", "  ", "\n", "\n\n", "\r\n", " \n\n ", "\t")
OPENING = "\u2066\u2067\u2068\u202a\u202b\u202d\u202e"

MESSENGER = Limits(text=2000, buttons=3, title=20, payload=1000, text_with_buttons=640, size=utf16)
VIBER = Limits(text=7000, buttons=6, title=30, payload=250)
REAL = (Telegram.limits, WebChat.limits, MESSENGER, VIBER)
tiny = st.builds(
    Limits,
    text=st.integers(10, 60),
    buttons=st.integers(0, 5),
    title=st.integers(10, 30),
    text_with_buttons=st.none() | st.integers(10, 60),
    size=st.sampled_from((len, utf16)),
)
channels = tiny | st.sampled_from(REAL)

sign_lists = st.lists(st.sampled_from((*SIGNS, " ", "\n", "\n\n", ". ", "!\n")), max_size=80)
# As people write, each piece apart from the next; some texts so long that no channel takes them whole.
pieces = st.lists(st.tuples(st.sampled_from((*WORDS, *PHONES, *ADDRESSES, *PAIRS, *MARKED, *SIGNS)), st.sampled_from(SPACES)), max_size=60)
written = pieces.map(lambda found: "".join(piece + space for piece, space in found))
texts = st.one_of(
    st.text(st.characters(codec=None)),
    st.text(st.sampled_from("ab. \n!?…\t\u00a0"), max_size=200),
    st.text(st.sampled_from("ąćęłńóśźżґєіїыэ\u0301\u0328\u200d\ufe0f\u2066\u2069\u200f\U0001f1f5\U0001f600שם 1+@.\n"), max_size=200),
    sign_lists.map("".join),
    written,
    st.builds(lambda text, times: text * times, written | st.text(min_size=1, max_size=20), st.sampled_from((10, 100))),
)
titles = st.text(min_size=1, max_size=50) | st.sampled_from((FAMILY * 9, "Ж" * 40))
options = st.lists(st.builds(Button, titles, st.text(max_size=80)), max_size=8, unique_by=lambda button: button.payload)
limits = st.integers(1, 60)


def without_spaces(text: str) -> str:
    return re.sub(r"\s+", "", text)


def cuts(found: list[str]) -> list[int]:
    """Where it was cut, in characters that are no spaces."""
    return list(accumulate(len(without_spaces(piece)) for piece in found))[:-1]


# --- every text and every channel


@settings(deadline=None)
@given(texts, options, channels)
@example(" " * 20, [], Limits(text=10, buttons=0, title=10))
@example("aaaaa     ", [], Limits(text=10, buttons=0, title=10))
@example("\n\n\n\n\n\n\n\nabc", [], Limits(text=10, buttons=0, title=10))
@example("\U0001f600" * 4000, [Button("a", "/a")], MESSENGER)
def test_no_part_is_too_long_or_blank(text: str, buttons: list[Button], fitting: Limits) -> None:
    found = parts(Reply(text, Language.UK, tuple(buttons)), fitting)
    assert all(part.text == part.text.strip() != "" for part in found)
    for part in found:
        most = fitting.text_with_buttons if part.buttons and fitting.text_with_buttons else fitting.text
        assert fitting.size(part.text) <= min(most, fitting.text)


@settings(deadline=None)
@given(texts, options, channels)
def test_the_parts_together_are_the_whole_text_but_for_spaces(text: str, buttons: list[Button], fitting: Limits) -> None:
    found = parts(Reply(text, Language.UK, tuple(buttons)), fitting)
    silent = [button for button in buttons if len(button.payload.encode()) > fitting.payload]
    silent = [button for button in buttons if button in silent or button in [b for b in buttons if b not in silent][fitting.buttons :]]
    written = text + "".join(f"•{button.title}" for button in (silent if text.strip() else buttons))
    assert without_spaces("".join(part.text for part in found)) == without_spaces(written)


@settings(deadline=None)
@given(texts, limits)
def test_a_text_that_fits_is_one_part(text: str, limit: int) -> None:
    assert split(text, max(limit, len(text))) == ([text.strip()] if text.strip() else [])


@settings(deadline=None)
@given(st.text(st.sampled_from("ab. \n!…\t\u00a0żЖ\U0001f600\u0301"), max_size=300), tiny)
def test_a_word_that_fits_is_not_torn(text: str, fitting: Limits) -> None:
    last = min(fitting.text_with_buttons or fitting.text, fitting.text)
    found = split(text, fitting.text, last, fitting.size)
    rest = text
    for place, (piece, following) in enumerate(pairwise(found)):
        rest = rest[rest.index(piece) + len(piece) :]
        if not rest[:1].isspace():
            end, beginning = re.findall(r"\S+", text[: -len(rest)])[-1], re.findall(r"\S+", rest)[0]
            fits = last if place + 2 == len(found) else fitting.text
            assert fitting.size(end + beginning) > fits, (piece, following)


@settings(deadline=None)
@given(pieces, tiny | st.just(MESSENGER))
def test_nothing_that_belongs_together_and_fits_is_torn(written: list[tuple[str, str]], fitting: Limits) -> None:
    neighbours = [piece for piece, _ in written]  # two numbers beside each other may well be one
    last = min(fitting.text_with_buttons or fitting.text, fitting.text)
    found = set(cuts(split("".join(piece + space for piece, space in written), fitting.text, last, fitting.size)))
    place = 0
    for before, piece, after in zip(["", *neighbours], neighbours, [*neighbours[1:], ""], strict=False):
        length = len(without_spaces(piece))
        apart = not any(one[-1:].isdigit() and next[:1] in ("(", "1", "8") for one, next in ((before, piece), (piece, after)))
        if apart and fitting.size(piece.strip()) <= last:
            assert not found & set(range(place + 1, place + length)), piece
        place += length


@settings(deadline=None)
@given(st.sampled_from((*PHONES, *ADDRESSES, *PAIRS)), st.sampled_from(("a", "żó", "слово")), st.integers(0, 40), st.integers(0, 40))
def test_an_address_between_words_is_kept_whole(address: str, word: str, before: int, after: int) -> None:
    text = f"{f'{word} ' * before}{address}{f' {word}' * after}"
    assert [address in piece for piece in split(text, len(address))].count(True) == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from((*PAIRS, *MARKED, *WORDS)), max_size=60), st.sampled_from(("", " ", "\n")), st.integers(10, 40))
def test_no_part_ends_with_a_mark_that_opens(texts: list[str], between: str, limit: int) -> None:
    assert [piece for piece in split(between.join(texts), limit) if piece[-1] in OPENING] == []


@settings(deadline=None)
@given(sign_lists, st.integers(LONGEST_SIGN, 30))
@example([FAMILY] * 7, 14)
@example([FAREWELL] * 9, 15)
@example([TWICE_ACCENTED] * 9, 16)
@example(["a", *[HEART] * 9], 14)
@example(["a", *[FLAGS[0]] * 9], 14)
@example([WALES] * 9, 20)
@example([UNJOINED] * 20, 15)
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 9 + "!\u200e" + "b" * 8, ["a" * 9, "!\u200e" + "b" * 8]),
        ("a" * 9 + "\u200fא" + "b" * 8, ["a" * 8, "a\u200fא" + "b" * 7, "b"]),
        ("a" * 9 + "\u2067" + "b" * 8, ["a" * 9, "\u2067" + "b" * 8]),
        ("\u2067" + "b" * 9 + "\u2069", ["\u2067" + "b" * 8, "b\u2069"]),
        ("\u2067" + "b" * 8 + "  \u2069", ["\u2067" + "b" * 7, "b  \u2069"]),
        ("one two \u2067three\u2069 four", ["one two", "\u2067three\u2069", "four"]),
    ],
)
def test_a_mark_of_direction_is_not_parted_from_what_it_governs(text: str, expected: list[str]) -> None:
    assert split(text, 10) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("one w\u00a0Krakowie", 13, ["one", "w\u00a0Krakowie"]),
        ("one\u00a0two\u00a0three\u00a0four", 10, ["one\u00a0two", "three\u00a0four"]),
        ("x" * 12 + "https://iom.int", 15, ["x" * 12, "https://iom.int"]),
        ("x" * 15 + "::office@iom.int:", 15, ["x" * 15, "::", "office@iom.int:"]),
        ("tel.+48 530 595 013", 15, ["tel.", "+48 530 595 013"]),
        ("tel.+48 530 595 013", 14, ["tel.", "+48 530 595", "013"]),
        ("+48 530 595 013 555 55", 18, ["+48 530 595 013", "555 55"]),
        ("+48 530 595 013\n800 70 22 22", 20, ["+48 530 595 013", "800 70 22 22"]),
        ("one \u2067two \u202athree\u2069 four", 13, ["one", "\u2067two \u202athree\u2069", "four"]),
        ("\u2067one two \u2067three four\u2069 five\u2069", 15, ["\u2067one two", "\u2067three four\u2069", "five\u2069"]),
        ("\u2067A sentence. It goes on\u2069", 20, ["\u2067A sentence.", "It goes on\u2069"]),
    ],
)
def test_a_looser_bond_gives_way_before_a_tighter_one(text: str, limit: int, expected: list[str]) -> None:
    assert split(text, limit) == expected


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
        ("a\n\nb c " + "x" * 21, 21, ["a\n\nb c", "x" * 21]),
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
@given(texts.filter(lambda text: bool(text.strip())), options, channels)
def test_buttons_stand_on_the_last_part_alone_as_many_as_it_holds(text: str, buttons: list[Button], fitting: Limits) -> None:
    *earlier, last = parts(Reply(text, Language.UK, tuple(buttons)), fitting)
    possible = [button.payload for button in buttons if len(button.payload.encode()) <= fitting.payload]
    assert [button.payload for button in last.buttons] == possible[: fitting.buttons]
    assert all(part.buttons == () for part in earlier)


@settings(deadline=None)
@given(options, channels)
def test_a_title_too_long_is_cut_short_and_says_so(buttons: list[Button], fitting: Limits) -> None:
    (last,) = parts(Reply("a", Language.UK, tuple(buttons)), replace(fitting, text=10**6, text_with_buttons=None))
    whole = {button.payload: button.title for button in buttons}
    for button in last.buttons:
        title = whole[button.payload]
        if fitting.size(title) <= fitting.title:
            assert title == button.title
        else:
            assert button.title.endswith("…")
            assert fitting.size(button.title) <= fitting.title
            assert title.strip().startswith(button.title[:-1])


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Warunki zatrudnienia w Polsce", "Warunki…"),
        ("Працевлаштування без дозволу", "Працевлаштування…"),
        ("Ж" * 40, "Ж" * 19 + "…"),
        (FAMILY * 9, FAMILY * 2 + "…"),
        ("exactly twenty signs", "exactly twenty signs"),
    ],
)
def test_a_title_is_cut_between_words_and_never_inside_a_sign(title: str, expected: str) -> None:
    (part,) = parts(Reply("a", Language.PL, (Button(title, "/a"),)), MESSENGER)
    assert [button.title for button in part.buttons] == [expected]


def test_an_option_for_which_there_is_no_button_is_a_line_of_the_text() -> None:
    (part,) = parts(Reply("Which one?", Language.EN, BUTTONS), MESSENGER)
    assert part == Reply("Which one?\n\n• title 3\n• title 4", Language.EN, BUTTONS[:3])


def test_where_there_are_no_buttons_every_option_is_a_line() -> None:
    assert parts(Reply("Which one?\n", Language.EN, BUTTONS[:2]), replace(MESSENGER, buttons=0)) == [
        Reply("Which one?\n\n• title 0\n• title 1", Language.EN)
    ]


def test_an_option_whose_payload_no_button_can_carry_is_a_line() -> None:
    far = Button("far away", "/" + "ж" * 32)
    (part,) = parts(Reply("Which one?", Language.EN, (far, BUTTONS[0])), Telegram.limits)
    assert part == Reply("Which one?\n\n• far away", Language.EN, BUTTONS[:1])


def test_a_long_title_is_a_whole_line_even_though_a_button_would_cut_it() -> None:
    (part,) = parts(Reply("Which?", Language.EN, (*BUTTONS[:3], Button("A title of more than twenty\nsigns", "/x"))), MESSENGER)
    assert part.text == "Which?\n\n• A title of more than twenty signs"


def test_options_without_a_text_are_named_by_the_text_that_carries_them() -> None:
    assert parts(Reply(" ", Language.EN, BUTTONS[:1]), MESSENGER) == [Reply("• title 0", Language.EN, BUTTONS[:1])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short\n\nshort", ["short\n\nshort"]),
        ("first paragraph\n\nsecond one\n\nthird", ["first paragraph\n\nsecond one", "third"]),
        ("one line, so long\nthe second\nthe third", ["one line, so long", "the second\nthe third"]),
        ("First sentence is long. Second. Third.", ["First sentence is long.", "Second. Third."]),
        ("one two three four five six seven", ["one two three", "four five six seven"]),
        ("a https://example.org/abcd", ["a", "https://example.org/abcd"]),
        ("x" * 30, ["x" * 6, "x" * 24]),
        ("x" * 70, ["x" * 40, "x" * 6, "x" * 24]),
    ],
)
def test_the_part_with_buttons_is_the_last_paragraph_else_as_long_as_it_may_be(text: str, expected: list[str]) -> None:
    fitting = Limits(text=40, buttons=3, title=20, text_with_buttons=24)
    assert [part.text for part in parts(Reply(text, Language.EN, BUTTONS[:1]), fitting)] == expected
    assert [part.text for part in parts(Reply(text, Language.EN), fitting)] == split(text, 40)


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


def test_what_clears_the_chat_does_so_with_its_first_part_alone() -> None:
    found = parts(Reply("Dzień dobry wszystkim", Language.PL, contact=CARD, clears=("1",)), Limits(text=11, buttons=3, title=20))
    assert [part.clears for part in found] == [("1",), *[None] * (len(found) - 1)]
    assert len(found) > 2
