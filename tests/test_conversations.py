"""Whole dialogues with the real understanding, as they stand in tests/conversations/.

A dialogue is `{name, hint?, known_failure?, turns}`; a turn `{text | payload, action, language, crisis?, contains?, buttons?}`.
An empty `text` is a photo or a voice note. A `known_failure` must fail: take the line out with the mistake.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from bot import checks, content
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.settings import ROOT
from bot.types import Address, Conversation, Language, Message, Turn, Understanding
from tests import talks

NOW = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Warsaw"))
FILES = ("pl", "uk", "en", "mixed")
DIALOGUES: dict[str, list[dict[str, Any]]] = {
    name: YAML(typ="safe").load((ROOT / "tests" / "conversations" / f"{name}.yml").read_text(encoding="utf-8")) for name in FILES
}
ALL = [dialogue for dialogues in DIALOGUES.values() for dialogue in dialogues]
KNOWN_FAILURES = 3
FLOORS = YAML(typ="safe").load((ROOT / "tests" / "intents" / "floors.yml").read_text(encoding="utf-8"))
MOST_FALSE_ALARMS = FLOORS["most_false_alarms"]
LEAST_OF_A_PAIR = 60
EVERYBODY_SAYS = 3  # words up to which an example and a dialogue may agree: "ok", "karta pobytu"
ACT, ACTIONS = executor()


def parameters() -> Iterator[Any]:
    for dialogue in ALL:
        reason = dialogue.get("known_failure")
        marks = [pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)] if reason else []
        yield pytest.param(dialogue, id=dialogue["name"], marks=marks)


@pytest.mark.parametrize("dialogue", [*parameters()])
async def test_a_dialogue_goes_as_written(
    dialogue: dict[str, Any], own_content: content.Content, read: Callable[[str], Understanding]
) -> None:
    async def understand(text: str) -> Understanding:
        return read(text)

    bot = Dialogue(own_content, understand, ACT, ACTIONS, lambda: NOW)
    conversation = Conversation(Address("test", "1"))
    hint = Language(dialogue["hint"]) if "hint" in dialogue else None
    for number, step in enumerate(dialogue["turns"], 1):
        turn = await bot.answer(Message(str(number), conversation.address, step.get("text", ""), step.get("payload"), hint), conversation)
        conversation = turn.conversation
        assert wanted(step) == got(turn), explained(step, turn)
        said = "\n\n".join(reply.text for reply in turn.replies).replace("\u00a0", " ")
        missing = [words for words in step.get("contains", ()) if words not in said]
        assert missing == [], f"{explained(step, turn)}\nwas answered with\n{said}"
        offered = [button.payload for reply in turn.replies for button in reply.buttons]
        assert set(step.get("buttons", ())) <= set(offered), f"{explained(step, turn)}\nwas offered {offered}"


def wanted(step: Mapping[str, Any]) -> dict[str, Any]:
    return {"action": step["action"], "languages": {step["language"]}, "crisis": step.get("crisis")}


def got(turn: Turn) -> dict[str, Any]:
    crisis = turn.understanding.crisis if turn.understanding else None
    return {"action": turn.action, "languages": {str(reply.language) for reply in turn.replies}, "crisis": crisis and crisis.value}


def explained(step: Mapping[str, Any], turn: Turn) -> str:
    """What was said and how it was understood, for whoever has to mend it."""
    spoken = step.get("payload") or step["text"] or "(a photo)"
    if not (understanding := turn.understanding):
        return f"“{spoken}”, pressed or typed as a command"
    ranking = ", ".join(f"{name} {confidence:.2f}" for name, confidence in understanding.ranking)
    sure = "sure" if understanding.sure else "not sure"
    return f"“{spoken}”, {sure}: {ranking}; language {understanding.language} {understanding.language_confidence:.2f}"


def test_what_people_say_in_dialogues_is_not_among_the_examples(own_content: content.Content) -> None:
    examples = {checks.key(example.text): example.place for example in own_content.examples}
    everything = [*ALL, *(dialogue for dialogues in talks.DIALOGUES.values() for dialogue in dialogues)]
    said = {step["text"] for dialogue in everything for step in dialogue["turns"] if len(step.get("text", "").split()) > EVERYBODY_SAYS}
    assert {text: str(examples[checks.key(text)]) for text in said if checks.key(text) in examples} == {}


def test_every_dialogue_has_a_name_of_its_own() -> None:
    names = [dialogue["name"] for dialogues in (*DIALOGUES.values(), *talks.DIALOGUES.values()) for dialogue in dialogues]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("name", FILES)
def test_every_file_holds_dialogues_and_not_single_questions(name: str) -> None:
    assert len(DIALOGUES[name]) >= 12
    assert [dialogue["name"] for dialogue in DIALOGUES[name] if not 3 <= len(dialogue["turns"]) <= 8] == []


def test_known_failures_stay_few() -> None:
    assert sum("known_failure" in dialogue for dialogue in ALL) <= KNOWN_FAILURES


def test_every_question_of_the_menu_is_asked_in_some_dialogue(own_content: content.Content) -> None:
    answered = {step["action"].partition("_")[2] for dialogue in ALL for step in dialogue["turns"]}
    assert {intent for intent in own_content.titles if "/" in intent} - answered == set()


# --- between two languages


@pytest.mark.parametrize("pair", talks.PAIRS)
async def test_between_two_languages_most_turns_go_well(
    pair: str, own_content: content.Content, read: Callable[[str], Understanding]
) -> None:
    shares, wrong = await talks.figures(talks.bot_of(own_content, read), pair)
    assert shares["false alarms"] <= MOST_FALSE_ALARMS
    explanation = "\n".join(talks.lines(pair, shares, wrong))
    assert {name: shares[name] for name, least in FLOORS["dialogues"][pair].items() if shares[name] < least} == {}, explanation


@pytest.mark.parametrize("pair", talks.PAIRS)
def test_every_pair_of_languages_is_talked_in_often_enough(pair: str, own_content: content.Content) -> None:
    assert len(talks.DIALOGUES[pair]) >= LEAST_OF_A_PAIR
    about = {step["about"] for dialogue in talks.DIALOGUES[pair] for step in dialogue["turns"]}
    assert about <= set(own_content.intents)
