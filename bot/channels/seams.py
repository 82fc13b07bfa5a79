"""Where a text may be cut, and how gladly: a grade for each place between two characters. It cuts nothing.

What stays whole, the loosest first: what stands between an opening mark of a direction and its closing one, words, then addresses and
phone numbers, then what is seen as one sign. A looser bond gives way before a tighter one, and only when there is no other place.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

_GLUE = "\u00a0\u202f\u2007"  # spaces that hold two words together
_MARKS = "\u200e\u200f\u061c"
_OPENING = {"\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069", **dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c")}
_CLOSING = "\u2069\u202c"
_JOINER = "\u200d"
_FLAG = "[\U0001f1e6-\U0001f1ff]"

_PAIR, _GLUED, _WORD, _ADDRESS, _SIGN = range(1, 6)
_BONDS = (
    (_GLUED, re.compile(rf"(?:\S|[{_GLUE}])+")),
    (_WORD, re.compile(r"\S+")),
    (_ADDRESS, re.compile(r"(?:https?://|www\.)\S+")),
    (_ADDRESS, re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)*")),
    (_ADDRESS, re.compile(rf"\+48(?:[ {_GLUE}-]?\d){{9}}|\+?\d(?:(?:[ {_GLUE}./-]|\)[ {_GLUE}]?|[ {_GLUE}]\()?\d){{5,14}}")),
    (_SIGN, re.compile(_FLAG * 2)),
    (_SIGN, re.compile(rf"(?:[{''.join(_OPENING)}]\s*)+\S")),
    (_SIGN, re.compile(rf"\S(?:\s*[{_CLOSING}])+")),
)
_SPACES = re.compile(rf"[^\S{_GLUE}]+")

# The grades of each bond in turn, from no bond on; a loose one has four, for what the spaces are between.
KINDS = ("paragraphs", "lines", "sentences", "words")
BONDS = (range(4), range(4, 8), range(8, 9), range(9, 10), range(10, 12), range(12, 13))
_NONE = 0xFF
_INSIDE = bytes([_NONE, _NONE, 8, 9, 11, 12]) + bytes(250)


def seams(text: str, fits: Callable[[int, int], bool]) -> bytes:
    """The grade of the seam before each character, the best 0; inside spaces there is none. `fits`: whether text[a:b] fits into a part."""
    bonds = bytearray(len(text) + 1)
    for bond, pattern in _BONDS:
        for match in pattern.finditer(text):
            bonds[match.start() + 1 : match.end()] = bytes([bond]) * (match.end() - match.start() - 1)
    for place in range(1, len(text)):
        if _one_sign(text[place - 1], text[place]):
            bonds[place] = _SIGN
    for start, end in _pairs(text, bonds, fits):
        for place in range(start + 1, end):
            bonds[place] = bonds[place] or _PAIR
    grades = bytearray(bonds.translate(_INSIDE))
    for spaces in _SPACES.finditer(text):
        bond = bonds[spaces.start()]
        if bond <= _PAIR:
            grades[spaces.start()] = BONDS[bond][_kind(text[spaces.start() - 1], spaces.group())]
        elif bond == _ADDRESS:
            grades[spaces.start()] = BONDS[bond][0]
    return bytes(grades)


def _kind(before: str, spaces: str) -> int:
    lines = spaces.count("\n")
    return 0 if lines > 1 else 1 if lines else 2 if before in ".!?…" else 3


def _one_sign(before: str, after: str) -> bool:
    """Accents, variation selectors, skin tones, tags and everything around a zero-width joiner belong to the sign before them."""
    if before.isspace() or after.isspace() or (before < "\u0300" and after < "\u0300"):
        return False
    if _JOINER in (before, after) or before in _MARKS or after in _MARKS or after == "\u200c":
        return True
    return "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f" or unicodedata.category(after)[0] == "M"


def _pairs(text: str, bonds: bytearray, fits: Callable[[int, int], bool]) -> Iterator[tuple[int, int]]:
    """From an opening mark to its closing one, the outermost ones that fit together with the words they touch."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    for place, character in enumerate(text):
        if character in _OPENING:
            opened.append(place)
        elif character in _CLOSING:
            while opened and _OPENING[text[opened[-1]]] != character:
                opened.pop()
            if opened:
                found.append((opened.pop(), place + 1))
    if not found:
        return
    free = [place for place, bond in enumerate(bonds) if not bond]
    done = 0
    for start, end in sorted(found):
        if start >= done and fits(free[bisect_right(free, start) - 1], free[bisect_left(free, end)]):
            done = end
            yield start, end
