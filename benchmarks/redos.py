"""How long every regular expression of the package takes on texts that are made to slow it down, and how that grows with the length.

    python benchmarks/redos.py [--pattern PART-OF-A-NAME]

The texts are made of what the pattern itself reads: near misses, and long runs after every beginning. They are as long as the longest text
that can reach the pattern. Broken is: more than 50 ms of the processor, and growing faster than n^1.5. Ends with 1 then.
"""

import argparse
import math
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot import followup
from bot.actions import language
from bot.channels.webrequests import LARGEST_BODY
from bot.nlu.text import LONGEST
from tests.patterns import all_patterns, hostile

TOO_LONG, TOO_STEEP = 0.05, 1.5  # seconds, exponent
# Characters that reach a pattern, by the beginning of its name; the first that fits counts. The web chat takes more than the platforms.
REACHES = {
    "bot.nlu.text._INVISIBLE": 4 * LONGEST,
    "bot.nlu.text._SPACES": 4 * LONGEST,
    "bot.nlu.": LONGEST,
    "bot.followup._BETWEEN": followup._LONGEST_TEXT,
    "bot.followup._ASKED": followup._LONGEST_TEXT,
    "bot.actions.language.": language.LONGEST,
    "bot.checks.": 4000,  # what staff write
    "bot.rasa_yaml": 4000,
    "": LARGEST_BODY,
}


def seconds(pattern: re.Pattern[str], text: str, repeats: int = 1) -> float:
    best = math.inf
    for _ in range(repeats):
        began = time.process_time()
        for _found in pattern.finditer(text):
            pass
        pattern.fullmatch(text)
        best = min(best, time.process_time() - began)
    return best


def text_of(recipe: tuple[str, str, str], length: int) -> str:
    beginning, repeated, end = recipe
    return (beginning + (repeated or "x") * (length // len(repeated or "x") + 1))[: length - len(end)] + end


def worst_of(pattern: re.Pattern[str], longest: int) -> tuple[float, float, tuple[str, str, str]]:
    """Seconds on the slowest text, the exponent by which they grew over its last two doublings, and how it is made."""
    taken, recipe = max((seconds(pattern, text_of(recipe, longest)), recipe) for recipe in hostile(pattern))
    taken = seconds(pattern, text_of(recipe, longest), 3)
    quarter = max(seconds(pattern, text_of(recipe, longest // 4), 5), 1e-7)
    return taken, math.log(max(taken, 1e-7) / quarter, 4), recipe


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pattern", default="")
    asked = parser.parse_args()
    broken = 0
    print(f"{'pattern':<42} {'length':>7} {'worst ms':>9} {'grows as n^':>12}   slowest: beginning, repeated, end")
    for name, pattern in all_patterns().items():
        if asked.pattern not in name:
            continue
        longest = next(length for beginning, length in REACHES.items() if name.startswith(beginning))
        taken, exponent, recipe = worst_of(pattern, longest)
        bad = taken > TOO_LONG and exponent > TOO_STEEP
        broken += bad
        print(f"{name:<42} {longest:>7} {1000 * taken:>9.2f} {exponent:>12.2f}   {recipe!r}{'   BROKEN' if bad else ''}", flush=True)
    print(f"{broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
