"""Messages and replies as what a column of JSON holds, and back. It opens and seals nothing."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.types import Address, Button, ContactCard, Language, Message, Reply

_OF_A_MESSAGE = ("id", "text", "payload", "hint", "original", "edited")


def message_body(message: Message) -> dict[str, Any]:
    return {key: getattr(message, key) for key in _OF_A_MESSAGE}


def message_from(body: Mapping[str, Any], sender: Address) -> Message:
    return Message(sender=sender, **{**body, "hint": Language(body["hint"]) if body["hint"] else None})


def reply_body(reply: Reply) -> dict[str, Any]:
    return asdict(reply)


def reply_from(body: Mapping[str, Any]) -> Reply:
    return Reply(
        text=body["text"],
        language=Language(body["language"]),
        buttons=tuple(Button(**button) for button in body["buttons"]),
        contact=ContactCard(**body["contact"]) if body["contact"] else None,
        clears=None if body.get("clears") is None else tuple(body["clears"]),
    )
