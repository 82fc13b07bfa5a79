"""The report of `bot evaluate`: how well held-out questions are understood. It measures; it changes nothing.

The folder of a question's file names its author. Messages with a `kind` in their metadata measure the crisis verdict alone.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bot.content import Example
from bot.nlu.classifier import HARMLESS, OUT_OF_SCOPE, kind
from bot.nlu.results import BINS, Result, bins, calibration_error, calibration_error_by_chance, macro_f1, mean, share
from bot.types import Understanding

ALARMING = "alarming"  # style of harmless talk with alarming words
UNDER_WAY = "trafficking"  # kind of a message of somebody who is held and exploited
GET_HELP = "counter_trafficking/get_help"  # whose answer gives 112 too
FIRST_WORDS = (2, 4)  # lengths at which the language is asked for
OF_ONE_LANGUAGE = ("mixed", "latin")  # styles that are not

Read = Callable[[str], Understanding]
Nearest = Callable[[str], Sequence[tuple[float, Example]]]


def evaluate(examples: Iterable[Example], read: Read, nearest: Nearest = lambda _: ()) -> dict[str, Any]:
    """`nearest` finds the examples that a question lies closest to, for whoever has to mend a confusion."""
    asked = list(examples)
    everything = [Result(example, found) for example, found in zip(asked, _each(read, [example.text for example in asked]), strict=True)]
    results = [result for result in everything if "kind" not in result.example.tags]
    crisis = [result for result in everything if "kind" in result.example.tags]
    return {
        "all": _figures(results),
        "languages": _by(results, lambda r: r.example.language),
        "authors": _by(results, lambda r: f"{r.author} {r.example.language}"),
        "styles": _by(results, lambda r: r.style),
        "intents": _by_intent(results),
        "doubt": _by(results, lambda r: r.example.language, _doubt_figures),
        "crisis": _by(results, lambda r: r.example.language, _crisis_figures),
        "crisis_kinds": _by(crisis, lambda r: f"{r.author} {r.example.language} {r.example.tags['kind']}", _alarm_figures),
        "crisis_registers": _by(crisis, lambda r: _register(r.example), _alarm_figures),
        "first_words": _first_words(results, read),
        "confusions": _confusions(results, nearest),
        "calibration": [
            {"from": low / BINS, "questions": len(inside), "confidence": mean(inside), "right": share(r.right for r in inside)}
            for low, inside in sorted(bins(results).items())
        ],
    }


def _each(read: Read, texts: Sequence[str]) -> list[Understanding]:
    """In their order, on all cores: what takes most of the time lets other threads run."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(read, texts))


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
        "accuracy": share(r.right for r in results),
        "macro_f1": macro_f1([(r.example.intent, r.found.intent) for r in results]),
        "top_3": share(r.in_top for r in results),
        "answered": share(r.found.sure for r in results),
        "sure_and_wrong": share(r.sure_and_wrong for r in results),
        "language": share(r.found.language == r.example.language for r in results),
    }


def _doubt_figures(results: Sequence[Result]) -> dict[str, float]:
    outside = [r for r in results if r.example.intent == OUT_OF_SCOPE]
    inside = [r for r in results if r.example.intent != OUT_OF_SCOPE]
    return {
        "calibration_error": round(calibration_error(results), 4),
        "by_chance": round(calibration_error_by_chance(results), 4),
        "out_of_scope": len(outside),
        "out_of_scope_recognised": share(r.right for r in outside),
        "turned_away": share(r.found.intent == OUT_OF_SCOPE and r.found.sure for r in inside),
    }


def _crisis_figures(results: Sequence[Result]) -> dict[str, float]:
    """Recall over crisis messages; false alarms and lines with a number over all that is harmless, and what of it is alarming."""
    harmless = [r for r in results if not r.is_crisis]
    return {
        "messages": sum(r.is_crisis for r in results),
        "recall": share(r.found.crisis is not None for r in results if r.is_crisis),
        "right_kind": share(r.found.crisis == kind(r.example.intent) for r in results if r.is_crisis),
        "alarming_but_harmless": sum(r.style == ALARMING for r in harmless),
        "false_alarms_when_alarming": share(r.found.crisis is not None for r in harmless if r.style == ALARMING),
        "false_alarms": share(r.found.crisis is not None for r in harmless),
        "lines_when_alarming": share(r.found.worry is not None for r in harmless if r.style == ALARMING),
        "lines": share(r.found.worry is not None for r in harmless),
    }


def _alarm_figures(results: Sequence[Result]) -> dict[str, float]:
    """Of one kind or register: how many raise an alarm, how many of them one of their own kind, and how many else get the line."""
    return {
        "messages": len(results),
        "heard": share(map(_heard, results)),
        "right_kind": share(_heard(r) and r.found.crisis in (r.example.tags["kind"], None) for r in results),
        "line": share(not _heard(r) and r.found.worry is not None for r in results),
        "heard_or_line": share(_heard(r) or r.found.worry is not None for r in results),
    }


def _heard(result: Result) -> bool:
    under_way = result.example.tags["kind"] == UNDER_WAY and result.found.intent == GET_HELP and result.found.sure
    return result.found.crisis is not None or under_way


def _register(example: Example) -> str:
    harmless = f" ({HARMLESS})" if example.tags["kind"] == HARMLESS else ""
    return example.tags.get("register", example.tags.get("style", "")) + harmless


def _first_words(results: Sequence[Result], read: Read) -> dict[str, dict[str, float]]:
    """How often the language is right when only the first words of a question are there. Each question once a length."""
    whole = [r.example for r in results if r.style not in OF_ONE_LANGUAGE]
    figures = {}
    for count in FIRST_WORDS:
        found = _each(read, [" ".join(question.text.split()[:count]) for question in whole])
        right: dict[str, list[bool]] = defaultdict(list)
        for question, understood in zip(whole, found, strict=True):
            right[question.language].append(understood.language == question.language)
        figures[str(count)] = {language: share(right[language]) for language in sorted(right)}
    return figures


def _confusions(results: Sequence[Result], nearest: Nearest) -> list[dict[str, Any]]:
    wrong: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if not result.right:
            wrong[result.example.intent, result.found.intent].append(result)
    return [
        {
            "intent": intent,
            "taken_for": taken,
            "count": len(group),
            "questions": [str(r.example.place) for r in group],
            "nearest": [str(example.place) for _, example in nearest(group[0].example.text)],
        }
        for (intent, taken), group in sorted(wrong.items(), key=lambda item: -len(item[1]))
    ]


def _by(
    results: Sequence[Result], key: Callable[[Result], str], figures: Callable[[Sequence[Result]], dict[str, float]] = _figures
) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[key(result)].append(result)
    return {name: figures(group) for name, group in sorted(groups.items())}
