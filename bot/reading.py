"""Message + Conversation -> Request: what a person asks for, in words or by a button. It understands; it decides nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.followup import SURE, in_context, questions_in, stays_on_topic
from bot.types import Conversation, Crisis, Message, Understand, Understanding

_PAYLOAD = re.compile(r"/(?P<intent>[a-z_]+(?:/[a-z_]+)?)(?:@\w+)?")
ALIASES = {"contact": "iom/contact", "language": "change_language", "menu": "help"}
EMERGENCY_NUMBERS = ("112", "997", "998", "999")  # typed alone by somebody who takes us for them


@dataclass(frozen=True, slots=True)
class Request:
    """A message, or one of the two questions in it, after reading. `understanding` is None for a button and a command."""

    intent: str
    text: str
    entities: Mapping[str, str] = field(default_factory=dict)
    understanding: Understanding | None = None
    second: "Request | None" = None


class Reading:
    """`titles` are the questions that have an answer of their own, and what they are called in each language."""

    def __init__(self, understand: Understand, titles: Mapping[str, Mapping[str, str]]) -> None:
        self._understand, self._titles = understand, titles
        self._named = _by_title(titles)

    async def __call__(self, message: Message, conversation: Conversation) -> Request:
        spoken = message.payload or message.text.strip()
        if command := _PAYLOAD.match(spoken):
            return Request(ALIASES.get(command["intent"], command["intent"]), message.text, _entities(spoken[command.end() :].strip()))
        if not any(c.isalnum() for c in spoken):
            return Request("empty" if message.text else "unsupported", message.text)
        if spoken in EMERGENCY_NUMBERS:
            return _request(spoken, Understanding("crisis/danger", 1.0, (("crisis/danger", 1.0),), crisis=Crisis.DANGER))
        if named := self._named.get(_plain(spoken)):  # the words of a button, typed or read out
            return _request(message.text, named)
        understanding = await self._understand(message.text)
        if not understanding.crisis and (two := await self._two_questions(message.text, conversation)):
            return _worrying(two, understanding)
        return _request(message.text, self._in_context(message.text, understanding, conversation))

    def _in_context(self, text: str, alone: Understanding, conversation: Conversation) -> Understanding:
        topic = str(conversation.slots.get("topic") or "")
        if alone.crisis or topic not in self._titles or not alone.ranking:
            return alone
        return in_context(alone, topic, stays_on_topic(text, alone))

    async def _two_questions(self, text: str, conversation: Conversation) -> Request | None:
        """Both questions of a message that clearly asks two; the first may lean on what was spoken of. A crisis in one is one."""
        parts = questions_in(text)
        if not parts:
            return None
        first, second = [_request(part, await self._understand(part)) for part in parts]
        for request, other in ((first, second), (second, first)):
            if request.understanding and request.understanding.crisis:
                return replace(request, second=other if self._clear(other) else None)
        if first.understanding:
            first = _request(first.text, self._in_context(first.text, first.understanding, conversation))
        both = first.intent != second.intent and self._clear(first) and self._clear(second)
        return replace(first, second=second) if both else None

    def _clear(self, request: Request) -> bool:
        found = request.understanding
        return found is not None and (found.sure or found.confidence >= SURE) and request.intent in self._titles and not found.crisis


def _worrying(two: Request, whole: Understanding) -> Request:
    """What worries in the whole message, or in one of its questions, is not lost between them."""
    first, second = two.understanding, two.second.understanding if two.second else None
    worry = next((found.worry for found in (whole, first, second) if found and found.worry), None)
    return replace(two, understanding=replace(first, worry=worry)) if first and not first.crisis else two


def _by_title(titles: Mapping[str, Mapping[str, str]]) -> dict[str, Understanding]:
    """What two questions are called is no name; what a question is called in several languages tells none of them."""
    meant: dict[str, set[tuple[str, str]]] = {}
    for name, titled in titles.items():
        for language, title in titled.items():
            meant.setdefault(_plain(title), set()).add((name, language))
    return {title: _named(uses) for title, uses in meant.items() if len({name for name, _language in uses}) == 1}


def _named(uses: set[tuple[str, str]]) -> Understanding:
    name, language = min(uses)
    written = language if len(uses) == 1 else None
    return Understanding(name, 1.0, ((name, 1.0),), language=written, language_confidence=1.0 if written else 0.0)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!?")


def _request(text: str, understanding: Understanding) -> Request:
    return Request(understanding.intent, text, understanding=understanding)


def _entities(rest: str) -> dict[str, str]:
    """What follows an intent: Rasa's `{"language": "uk"}`, or the words after a command."""
    if rest.startswith("{"):
        try:
            return {str(key): str(value) for key, value in json.loads(rest).items()}
        except (ValueError, AttributeError, RecursionError):
            return {}
    return {"argument": rest} if rest else {}
