"""One held-out question and how it was understood, and what can be said of many: shares, macro-F1, calibration."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from pathlib import PurePath

from bot.content import Example
from bot.nlu.classifier import HARMLESS, kind
from bot.types import Understanding

TOP = 3
BINS = 10  # of confidence, for the calibration


@dataclass(frozen=True, slots=True)
class Result:
    example: Example
    found: Understanding

    @property
    def right(self) -> bool:
        return self.found.intent == self.example.intent

    @property
    def in_top(self) -> bool:
        return self.example.intent in [name for name, _ in self.found.ranking[:TOP]]

    @property
    def is_crisis(self) -> bool:
        return kind(self.example.intent) != HARMLESS

    @property
    def sure_and_wrong(self) -> bool:
        return self.found.sure and not self.right

    @property
    def author(self) -> str:
        return PurePath(self.example.place.file).parent.name

    @property
    def style(self) -> str:
        return self.example.tags.get("style", "")


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """The mean over intents of the harmonic mean of precision and recall; `pairs` are (true, predicted)."""
    scores = []
    for label in sorted({true for true, _ in pairs}):
        hits = sum(true == predicted == label for true, predicted in pairs)
        claimed = sum(predicted == label for _, predicted in pairs)
        present = sum(true == label for true, _ in pairs)
        scores.append(2 * hits / (claimed + present))
    return sum(scores) / len(scores) if scores else 0.0


def calibration_error(results: Sequence[Result]) -> float:
    """How far confidence lies from the share that is right, averaged over messages (ECE). A crisis is a verdict without a confidence."""
    groups = bins(results).values()
    counted = sum(map(len, groups))
    return sum(len(group) * abs(mean(group) - share(r.right for r in group)) for group in groups) / counted if counted else 0.0


def calibration_error_by_chance(results: Sequence[Result]) -> float:
    """What the error of a model would be that is calibrated perfectly: in so few messages, as many are right as it says only nearly.

    Each bin is off by the mean of a normal distribution folded at zero.
    """
    groups = bins(results).values()
    spreads = (sqrt(sum(r.found.confidence * (1 - r.found.confidence) for r in group)) for group in groups)
    counted = sum(map(len, groups))
    return sqrt(2 / pi) * sum(spreads) / counted if counted else 0.0


def bins(results: Sequence[Result]) -> dict[int, list[Result]]:
    found: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        if result.found.crisis is None:
            found[min(int(result.found.confidence * BINS), BINS - 1)].append(result)
    return found


def mean(results: Sequence[Result]) -> float:
    return sum(r.found.confidence for r in results) / len(results)


def share(values: Iterable[bool]) -> float:
    found = list(values)
    return round(sum(found) / len(found), 4) if found else 0.0
