"""Who writes to the bot on Viber, and what they see of it."""

import html
from dataclasses import dataclass, field
from typing import NamedTuple

from .viber_checks import Json


class Sent(NamedTuple):
    """One message of the bot as the person sees it."""

    text: str
    buttons: tuple[tuple[str, str], ...]  # titles without their HTML, and payloads
    contact: Json | None
    message: Json


@dataclass(eq=False)
class Person:
    id: str
    language: str | None = None
    api_version: int = 10
    subscribed: bool = False
    unanswered: int = 0
    sent: list[Sent] = field(default_factory=list)


def seen(message: Json) -> Sent:
    buttons = message.get("keyboard", {}).get("Buttons", ())
    titles = tuple((html.unescape(button["Text"]), button["ActionBody"]) for button in buttons)
    return Sent(message.get("text", ""), titles, message.get("contact"), message)
