"""`bot parse`: messages in, one JSON object a line out, in the shape of Rasa's /model/parse plus ours. Touches no store."""

import json
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from bot.dialogue import Dialogue
from bot.i18n import gettext as _
from bot.types import Address, Conversation, Language, Message, Turn

RANKING = 10  # intents that are shown


class InputError(Exception):
    """A line of the input that cannot be read; the text names it."""


async def parse(dialogue: Dialogue, lines: Iterable[bytes], *, jsonl: bool) -> AsyncIterator[dict[str, Any]]:
    """Plain lines are messages of separate people; with `jsonl` lines of the same `person` are one conversation."""
    conversations: dict[str, Conversation] = {}
    for number, raw in enumerate(lines, 1):
        line = _decoded(raw, number)
        message = _message(line.rstrip("\r\n"), number) if jsonl else Message(str(number), Address("parse", str(number)), line.strip())
        person = message.sender.person
        conversation = conversations.get(person, Conversation(message.sender))
        started = time.perf_counter()
        turn = await dialogue.answer(message, conversation)
        milliseconds = (time.perf_counter() - started) * 1000
        if jsonl:
            conversations[person] = turn.conversation
        yield as_json(message, turn, milliseconds)


def as_json(message: Message, turn: Turn, milliseconds: float) -> dict[str, Any]:
    understanding = turn.understanding
    return {
        "text": message.text,
        "intent": {"name": turn.intent, "confidence": understanding.confidence if understanding else 1.0},
        "intents": [intent for intent in (turn.intent, turn.also) if intent],
        "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in understanding.ranking[:RANKING]]
        if understanding
        else [],
        "language": understanding.language if understanding else None,
        "crisis": understanding.crisis.value if understanding and understanding.crisis else None,
        "worry": understanding.worry.value if understanding and understanding.worry else None,
        "action": turn.action,
        "reply_language": turn.replies[0].language.value if turn.replies else None,
        "replies": [
            {"text": reply.text, "buttons": [{"title": button.title, "payload": button.payload} for button in reply.buttons]}
            for reply in turn.replies
        ],
        "ms": round(milliseconds, 2),
    }


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise InputError(_("line {number}: not UTF-8. Save the file as UTF-8.").format(number=number)) from None


def _message(line: str, number: int) -> Message:
    try:
        given = json.loads(line)
        text, payload, person, hint = (given.get(key) for key in ("text", "payload", "person", "hint"))
        if not isinstance(text, str | None) or not isinstance(payload, str | None) or not isinstance(person, str | int | None):
            raise TypeError
        language = Language(hint) if hint in list(Language) else None
        return Message(
            str(number),
            Address("parse", f"line {number}" if person is None else str(person)),
            _whole(text or ""),
            payload and _whole(payload),
            language,
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InputError(_('line {number}: not an object such as {{"text": "...", "person": "..."}}.').format(number=number)) from None


def _whole(text: str) -> str:
    """Half an emoji, which JSON may hold and UTF-8 may not, becomes a question mark."""
    return text.encode(errors="replace").decode()
