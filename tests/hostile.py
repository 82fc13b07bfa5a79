"""What somebody may send who means harm: pieces of text, and deliveries turned into something else. Seeded: a finding can be repeated."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from bot.types import Message

PIECES = {
    "nothing": "",
    "zero": "\0",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "bidi overrides": "\u202e\u2066abc\u2069\u202d\u200f\u061c",
    "zero-width joiners": "a\u200d\u200b\u2060\ufeff" * 20,
    "half an emoji": "\ud83d",
    "the other half": "\udd95",
    "a family of emoji": "👩‍👩‍👧‍👦" * 50,
    "stacked accents": "e" + "\u0301" * 300,
    "homoglyphs": "ѕzеf nіе zарłасіł",
    "fullwidth": "／ｆｏｒｇｅｔ １１２",
    "markup": "<script>alert(1)</script><b>&amp;<!-- ]]> `*_[x](javascript:1)",
    "a formula": "=cmd|' /C calc'!A0",
    "another formula": '@SUM(1+9)*cmd|"/C calc"!A0',
    "a format string": "{0.__class__.__mro__} {text} {} {0} %s %n %(text)s ${text}",
    "placeholders": "{language} {topic} {name} {phone} {response} {custom}",
    "a payload": '/change_language{"language":"uk"}',
    "forget": "/forget",
    "a path": "/../../etc/passwd",
    "an injection": "'; DROP TABLE inbox; --",
    "lines": "\r\nSet-Cookie: a=b\r\n\r\n",
    "an event": "\n\nevent: replaced\ndata: x\n\n",
    "separators": "\u2028\u2029\u0085\u000b\u000c",
    "long": "a" * 20_000,
    "many emoji": "😀" * 5_000,
    "many spaces": " " * 20_000 + "x",
    "noncharacters": "\ufffe\uffff\U0010ffff",
}
NUMBERS = [
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-0",
    "1" * 30,
    "1" * 5000,
    "-9223372036854775809",
    "0.1e-400",
    "1e400",
    "18446744073709551616",
]
DEPTHS = (2, 50, 400, 900, 990, 1500, 100_000)
_RAW = "\ue000raw:"  # stands for a number that no `json.dumps` writes

Mutation = Callable[[Any, random.Random], Any]


class Mutator:
    """Turns a delivery into another one. `more` is what it may graft from."""

    def __init__(self, chance: random.Random, more: list[Any]) -> None:
        self._chance, self._more = chance, more

    def body_from(self, delivery: Any) -> bytes:
        """One to four changes of the structure, then now and then one of the bytes."""
        changed = copy.deepcopy(delivery)
        for _ in range(self._chance.choice((1, 1, 1, 2, 2, 3, 4))):
            changed = self._changed(changed)
        text = json.dumps(changed, ensure_ascii=self._chance.random() < 0.7)
        text = _with_raw_numbers(text)
        if self._chance.random() < 0.15:
            text = self._text_changed(text)
        body = text.encode(errors="surrogatepass")
        return self._bytes_changed(body) if self._chance.random() < 0.25 else body

    def _changed(self, delivery: Any) -> Any:
        places = list(_places(delivery))
        if not places:
            return self._value(delivery)
        parent, key = self._chance.choice(places)
        what = self._chance.randrange(8)
        if what == 0:
            del parent[key]
        elif what == 1:
            other, at = self._chance.choice(places)
            parent[key] = copy.deepcopy(other[at])
        elif what == 2:
            parent[key] = self._chance.choice(([parent[key]], {"x": parent[key]}, [parent[key]] * 3, {str(key): parent[key]}))
        elif what == 3 and isinstance(parent, dict):
            parent[self._chance.choice([*map(str, parent), *PIECES.values()])] = parent.pop(key)
        elif what == 4:
            parent[key] = copy.deepcopy(self._chance.choice(self._more))
        elif what == 5 and isinstance(parent[key], str):
            at = self._chance.randint(0, len(parent[key]))
            parent[key] = parent[key][:at] + self._chance.choice(list(PIECES.values())) + parent[key][at:]
        else:
            parent[key] = self._value(parent[key])
        return delivery

    def _value(self, before: Any) -> Any:
        """Something of another kind."""
        return self._chance.choice(
            (
                None,
                True,
                False,
                0,
                -1,
                1.5,
                [],
                {},
                [before],
                _RAW + self._chance.choice(NUMBERS),
                self._chance.choice(list(PIECES.values())),
                self._chance.choice(list(PIECES.values())),
                str(before)[:1000],
                _nested(self._chance.choice(DEPTHS[:3])),
            )
        )

    def _text_changed(self, text: str) -> str:
        """What JSON can say and Python's dictionaries cannot: a key twice, a depth without end."""
        if self._chance.random() < 0.5 and '": ' in text:
            at = self._chance.choice([i for i in range(len(text)) if text.startswith("{", i)] or [0])
            return text[: at + 1] + '"id": null, "text": 5, "id": "x", ' + text[at + 1 :]
        depth = self._chance.choice(DEPTHS)
        opened, closed = self._chance.choice((("[", "]"), ('{"x":', "}")))
        parts = text.split(": ")
        at = self._chance.randrange(len(parts))
        nested = opened * depth + "1" + closed * self._chance.choice((depth, depth, depth - 1))
        return ": ".join([*parts[:at], nested, *parts[at + 1 :]])

    def _bytes_changed(self, body: bytes) -> bytes:
        changed = bytearray(body)
        for _ in range(self._chance.choice((1, 1, 2, 5, 20))):
            at = self._chance.randrange(len(changed) + 1)
            what = self._chance.randrange(7)
            if what == 0 and at < len(changed):
                changed[at] ^= 1 << self._chance.randrange(8)
            elif what == 1:
                del changed[at:]
            elif what == 2:
                del changed[at : at + self._chance.randint(1, 20)]
            elif what == 3:
                changed[at:at] = self._chance.choice((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0", b"\xef\xbb\xbf"))
            elif what == 4:
                changed[at:at] = changed[at : at + self._chance.randint(1, 50)]
            elif what == 5:
                changed[at:at] = self._chance.choice((b'"', b"\\", b"{", b"}", b"[", b",", b"\\u0000", b"\\ud83d", b"\n"))
            else:
                return bytes(changed).decode("utf-8", "replace").encode(self._chance.choice(("utf-16", "utf-32", "utf-8-sig")))
        return bytes(changed)


def harm_in(message: Message) -> list[str]:
    """Why the store could not keep this message; the keys are as long as its columns."""
    texts = {"id": message.id, "person": message.sender.person, "text": message.text, "original": message.original}
    texts["payload"] = message.payload or ""
    found = [f"{name} is no text" for name, text in texts.items() if not isinstance(text, str)]
    found += [f"{name} cannot be stored" for name, text in texts.items() if isinstance(text, str) and not storable(text)]
    found += [f"{name} is too long" for name, longest in (("id", 255), ("person", 128)) if len(texts[name]) > longest]
    return found


def storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a delivery, without recursion: it may be nested deeply."""
    waiting = [value]
    while waiting:
        at = waiting.pop()
        for key in at if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ():
            yield at, key
            if isinstance(at[key], dict | list):
                waiting.append(at[key])


def _nested(depth: int) -> Any:
    value: Any = "x"
    for number in range(depth):
        value = [value] if number % 2 else {"text": value}
    return value


def _with_raw_numbers(text: str) -> str:
    for number in NUMBERS:
        text = text.replace(json.dumps(_RAW + number), number).replace(f'"{_RAW}{number}"', number)
    return text
