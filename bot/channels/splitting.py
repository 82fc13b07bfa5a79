"""Cuts a reply into parts that fit a channel. Pure; the buttons stay on the last part."""

import re
import unicodedata
from dataclasses import replace

from bot.channels.base import Limits
from bot.types import Reply

_BREAKS = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+"), re.compile(r"\s+"))
_JOINER = "\u200d"


def parts(reply: Reply, limits: Limits) -> list[Reply]:
    """The reply as messages the channel can take; a contact card is a message of its own, after the text."""
    texts = split(reply.text, limits.text)
    replies = [Reply(text, reply.language) for text in texts]
    replies[-1:] = [replace(last, buttons=reply.buttons[: limits.buttons]) for last in replies[-1:]]
    return replies + ([Reply("", reply.language, contact=reply.contact)] if reply.contact else [])


def split(text: str, limit: int) -> list[str]:
    """Cut between paragraphs, else lines, else sentences, else words, else anywhere but inside a character."""
    pieces = []
    text = text.strip()
    while len(text) > limit:
        cut = _cut(text, limit)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


def _cut(text: str, limit: int) -> int:
    for pattern in _BREAKS:
        ends = [match.start() for match in pattern.finditer(text, 0, limit + 1) if 0 < match.start() <= limit]
        if ends and (ends[-1] > limit // 3 or pattern is _BREAKS[-1]):
            return ends[-1]
    return next((cut for cut in range(limit, 0, -1) if not _inside_a_character(text, cut)), limit)


def _inside_a_character(text: str, cut: int) -> bool:
    """Accents, skin tones and everything around a zero-width joiner belong to the sign before them."""
    before, after = text[cut - 1], text[cut]
    return _JOINER in (before, after) or "\U0001f3fb" <= after <= "\U0001f3ff" or unicodedata.category(after) in ("Mn", "Mc", "Me")
