"""How much understanding is lost when people mistype: the held-out questions, spoiled in five ways, in one run.

    python benchmarks/robustness.py

Reads the model that training left; prints the share of right answers and the points lost against the clean text.
"""

import random
from collections.abc import Callable

from bot import content, nlu
from bot.channels import all_settings
from bot.nlu.text import latin_from_cyrillic, without_diacritics
from bot.settings import ROOT, load
from bot.types import Understanding

TYPOS = 0.08  # of the letters
LANGUAGES = ("pl", "uk", "en", "ru")


def with_typos(text: str, chance: random.Random) -> str:
    """Letters dropped, doubled, swapped with the next, or replaced by another of the text, each as often."""
    letters = list(text)
    others = [c for c in text if c.isalpha()] or ["a"]
    for i, letter in enumerate(letters):
        if letter.isalpha() and chance.random() < TYPOS:
            following = letters[i + 1] if i + 1 < len(letters) else ""
            letters[i] = chance.choice(["", letter * 2, following + letter, chance.choice(others)])
            if letters[i] == following + letter and following:
                letters[i + 1] = ""
    return "".join(letters)


def capitals(text: str, _chance: random.Random) -> str:
    return text.upper()


def plain_letters(text: str, _chance: random.Random) -> str:
    return without_diacritics(text) if any(c < "\u0400" and c.isalpha() for c in text) else text


def no_marks(text: str, _chance: random.Random) -> str:
    return "".join(c for c in text if c.isalnum() or c.isspace())


def in_latin(language: str) -> Callable[[str, random.Random], str]:
    return lambda text, _chance: latin_from_cyrillic(text, language)


def main() -> None:
    settings = load(all_settings())
    read = nlu.reader(content.read(settings.content_dir).examples, settings.data_dir)
    questions = [question for question in content.read_held_out(ROOT, []) if "kind" not in question.tags]
    spoilt: dict[str, Callable[[str, random.Random], str]] = {
        "clean": lambda text, _: text,
        "typos in 8 % of letters": with_typos,
        "capitals": capitals,
        "without diacritics": plain_letters,
        "without punctuation": no_marks,
    }
    clean: dict[str, float] = {}
    for name, spoil in spoilt.items():
        print(f"{name:<26}" + "".join(cell(language, share(read, questions, language, spoil), clean) for language in LANGUAGES))
    latin = {language: share(read, questions, language, in_latin(language)) for language in ("uk", "ru")}
    print(f"{'in Latin letters':<26}" + "".join(cell(language, value, clean) for language, value in latin.items()))


def share(
    read: Callable[[str], Understanding],
    questions: list[content.Example],
    language: str,
    spoil: Callable[[str, random.Random], str],
) -> float:
    chance = random.Random(0)
    asked = [question for question in questions if question.language == language]
    return sum(read(spoil(question.text, chance)).intent == question.intent for question in asked) / len(asked)


def cell(language: str, value: float, clean: dict[str, float]) -> str:
    lost = clean.setdefault(language, value) - value
    return f"  {language} {100 * value:5.1f} % ({100 * lost:+5.1f} lost)"


if __name__ == "__main__":
    main()
