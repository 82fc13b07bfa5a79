"""Whole dialogues with the real understanding, as they stand in tests/conversations/."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from bot import checks, content
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.settings import ROOT
from bot.types import Address, Conversation, Language, Message, Understanding

NOW = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Warsaw"))
DIALOGUES: list[dict[str, Any]] = [
    dialogue
    for file in sorted((ROOT / "tests" / "conversations").glob("*.yml"))
    for dialogue in YAML(typ="safe").load(file.read_text(encoding="utf-8"))
]
ACT, ACTIONS = executor()


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue["name"])
async def test_a_dialogue_goes_as_written(
    dialogue: dict[str, Any], own_content: content.Content, read: Callable[[str], Understanding]
) -> None:
    async def understand(text: str) -> Understanding:
        return read(text)

    bot = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
    conversation = Conversation(Address("test", "1"))
    hint = Language(dialogue["hint"]) if "hint" in dialogue else None
    for step in dialogue["turns"]:
        turn = await bot.answer(Message("1", conversation.address, step.get("text", ""), step.get("payload"), hint), conversation)
        conversation = turn.conversation
        said = "\n\n".join(reply.text for reply in turn.replies).replace("\u00a0", " ")
        buttons = [button.payload for reply in turn.replies for button in reply.buttons]
        crisis = turn.understanding.crisis if turn.understanding else None
        assert step["action"] == turn.action, (step, turn.understanding)
        assert step.get("language", turn.replies[0].language) == turn.replies[0].language, step
        assert step.get("crisis") == (crisis and crisis.value), step
        assert all(words in said for words in step.get("contains", ())), (step, said)
        assert set(step.get("buttons", ())) <= set(buttons), (step, buttons)


def test_what_people_say_in_dialogues_is_not_among_the_examples(own_content: content.Content) -> None:
    examples = {checks.key(example.text) for example in own_content.examples}
    texts = {step.get("text", "") for dialogue in DIALOGUES for step in dialogue["turns"]}
    said = {text for text in texts if len(text.split()) > 3}
    assert {text for text in said if checks.key(text) in examples} == set()


def test_every_dialogue_has_a_name_of_its_own() -> None:
    names = [dialogue["name"] for dialogue in DIALOGUES]
    assert len(set(names)) == len(names)
