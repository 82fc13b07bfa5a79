"""What the tests of understanding share: a handful of examples and an encoder that needs no model."""

import re
from zlib import crc32

import numpy as np

from bot.content import Example, Place
from bot.nlu.embedding import DIMENSIONS, Vectors

PHRASES = {
    "fair_work/unpaid_wages": ("pl: szef nie zapłacił mi", "uk: начальник не заплатив мені", "en: my boss did not pay me"),
    "integration/legal_stay": ("pl: jak przedłużyć kartę pobytu", "uk: як подовжити карту побиту", "en: how to extend my residence card"),
    "crisis/danger": ("pl: on mnie bije i zamknął", "uk: він мене б'є і замкнув", "en: he is beating me and locked me"),
    "crisis/suicide": ("pl: nie chcę już żyć", "uk: не хочу більше жити", "en: i do not want to live"),
    "greet": ("pl: dzień dobry", "uk: добрий день", "en: good morning"),
}
WHEN = {
    "pl": ("", "dzisiaj", "od miesiąca", "proszę"),
    "uk": ("", "сьогодні", "вже місяць", "прошу"),
    "en": ("", "today", "for a month", "please"),
}
EXAMPLES = [
    Example(intent, phrase[:2], f"{phrase[4:]} {when}".strip(), Place("intents/any.yml", 1))
    for intent, phrases in PHRASES.items()
    for phrase in phrases
    for when in WHEN[phrase[:2]]
]


class Hashing:
    """An encoder for tests: each word adds to one of 384 places. It remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> Vectors:
        self.asked.append(text)
        vector = np.zeros(DIMENSIONS, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()):
            vector[crc32(word.encode()) % DIMENSIONS] += 1
        return np.asarray(vector / (np.linalg.norm(vector) or 1), dtype=np.float32)
