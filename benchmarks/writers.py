"""Who writes what to the bot under load, and what each of them must read: computed ahead by the bot's own dialogue. It sends nothing."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from benchmarks.platforms import MESSENGER, TELEGRAM, Platforms
from benchmarks.trial import Talk
from benchmarks.ways import OverMessenger, OverTelegram, parts
from bot import content, nlu
from bot.content import Example
from bot.dialogue import Dialogue
from bot.editions import now, read_content
from bot.executor import executor
from bot.i18n import hint_from_tag
from bot.settings import ROOT, Settings
from bot.types import Address, Answer, Conversation, Message, Understand, Understanding
from bot.urgency import is_urgent

LANGUAGES = ("pl", "uk", "en", "ru")
QUESTIONS = 1000  # different ones; the bot remembers none of them
ONE_OF = 4  # people writes over Messenger
_WAYS = {TELEGRAM: OverTelegram, MESSENGER: OverMessenger}
_people = count(1)


@dataclass(slots=True)
class Said:
    """One message: who says what, how many seconds after the beginning, and the parts that it must be answered with.

    `fired`, `taken`: when we began to send it and when the bot had confirmed it, by the monotonic clock.
    """

    number: int
    channel: str
    person: str
    language: str
    text: str
    after: float
    answer: Sequence[str]
    due: float = 0.0
    fired: float = 0.0
    taken: float = 0.0
    bot: int = 0  # which of several took it
    again: int = 0  # how often it had to be sent again


@dataclass
class Writer:
    channel: str
    person: str
    conversation: Conversation
    expected: list[str] = field(default_factory=list)


class Writers:
    def __init__(self, answer: Answer, questions: Sequence[Example], seed: int = 1) -> None:
        self._answer = answer
        self._chance = random.Random(seed)
        by_language = {language: [question.text for question in questions if question.language == language] for language in LANGUAGES}
        each = QUESTIONS // len(LANGUAGES)
        self._questions = {language: self._chance.sample(texts, min(each, len(texts))) for language, texts in by_language.items()}

    async def say(self, platforms: Platforms, number: int, rate: float, people: int) -> list[Said]:
        """So many messages at this rate, each of one of these people, who have not written before."""
        numbers = [str(next(_people)) for _ in range(people - people // ONE_OF)]
        page = await platforms.people(numbers, people // ONE_OF)
        writers = [Writer(channel, person, Conversation(Address(channel, person))) for channel, person in _both(numbers, page)]
        return [await self._says(self._chance.choice(writers), place, place / rate) for place in range(number)]

    async def _says(self, writer: Writer, number: int, after: float) -> Said:
        language = LANGUAGES[int(writer.person) % len(LANGUAGES)]
        while True:
            text = self._chance.choice(self._questions[language])
            hint = hint_from_tag(language) if writer.channel == TELEGRAM else None  # Meta tells nobody's language
            message = Message(str(number), writer.conversation.address, text, None, hint)
            turn = await self._answer(message, writer.conversation)
            answer = [part for reply in turn.replies for part in parts(_WAYS[writer.channel], reply)]
            differs = len({*answer, *writer.expected}) == len(answer) + len(writer.expected)  # else nobody could tell which came
            passes = turn.urgent or is_urgent(message)  # a call for help changes the order, as it should
            tells = "privacy" in (turn.intent, turn.also)  # numbers that only the bot knows
            if answer and differs and not passes and not tells:
                break
        writer.conversation = turn.conversation
        writer.expected += answer
        return Said(number, writer.channel, writer.person, language, text, after, answer)


def _both(telegram: Sequence[str], messenger: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((TELEGRAM, person) for person in telegram)
    yield from ((MESSENGER, person) for person in messenger)


def talks(said: Sequence[Said]) -> dict[str, Talk]:
    """What each person said, in order, as a trial compares it."""
    found: dict[str, Talk] = {}
    for one in said:
        talk = found.setdefault(one.person, Talk(one.person, [], []))
        talk.script = [*talk.script, one.text]
        talk.answers.append([*one.answer])
        talk.said += 1
    return found


def writers_with(settings: Settings, seed: int = 1) -> Writers:
    """Needs the model that training left."""
    found = read_content(settings)
    act, actions = executor()
    dialogue = Dialogue(found, _remembering(nlu.load(found.examples, settings.data_dir)), act, actions, now)
    return Writers(dialogue.answer, content.read_held_out(ROOT, []), seed)


def _remembering(understand: Understand) -> Understand:
    """A question is asked by many, and means the same each time."""
    known: dict[str, Understanding] = {}

    async def remembered(text: str) -> Understanding:
        if text not in known:
            known[text] = await understand(text)
        return known[text]

    return remembered
