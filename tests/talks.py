"""Dialogues between two languages, by authors who did not see the bot: how many of their turns go well.

    python -m tests.talks          prints a table, and every turn that goes wrong

A dialogue is `{name, turns}`; a turn `{text, about, language, crisis?, also?}`. It goes well when the reply is in that language and
answers that intent or, in doubt, offers it among its choices; when just these messages raise an alarm; and when a second question
(`also`) is answered too.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from bot import content, nlu
from bot.channels import all_settings
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.settings import ROOT, load
from bot.types import Address, Conversation, Message, Turn, Understanding

NOW = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Warsaw"))
PAIRS = ("pl-uk", "uk-ru", "pl-en", "uk-en")
DIALOGUES: dict[str, list[dict[str, Any]]] = {
    pair: YAML(typ="safe").load((ROOT / "tests" / "conversations" / f"{pair}.yml").read_text(encoding="utf-8")) for pair in PAIRS
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was expected of a turn, and what came."""

    step: dict[str, Any]
    turn: Turn

    @property
    def answered(self) -> bool:
        about = self.step["about"]
        return self.turn.action in (f"utter_{about}", f"action_{about}") or self.both

    @property
    def offered(self) -> bool:
        payloads = [button.payload for reply in self.turn.replies for button in reply.buttons]
        return self.turn.action == "action_default_fallback" and f"/{self.step['about']}" in payloads

    @property
    def both(self) -> bool:
        return "also" in self.step and {self.turn.intent, self.turn.also} == {self.step["about"], self.step["also"]}

    @property
    def in_language(self) -> bool:
        return {reply.language.value for reply in self.turn.replies} == {self.step["language"]}

    @property
    def alarm(self) -> bool:
        return bool(self.turn.understanding and self.turn.understanding.crisis)

    @property
    def well(self) -> bool:
        two = self.both or "also" not in self.step
        return (self.answered or self.offered) and self.in_language and self.alarm == ("crisis" in self.step) and two


async def spoken(bot: Dialogue, dialogue: dict[str, Any]) -> list[Spoken]:
    conversation = Conversation(Address("test", "1"))
    found = []
    for number, step in enumerate(dialogue["turns"], 1):
        turn = await bot.answer(Message(str(number), conversation.address, step["text"]), conversation)
        conversation = turn.conversation
        found.append(Spoken(step, turn))
    return found


def bot_of(found: content.Content, read: Callable[[str], Understanding]) -> Dialogue:
    async def understand(text: str) -> Understanding:
        return read(text)

    act, actions = executor()
    return Dialogue(found, understand, act, actions, lambda: NOW)


async def figures(bot: Dialogue, pair: str) -> tuple[dict[str, float], list[Spoken]]:
    """In percent of the turns they are about."""
    turns = [turn for dialogue in DIALOGUES[pair] for turn in await spoken(bot, dialogue)]

    def share(good: Callable[[Spoken], bool], among: Callable[[Spoken], bool] = lambda _: True) -> float:
        asked = [turn for turn in turns if among(turn)]
        return round(100 * sum(map(good, asked)) / len(asked), 1)

    return {
        "well": share(lambda turn: turn.well),
        "answered": share(lambda turn: turn.answered),
        "answered or offered": share(lambda turn: turn.answered or turn.offered),
        "language": share(lambda turn: turn.in_language),
        "crisis found": share(lambda turn: turn.alarm, lambda turn: "crisis" in turn.step),
        "false alarms": share(lambda turn: turn.alarm, lambda turn: "crisis" not in turn.step),
        "both questions": share(lambda turn: turn.both, lambda turn: "also" in turn.step),
    }, [turn for turn in turns if not turn.well]


def lines(pair: str, shares: dict[str, float], wrong: list[Spoken]) -> Iterator[str]:
    yield f"{pair}: " + ", ".join(f"{name} {value} %" for name, value in shares.items())
    for turn in wrong:
        wanted = " and ".join(str(turn.step[key]) for key in ("about", "also", "language", "crisis") if key in turn.step)
        got = f"{turn.turn.action}, {turn.turn.also or 'no second'}, {turn.turn.replies[0].language if turn.turn.replies else 'silent'}"
        yield f"  {wanted}  <-  {got}  |  {turn.step['text']}"


async def main() -> None:
    settings = load(all_settings())
    found = content.read(settings.content_dir)
    bot = bot_of(found, nlu.reader(found.examples, settings.data_dir))
    for pair in PAIRS:
        print("\n".join(lines(pair, *await figures(bot, pair))))


if __name__ == "__main__":
    asyncio.run(main())
