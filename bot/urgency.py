"""Which messages cannot wait their turn. It is told before they are read: the classifier hears more, but only when their turn comes."""

from bot.nlu.crisis import signs
from bot.reading import EMERGENCY_NUMBERS
from bot.types import Message


def is_urgent(message: Message) -> bool:
    if message.payload:
        return message.payload.startswith("/crisis/")
    return message.text.strip() in EMERGENCY_NUMBERS or signs(message.text).sure is not None
