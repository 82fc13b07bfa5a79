"""Whatever a person writes, the bot answers within bounds and repeats nothing of it: the real dialogue, understanding by n-grams alone."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import content, nlu
from bot.channels.base import Limits, utf16
from bot.channels.splitting import parts
from bot.dialogue import Dialogue
from bot.domain import answers_in
from bot.nlu import bare, crisis
from bot.nlu.text import LONGEST, in_right_layout, normalise
from bot.types import Address, Conversation, Language, Message, Turn, Understanding
from tests.hostile import DEPTHS, PIECES, storable
from tests.nlu.samples import EXAMPLES
from tests.talks import bot_of

CANARY = "kanarek7f3a"
HUGE = {
    "a megabyte of emoji": "😀" * 262_144,
    "a megabyte of families": "👩‍👩‍👧‍👦" * 40_000,
    "a megabyte of joiners": "\u200d" * 349_525,
    "a megabyte of accents": "e" + "\u0301" * 500_000,
    "a megabyte of spaces": " " * 1_048_575 + "x",
    "a megabyte of slashes": "/" * 1_048_576,
    "a megabyte of questions": "?" * 1_048_576,
    "a megabyte of one word": "хоч" * 170_000,
    "a megabyte of a command": "/" + "a" * 1_048_575,
    "a megabyte of languages": "/change_language{} " + "polsk " * 170_000,
}
COMMANDS = [
    "/../../etc/passwd",
    "/utter_profile_menu",
    "/profile_menu",
    "/office",
    "/forgotten",
    "/apology",
    "/iom/contact{",
    '/iom/contact{"',
    '/change_language{"language":null}',
    '/change_language{"language":"uk","language":"xx"}',
    '/change_language{"language":{"a":[]}}',
    "/change_language xx",
    "/start " + "a" * 10_000,
    "/start ../../x_uk",
    "/start crisis-danger",
    "/help@" + "a" * 10_000,
    "/help/help/help",
    "/action_help",
    "/session_start",
    "/restart",
    "/ help",
    "//help",
    "/HELP",
    "/crisis/danger{}",
    "/forget me",
    *(f'/change_language{{"language":{"[" * depth}{"]" * depth}}}' for depth in DEPTHS),
]
LIMITS = Limits(text=200, buttons=3, title=20, size=utf16)


@pytest.fixture(scope="module")
def bot(own_content: content.Content, tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    read: Callable[[str], Understanding] = nlu.reader(EXAMPLES, tmp_path_factory.mktemp("nlu"), with_model=False, progress=False)
    return bot_of(own_content, read)


def shown(turn: Turn) -> str:
    """Everything a person gets to see, and everything that is kept about them."""
    return json.dumps([*map(asdict, turn.replies), dict(turn.conversation.slots)], ensure_ascii=False, default=str)


async def hear(bot: Dialogue, text: str, payload: str | None = None, **slots: object) -> Turn:
    sender = Address("web", "7")
    turn = await bot.answer(Message("1", sender, text, payload, original="1"), Conversation(sender, slots))
    assert turn.replies, "silence"
    for reply in turn.replies:
        assert reply.text or reply.contact
        assert re.findall(r"\{\w*\}", reply.text) == []
        for part in parts(reply, LIMITS):
            assert storable(part.text)
    return turn


def frames(piece: str) -> Iterator[str]:
    yield from (f"{CANARY}{piece}{CANARY}", f"{piece} {CANARY}", f"{CANARY} {piece}", f"szef nie zapłacił {piece} {CANARY}? a {piece}")
    yield from (
        f"/start {CANARY}{piece}",
        f"/{CANARY}{piece}",
        f"/help {piece}{CANARY}",
        f'/change_language{{"language":"{CANARY}{piece}"}}',
    )


@pytest.mark.parametrize("piece", sorted(PIECES))
async def test_no_hostile_text_comes_back_or_stops_the_bot(bot: Dialogue, piece: str) -> None:
    for text in frames(PIECES[piece]):
        for slots in ({}, {"topic": "fair_work/unpaid_wages", "language": "uk"}):
            assert CANARY not in shown(await hear(bot, text, **slots))
        if text.startswith("/"):
            assert CANARY not in shown(await hear(bot, "", text))


@pytest.mark.parametrize("piece", sorted(set(PIECES) - {"nothing", "forget", "a payload"}))
async def test_a_hostile_text_alone_is_answered_without_being_quoted(bot: Dialogue, piece: str) -> None:
    text = shown(await hear(bot, PIECES[piece]))
    assert PIECES[piece][:40] not in text or len(PIECES[piece].strip()) == 0
    assert not set(text) & set("\0\u202e\u202d\u2066\u2069\u200d\ufeff\ud83d")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[:40])
async def test_what_looks_like_a_command_does_nothing_that_a_person_may_not(bot: Dialogue, command: str) -> None:
    for turn in (await hear(bot, command), await hear(bot, "", command)):
        assert turn.forget == command.startswith("/forget ")
        assert set(turn.conversation.slots) <= {
            "language",
            "language_chosen",
            "topic",
            "offered",
            "last_message",
            "introduced",
            "helplines",
        }
        assert turn.conversation.slots.get("language", "pl") in list(Language)


async def test_the_texts_of_the_software_cannot_be_asked_for_by_name(bot: Dialogue, own_content: content.Content) -> None:
    own = [name for name in own_content.responses if name not in answers_in(own_content)]
    assert {"utter_office", "utter_forgotten", "utter_profile_menu", "utter_privacy_kept"} <= set(own)
    for name in own:
        turn = await hear(bot, "", f"/{name.removeprefix('utter_')}")
        assert turn.action.startswith("action_"), name


@pytest.mark.parametrize("text", sorted(HUGE))
async def test_a_megabyte_is_read_in_a_second(bot: Dialogue, text: str) -> None:
    """Counted in seconds of the processor; it takes a hundredth of that."""
    began = time.process_time()
    await hear(bot, HUGE[text])
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("text", ["ratunku, on ma noz", "він має ніж, рятуйте", "he is going to kill me"])
@pytest.mark.parametrize("hidden", ["\u200d", "\u202e", "\u00ad", "\ufe0f", "\u2060", "\ud83d"])
def test_invisible_characters_hide_no_danger(text: str, hidden: str) -> None:
    assert crisis.signs(hidden.join(text)).sure is not None


@pytest.mark.parametrize("between", ["\0", "\t", "\u00a0", "\u2028", "\r\n", "\x85", "   "])
def test_whatever_stands_between_words_hides_no_danger(between: str) -> None:
    assert crisis.signs(between.join(["he", "is", "going", "to", "kill", "me"])).sure is not None


def test_a_call_for_help_at_either_end_of_a_megabyte_is_heard() -> None:
    hearts = "🧡" * 262_144
    for text in (f"he is going to kill me {hearts}", f"{hearts} he is going to kill me"):
        assert crisis.signs(text).sure is not None


TEXTS = st.lists(st.sampled_from([*PIECES.values(), *(" ", "?", "112", "nie", "szef", "ніж", "/", "{")]) | st.text(max_size=20), max_size=8)


@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces=TEXTS)
def test_what_is_read_is_short_and_can_be_stored(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert len(normalise(text)) <= LONGEST
    assert storable(normalise(text))
    assert normalise(normalise(text)) == normalise(text)
    crisis.signs(text)
    bare.is_yes_or_no(text)
    bare.is_well(text)
    in_right_layout(normalise(text), lambda word: len(word) > 3)
