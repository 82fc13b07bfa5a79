"""The report of `bot evaluate`: how well held-out questions are understood. It measures; it changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.content import Example
from bot.nlu.classifier import HARMLESS, kind
from bot.types import Understanding

TOP = 3
ALARMING = "alarming"  # style of harmless talk with alarming words


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


def evaluate(examples: Iterable[Example], read: Callable[[str], Understanding]) -> dict[str, Any]:
    results = [Result(example, read(example.text)) for example in examples]
    return {
        "all": _figures(results),
        "languages": _by(results, lambda r: r.example.language),
        "styles": _by(results, lambda r: r.example.tags.get("style", "")),
        "intents": _by_intent(results),
        "crisis": _by(results, lambda r: r.example.language, _crisis_figures),
        "confusions": [
            {"intent": intent, "taken_for": taken, "count": count}
            for (intent, taken), count in Counter((r.example.intent, r.found.intent) for r in results if not r.right).most_common()
        ],
    }


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """The mean over intents of the harmonic mean of precision and recall; `pairs` are (true, predicted)."""
    scores = []
    for label in sorted({true for true, _ in pairs}):
        hits = sum(true == predicted == label for true, predicted in pairs)
        claimed = sum(predicted == label for _, predicted in pairs)
        present = sum(true == label for true, _ in pairs)
        scores.append(2 * hits / (claimed + present))
    return sum(scores) / len(scores) if scores else 0.0


def _by_intent(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Recall is the share of an intent's questions that are right, precision that of the questions taken for it."""
    present = Counter(result.example.intent for result in results)
    claimed = Counter(result.found.intent for result in results)
    right = Counter(result.example.intent for result in results if result.right)
    top = Counter(result.example.intent for result in results if result.in_top)
    return {
        intent: {
            "questions": count,
            "recall": round(right[intent] / count, 4),
            "precision": round(right[intent] / claimed[intent], 4) if claimed[intent] else 0.0,
            "f1": round(2 * right[intent] / (count + claimed[intent]), 4),
            "top_3": round(top[intent] / count, 4),
        }
        for intent, count in sorted(present.items())
    }


def _figures(results: Sequence[Result]) -> dict[str, float]:
    return {
        "questions": len(results),
        "accuracy": _share(r.right for r in results),
        "macro_f1": macro_f1([(r.example.intent, r.found.intent) for r in results]),
        "top_3": _share(r.in_top for r in results),
        "answered": _share(r.found.sure for r in results),
        "sure_and_wrong": _share(r.sure_and_wrong for r in results),
        "language": _share(r.found.language == r.example.language for r in results),
    }


def _crisis_figures(results: Sequence[Result]) -> dict[str, float]:
    """Recall over crisis messages; false alarms over harmless talk with alarming words, and over all that is harmless."""
    harmless = [r for r in results if not r.is_crisis]
    return {
        "messages": sum(r.is_crisis for r in results),
        "recall": _share(r.found.crisis is not None for r in results if r.is_crisis),
        "right_kind": _share(r.found.crisis == kind(r.example.intent) for r in results if r.is_crisis),
        "alarming_but_harmless": sum(r.example.tags.get("style") == ALARMING for r in harmless),
        "false_alarms_when_alarming": _share(r.found.crisis is not None for r in harmless if r.example.tags.get("style") == ALARMING),
        "false_alarms": _share(r.found.crisis is not None for r in harmless),
    }


def _by(
    results: Sequence[Result], key: Callable[[Result], str], figures: Callable[[Sequence[Result]], dict[str, float]] = _figures
) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[key(result)].append(result)
    return {name: figures(group) for name, group in sorted(groups.items())}


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return round(sum(found) / len(found), 4) if found else 0.0
