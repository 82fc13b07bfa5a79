"""Cuts a reply into parts that fit a channel. Pure; it loses nothing but spaces between two parts.

The buttons stay on the last part. An option for which there is no button is a line of the text, so that it can be written.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate

from bot.channels.base import Limits
from bot.channels.seams import BONDS, KINDS, seams
from bot.types import Button, Reply

ELLIPSIS = "…"


def parts(reply: Reply, limits: Limits) -> list[Reply]:
    """The reply as messages the channel can take; a contact card is a message of its own, after the text."""
    buttons = [button for button in reply.buttons if len(button.payload.encode(errors="replace")) <= limits.payload][: limits.buttons]
    # Without a text there is nothing to hang buttons on, so it names them.
    listed = [button for button in reply.buttons if button not in buttons] if reply.text.strip() else reply.buttons
    lines = "\n".join(f"• {' '.join(button.title.split())}" for button in listed)
    last = min(limits.text, limits.text_with_buttons or limits.text) if buttons else limits.text
    texts = split(f"{reply.text.rstrip()}\n\n{lines}", limits.text, last, limits.size)
    replies = [Reply(text, reply.language) for text in texts]
    replies[:1] = [replace(part, clears=reply.clears) for part in replies[:1]]
    replies[-1:] = [replace(part, buttons=tuple(_titled(button, limits) for button in buttons)) for part in replies[-1:]]
    return replies + ([Reply("", reply.language, contact=reply.contact)] if reply.contact else [])


def split(text: str, limit: int, last: int | None = None, size: Callable[[str], int] = len) -> list[str]:
    """Parts of at most `limit`, the last of at most `last`, in a `size` that adds up over characters.

    They end between paragraphs, else lines, else sentences, else words; seams.py knows what else is kept whole while it fits.
    """
    text = text.strip()
    sizes = [0, *accumulate(map(size, text))]
    places = seams(text, lambda start, end: sizes[end] - sizes[start] <= limit)
    pieces, start = [], 0
    while sizes[-1] - sizes[start] > limit:
        end = max(bisect_right(sizes, sizes[start] + limit) - 1, start + 1)
        cut = _furthest(places, start + 1, bisect_right(sizes, sizes[start] + limit // 3), end)
        pieces.append(text[start:cut].rstrip())
        start = _beyond_spaces(text, cut)
    if last is not None and sizes[-1] - sizes[start] > last:
        first = min(bisect_left(sizes, sizes[-1] - last), len(text) - 1)
        cut = _closest(places, max(start + 1, len(text[:first].rstrip())))
        pieces.append(text[start:cut].rstrip())
        start = _beyond_spaces(text, cut)
    return [*pieces, text[start:]] if text else pieces


def _furthest(places: bytes, first: int, third: int, end: int) -> int:
    """The last seam of the loosest bond; between paragraphs rather than lines, and so on, unless that leaves a part nearly empty."""
    for grades in BONDS:
        if cuts := [cut for grade in grades if (cut := places.rfind(grade, first, end + 1)) != -1]:
            return next((cut for cut in cuts if cut >= third), max(cuts))
    return end


def _closest(places: bytes, first: int) -> int:
    """Where the last part begins: with the last paragraph, else as early as it may."""
    for grades in BONDS:
        if len(grades) == len(KINDS) and (cut := places.rfind(grades[0], first)) != -1:
            return cut
        if cuts := [cut for grade in grades if (cut := places.find(grade, first)) != -1]:
            return cuts[0]
    return first


def _beyond_spaces(text: str, place: int) -> int:
    while text[place].isspace():
        place += 1
    return place


def _titled(button: Button, limits: Limits) -> Button:
    if limits.size(button.title) <= limits.title:
        return button
    beginning = split(button.title, limits.title - limits.size(ELLIPSIS), size=limits.size)[:1]
    return replace(button, title="".join(beginning) + ELLIPSIS)
