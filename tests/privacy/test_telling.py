"""`/privacy` tells the asking person exactly what is stored about them, and asking leaves nothing."""

import ast
import re
from typing import Any

import pytest

from bot import content
from bot.actions.privacy import READ, told
from bot.domain import SLOTS, domain_of
from bot.i18n import NEAREST, format_moment
from bot.settings import ROOT
from bot.store.retention import DAY, HOUR
from bot.types import Conversation, Crisis, Language
from tests.conftest import Clock
from tests.privacy.chats import AHMED, OLENA, Chats
from tests.privacy.traces import everything_in, found

NOTHING = "Teraz program nic o Tobie nie pamięta."
ALL: dict[str, Any] = {
    "language": "uk",
    "language_chosen": True,
    "topic": "fair_work/unpaid_wages",
    "offered": "ru",
    "introduced": True,
    "helplines": ["danger"],
    "last_message": ["4711", "3f2a9c"],
    "paused_until": 1_800_000_000.0,
}
SAID: list[tuple[str, dict[str, Any]]] = [
    ("/privacy", {}),
    ("привіт", {"language": "uk"}),
    ("шеф не платить", {"intent": "fair_work/unpaid_wages", "language": "uk"}),
    ("шеф не платит", {"intent": "fair_work/unpaid_wages", "language": "ru"}),
    ('/change_language{"language":"en"}', {}),
    ("help me", {"intent": "crisis/danger", "crisis": Crisis.DANGER, "language": "en"}),
    ("do you keep this?", {"intent": "privacy", "language": "en"}),
]


def values_in(row: Conversation, domain: Any) -> dict[str, str]:
    """The placeholders of all that stands there, in the language of the person."""
    said = told({**row.slots, "paused_until": row.paused_until}, domain, str(row.slots.get("language", "pl")))
    return {name: value for name, value in said.items() if value is not None}


def lines_of(answer: str) -> list[str]:
    """Of what is kept, which is told last."""
    return [line for line in answer.rsplit("\n\n", maxsplit=1)[-1].splitlines() if line.startswith("• ")]


async def test_every_value_of_the_row_is_a_line_and_every_line_a_value_of_the_row(
    chats: Chats, clock: Clock, own_content: content.Content
) -> None:
    domain, lengths = domain_of(own_content, frozenset()), []
    for text, understood in [*SAID, *SAID]:
        await chats.say(text, **understood)
        answer = await chats.say("/privacy")
        values = values_in(row := await chats.remembered(), domain)
        template = own_content.responses["utter_privacy_kept"].texts[Language(row.slots.get("language", "pl"))].splitlines()
        expected = [line.format(**values) for line in template if set(re.findall(r"\{(\w+)\}", line)) & set(values)]
        assert expected == lines_of(answer), text
        assert all(value in answer for value in values.values())
        assert (NOTHING in answer) == (not values)
        lengths.append(len(expected))
        if len(lengths) == len(SAID):
            await chats.store.pause(OLENA, 60.0)
            clock.pass_(25 * HOUR)
    assert {0, 3, 4, 5} <= set(lengths)


async def test_who_only_asks_what_is_kept_leaves_nothing_by_asking(chats: Chats) -> None:
    for _ in range(2):
        assert NOTHING in await chats.say("/privacy", hint=Language.PL)
    assert await chats.remembered() == Conversation(OLENA)
    assert found([OLENA.person], await everything_in(chats.store.engine)) == []


async def test_whose_first_question_is_what_is_kept_is_answered_in_the_language_of_their_app(chats: Chats) -> None:
    assert "Зараз програма нічого про Вас не пам'ятає." in await chats.say("/privacy", hint=Language.UK)


async def test_until_when_somebody_of_the_office_writes_is_told_even_if_nothing_else_is_kept(chats: Chats, clock: Clock) -> None:
    await chats.store.pause(AHMED, HOUR)
    (line,) = lines_of(await chats.say("/privacy", AHMED))
    assert line.endswith(f": {format_moment(clock.now + HOUR, Language.PL)}")
    assert await chats.remembered(AHMED) == Conversation(AHMED, {}, clock.now + HOUR)


async def test_a_topic_of_yesterday_is_not_told(chats: Chats, clock: Clock) -> None:
    await chats.say("szef nie płaci", intent="fair_work/unpaid_wages")
    assert "Brak wypłaty" in await chats.say("/privacy")
    clock.pass_(DAY + 1)
    assert "Brak wypłaty" not in await chats.say("/privacy")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("slot", [*SLOTS, "paused_until"])
def test_whatever_can_be_kept_has_its_line_in_every_language(slot: str, language: Language, own_content: content.Content) -> None:
    domain = domain_of(own_content, frozenset())
    everything, without = (told(slots, domain, language) for slots in (ALL, {**ALL, slot: None}))
    lost = {name for name, value in everything.items() if value is not None and without[name] is None}
    assert lost
    assert lost <= set(re.findall(r"\{(\w+)\}", own_content.responses["utter_privacy_kept"].texts[language]))


async def test_a_conversation_with_all_that_can_be_kept_keeps_the_named_slots_and_no_other(chats: Chats) -> None:
    await chats.say("шеф не платит", intent="fair_work/unpaid_wages", language="ru", worry=Crisis.DANGER)
    await chats.say('/change_language{"language":"uk"}')
    assert set(SLOTS) == set((await chats.remembered()).slots)


def test_no_action_sets_a_slot_that_is_not_named() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "bot" / "actions").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "SlotSet"]
    assert len(calls) > 3
    assert [ast.unparse(call) for call in calls if ast.literal_eval(call.args[0]) not in SLOTS] == []


def test_each_language_that_somebody_may_write_in_has_a_name() -> None:
    assert {*NEAREST, *Language} == set(READ)
