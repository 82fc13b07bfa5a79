"""Whether an edited message deserves another answer. It keeps a digest of the last text, which means nothing outside this process."""

import hashlib
import hmac
import secrets

from bot.types import HELPLINES, Conversation, Message, Turn

LAST = "last_message"  # the slot: the platform's name of the last message, and the digest of its words
_KEY = secrets.token_bytes(16)  # never leaves this process, so that nobody who reads the store can guess texts


def noted(message: Message) -> list[str] | None:
    """What the slot holds after this message."""
    return [message.original, _digest(message.text)] if message.original else None


def is_news(message: Message, before: Conversation, turn: Turn) -> bool:
    """A call for help always is. Else it must be the last message, in other words, and ask for something else, in another language, or
    bring a helpline.
    """
    found = turn.understanding
    if not message.edited or (found and found.crisis):
        return True
    original, digest = before.slots.get(LAST) or ("", "")
    if original != message.original or digest == _digest(message.text):
        return False
    if found and found.worry and found.worry not in (before.slots.get(HELPLINES) or ()):
        return True
    slots = turn.conversation.slots
    return not turn.intent or turn.intent != before.slots.get("topic") or slots.get("language") != before.slots.get("language")


def _digest(text: str) -> str:
    words = "".join(character for character in text.casefold() if character.isalnum())
    return hmac.new(_KEY, words.encode(errors="replace"), hashlib.sha256).hexdigest()[:16]
