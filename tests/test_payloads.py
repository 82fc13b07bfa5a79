"""Payloads live for ever: a button stays in somebody's chat, a menu in their phone, a QR code on a wall.

`payloads.txt` lists every payload that was ever published. A line is added and never taken out.
"""

import asyncio
import re
from collections.abc import Iterator

import pytest

from bot.channels.messenger_profile import wanted
from bot.content import Content
from bot.profile import profiles_from
from bot.reading import ALIASES
from bot.settings import ROOT
from bot.types import Address, Conversation, Language
from tests.test_dialogue import Bot

LIST = ROOT / "tests" / "payloads.txt"
LISTED = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


async def published(found: Content) -> set[str]:
    """What the content and the software send out today, as far as buttons lead."""
    seen: set[str] = set()
    to_press = {*written(found), *page(), *(f"/{alias}" for alias in ALIASES), *await in_doubt(found)}
    while to_press:
        seen |= to_press
        to_press = {payload for pressed in to_press for payload in await buttons_after(pressed, found)} - seen
    return seen


def written(found: Content) -> Iterator[str]:
    """Below the answers, and in the profiles of Telegram and Messenger."""
    for response in found.responses.values():
        yield from (choice.payload for choice in response.choices)
    yield wanted(profiles_from(found))["get_started"]["payload"]


def page() -> Iterator[str]:
    """What the script of the web page sends of its own."""
    script = (ROOT / "bot" / "channels" / "page" / "chat.js").read_text(encoding="utf-8")
    for _quote, payload in re.findall(r"payload: ([\"`])(/.*?)\1", script):
        yield from (payload.replace("${anchor.lang}", language) for language in Language)


async def in_doubt(found: Content) -> set[str]:
    """What somebody is offered whose message may mean one thing or another."""
    turns = [await Bot(found).hear("hm", intent=intent, sure=False, ranking=((intent, 0.5),)) for intent in found.intents]
    return {button.payload for turn in turns for reply in turn.replies for button in reply.buttons}


async def buttons_after(payload: str, found: Content) -> set[str]:
    buttons = set()
    for language in Language:
        bot = Bot(found)
        bot.conversation = Conversation(Address("telegram", "1"), {"language": language.value})
        buttons |= {button.payload for reply in (await bot.press(payload)).replies for button in reply.buttons}
    return buttons


@pytest.fixture(scope="module")
def published_now(own_content: Content) -> set[str]:
    return asyncio.run(published(own_content))


def test_every_payload_that_is_published_stands_in_the_list(published_now: set[str]) -> None:
    missing = sorted(published_now - set(LISTED))
    assert missing == [], "add these lines to tests/payloads.txt, and never take them out again:\n" + "\n".join(missing)


def test_the_payloads_of_the_page_and_of_every_menu_are_found(own_content: Content, published_now: set[str]) -> None:
    languages = {f'/change_language{{"language":"{language}"}}' for language in Language}
    questions = {f"/{name}" for name in own_content.titles if "/" in name}
    assert {
        "/start",
        "/forget",
        "/menu",
        "/crisis/danger",
        *languages,
        *questions,
        *(f"/{area}" for area in own_content.areas),
    } <= published_now


@pytest.mark.parametrize("payload", LISTED)
async def test_every_payload_that_was_ever_published_is_still_answered(payload: str, own_content: Content) -> None:
    for language in Language:
        bot = Bot(own_content)
        bot.conversation = Conversation(Address("telegram", "1"), {"language": language.value})
        turn = await bot.press(payload)
        assert turn.action != "action_default_fallback"
        assert turn.replies
        assert all(reply.text for reply in turn.replies)


@pytest.mark.parametrize("payload", [payload for payload in LISTED if payload.startswith("/start ")])
async def test_every_printed_link_still_opens_its_topic_in_its_language(payload: str, own_content: Content) -> None:
    topic, _, language = payload.removeprefix("/start ").rpartition("_")
    turn = await Bot(own_content).press(payload)
    if language in list(Language):
        assert {reply.language for reply in turn.replies} == {Language(language)}
    assert len(turn.replies) == (2 if topic else 1)


async def test_a_payload_that_was_never_published_is_not_taken_for_an_answer(own_content: Content) -> None:
    assert (await Bot(own_content).press("/fair_work/never")).action == "action_default_fallback"


def test_the_list_is_sorted_and_names_each_payload_once() -> None:
    assert sorted(set(LISTED)) == LISTED
