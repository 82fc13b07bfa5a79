"""What Viber sends us, as messages. It reads events and calls nothing."""

import re
from typing import Any

from bot.channels.webhooks import key_from, person_from, storable
from bot.i18n import N_, hint_from_tag, translate
from bot.types import Address, Button, Language, Message, Reply

NAME = "viber"
WELCOME = N_("I am a program of IOM's Kraków office, not a person. Write to me, and I will answer. In danger call 112.")
START = N_("Start")
# A pressed button comes back as a text. Whatever else begins with a slash was typed, and is read as such.
_PRESSED = re.compile(r"/[a-z_]+(?:/[a-z_]+)?(?:\s?\{.*\}| [\w-]{1,64})?")
_CONTEXT = re.compile(r"[\w-]{1,64}")


def message_from(event: Any) -> Message | None:
    """What a person wrote or pressed, or the link by which a subscriber came; None for everything else."""
    match event:
        case {"event": "message", "message_token": token, "sender": {"id": str(person)} as sender, "message": dict(content)}:
            text = content.get("text")
            text = storable(text) if isinstance(text, str) else ""
            pressed = _PRESSED.fullmatch(text) is not None
            return _message(token, person, "" if pressed else text, text if pressed else None, sender)
        case {"event": "conversation_started", "subscribed": True, "message_token": token, "user": {"id": str(person)} as user}:
            context = _context_of(event)
            return _message(token, person, "", f"/start {context}", user) if context else None
        case _:
            return None


def welcome_for(event: Any) -> Reply | None:
    """What somebody reads who opened the chat and did not write yet: all that Viber lets us say before they do."""
    match event:
        case {"event": "conversation_started", "user": dict(user)} if event.get("subscribed") is not True:
            language = _hint_of(user) or Language.PL
            payload = f"/start {_context_of(event)}".strip()
            return Reply(translate(WELCOME, language), language, (Button(translate(START, language), payload),))
        case _:
            return None


def person_who_left(event: Any) -> Address | None:
    match event:
        case {"event": "unsubscribed", "user_id": str(person)}:
            return _address(person)
        case _:
            return None


def kind_of(event: Any) -> str:
    """Empty: it is no event."""
    kind = event.get("event") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else ""


def _message(token: Any, person: str, text: str, payload: str | None, sender: dict[str, Any]) -> Message | None:
    """The token has 64 bits: it stays whole as a text."""
    address = _address(person)
    try:
        return Message(key_from(token), address, text, payload, _hint_of(sender)) if address else None
    except ValueError:
        return None


def _address(person: str) -> Address | None:
    try:
        return Address(NAME, person_from(person))
    except ValueError:
        return None


def _hint_of(person: dict[str, Any]) -> Language | None:
    tag = person.get("language")
    return hint_from_tag(tag) if isinstance(tag, str) else None


def _context_of(event: dict[str, Any]) -> str:
    """What a link `viber://pa?chatURI=...&context=...` carries. What cannot be one of ours is left out."""
    context = event.get("context")
    return context if isinstance(context, str) and _CONTEXT.fullmatch(context) else ""
