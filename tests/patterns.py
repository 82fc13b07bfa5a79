"""Every regular expression of the package, what is risky in its shape, and texts that would make a risky one slow. It measures nothing."""

import ast
import importlib
import pkgutil
import random
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import bot
from bot.settings import ROOT

parser: Any = re._parser  # type: ignore[attr-defined]  # a part of `re` without types
compiler: Any = re._compiler  # type: ignore[attr-defined]  # another
_REPEATS = {parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT}
_LOOKS = {parser.ASSERT, parser.ASSERT_NOT, parser.AT}
_CALLS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
MANY = 16  # from this upper bound on a repeat counts as unbounded
FILLERS = [" ", "a", "я", "1", ",", ".", "-", "'", "_", "?", "\n", "\t", "😀", "e\u0301", "/", "{", "+", "\u200d", "\0"]
# A letter, digit, mark or space of every sort that a class of a pattern may tell apart.
SAMPLE = [chr(c) for c in (*range(0x250), *range(0x400, 0x530), *range(0x2000, 0x2070), 0xFEFF, 0xFE0F, 0xFFFD, 0x1F600, 0x1F923, 0x4E2D)]


def all_patterns() -> dict[str, re.Pattern[str]]:
    """By module and name; those written inside a call by module and line."""
    found: dict[str, re.Pattern[str]] = {}
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if module.name in ("bot.__main__", "bot.plots") or ".migrations" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            own = isinstance(value, type) and value.__module__ == module.name
            for inner, held in {f"{name}.{inner}": held for inner, held in vars(value).items()}.items() if own else [(name, value)]:
                for at, pattern in _patterns_in(held):
                    if pattern not in found.values():
                        found[f"{module.name}.{inner}{at}"] = pattern
    compiled = {pattern.pattern for pattern in found.values()}
    for file in sorted((ROOT / "bot").rglob("*.py")):
        found |= {name: pattern for name, pattern in _written_in(file) if pattern.pattern not in compiled}
    return found


def _patterns_in(value: Any) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield "", value
    elif isinstance(value, dict):
        yield from ((f"[{key}]{at}", pattern) for key, held in value.items() for at, pattern in _patterns_in(held))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{number}]{at}", pattern) for number, held in enumerate(value) for at, pattern in _patterns_in(held))


def _written_in(file: Path) -> Iterator[tuple[str, re.Pattern[str]]]:
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "re":
            text = call.args[0] if call.func.attr in _CALLS else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield f"{file.relative_to(ROOT).with_suffix('').as_posix().replace('/', '.')}:{call.lineno}", re.compile(text.value)


# --- shape


def risks_of(pattern: re.Pattern[str]) -> list[str]:
    """Unbounded repeats inside one another, and ones that may begin where another one with a common character ends."""
    return list(_risks(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG), pattern.flags))


def _risks(tree: Any, flags: int) -> Iterator[str]:
    items = list(tree)
    for number, (op, value) in enumerate(items):
        for inner in _insides(op, value):
            yield from _risks(inner, flags)
        if _is_unbounded(op, value) and op is not parser.POSSESSIVE_REPEAT and not _is_separated(value[2], tree.state, flags):
            yield f"an unbounded repeat inside another: {op} {value[2]}"
        if not (here := _unbounded_at_edge([(op, value)], tree.state, flags, at_end=True)):
            continue
        for next_op, next_value in items[number + 1 :]:
            if next_op in _LOOKS:
                continue
            if both := here & _unbounded_at_edge([(next_op, next_value)], tree.state, flags):
                yield f"two unbounded repeats of {min(both)!r} side by side: {op} {value} then {next_op} {next_value}"
            if not _may_be_empty(next_op, next_value):
                break


def _insides(op: Any, value: Any) -> list[Any]:
    if op in _REPEATS:
        return [value[2]]
    if op is parser.SUBPATTERN:
        return [value[3]]
    if op is parser.BRANCH:
        return list(value[1])
    if op in (parser.ASSERT, parser.ASSERT_NOT):
        return [value[1]]
    return [value] if op is parser.ATOMIC_GROUP else [part for part in value[1:] if part] if op is parser.GROUPREF_EXISTS else []


def _all(tree: Any) -> Iterator[tuple[Any, Any]]:
    for op, value in tree:
        yield op, value
        for inner in _insides(op, value):
            yield from _all(inner)


def _is_unbounded(op: Any, value: Any) -> bool:
    return op in _REPEATS and value[1] >= MANY


def _may_be_empty(op: Any, value: Any) -> bool:
    if op in _LOOKS:
        return True
    if op in _REPEATS:
        return value[0] == 0 or all(_may_be_empty(*item) for item in value[2])
    if op is parser.SUBPATTERN:
        return all(_may_be_empty(*item) for item in value[3])
    return op is parser.BRANCH and any(all(_may_be_empty(*item) for item in branch) for branch in value[1])


def _unbounded_at_edge(items: Any, state: Any, flags: int, *, at_end: bool = False) -> set[str]:
    """The characters of every unbounded repeat that may stand at the beginning, or at the end. A possessive one gives nothing back."""
    found: set[str] = set()
    for op, value in reversed(list(items)) if at_end else items:
        if _is_unbounded(op, value):
            if not at_end:
                found |= _first(value[2], state, flags)
            elif op is not parser.POSSESSIVE_REPEAT:
                found |= _consumes(value[2], state, flags)
        elif op not in _LOOKS:
            for inner in _insides(op, value):
                found |= _unbounded_at_edge(inner, state, flags, at_end=at_end)
        if not _may_be_empty(op, value):
            break
    return found


def _is_separated(body: Any, state: Any, flags: int) -> bool:
    """Whether nothing in it is unbounded, or each turn has a character of its own that nothing unbounded in it can read: `(?:,\\s*)+`."""
    inner = [item for item in _all(body) if _is_unbounded(*item)]
    read = frozenset[str]().union(*(_consumes(value[2], state, flags) for _, value in inner))
    ones = [item for item in body if item[0] in (parser.LITERAL, parser.IN)]
    meets = _unbounded_at_edge(body, state, flags, at_end=True) & _unbounded_at_edge(body, state, flags)
    return not inner or (not meets and any(not _consumes([one], state, flags) & read for one in ones))


def _first(items: Any, state: Any, flags: int) -> frozenset[str]:
    """The characters with which these may begin."""
    found: frozenset[str] = frozenset()
    for op, value in items:
        if op in _LOOKS:
            continue
        insides = _insides(op, value)
        found |= (
            frozenset[str]().union(*(_first(inner, state, flags) for inner in insides))
            if insides
            else _consumes([(op, value)], state, flags)
        )
        if not _may_be_empty(op, value):
            break
    return found


def _consumes(tree: Any, state: Any, flags: int) -> frozenset[str]:
    found: set[str] = set()
    for op, value in _all(tree):
        if op in (parser.LITERAL, parser.NOT_LITERAL, parser.ANY, parser.IN):
            found |= _matching(_one(op, value, state), flags)
    return frozenset(found)


def _one(op: Any, value: Any, state: Any) -> Any:
    return parser.SubPattern(state, [(op, value)])


@cache
def _known(key: str, flags: int) -> frozenset[str]:
    return frozenset(c for c in SAMPLE if _ONES[key, flags].fullmatch(c))


_ONES: dict[tuple[str, int], Any] = {}


def _matching(node: Any, flags: int) -> frozenset[str]:
    key = str(list(node))
    _ONES.setdefault((key, flags), compiler.compile(node, flags))
    return _known(key, flags)


# --- hostile texts


def hostile(pattern: re.Pattern[str], seed: int = 0) -> Iterator[tuple[str, str, str]]:
    """(beginning, what is repeated, end): near misses of every branch, and long runs after every beginning of them."""
    chance = random.Random(seed)
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    samples = {sample for _ in range(60) if (sample := _sample(tree, tree.state, pattern.flags, chance))}
    yield from (("", filler, end) for filler in FILLERS for end in ("", "\n", "!", "x"))
    for sample in sorted(samples, key=lambda text: (-len(text), text))[:40]:
        yield from (("", sample, ""), ("", sample[:-1], ""), ("", sample + " ", "\n"))
        words = sample.split(" ")
        yield from (("", words[0], ""), ("", words[0] + " ", ""), (sample[: len(sample) // 2 + 1], sample[len(sample) // 2 :][:1], ""))
        for filler in chance.sample(FILLERS, 4):
            at = chance.randint(0, len(sample))
            yield sample[:at], filler, sample[at + 1 :]
            yield sample, filler, ""


def _sample(tree: Any, state: Any, flags: int, chance: random.Random) -> str:
    """A text that matches, more or less: what looks around is left out."""
    made = ""
    for op, value in tree:
        if op in _REPEATS:
            times = chance.randint(value[0], min(value[1], value[0] + 2))
            made += "".join(_sample(value[2], state, flags, chance) for _ in range(times))
        elif op is parser.SUBPATTERN:
            made += _sample(value[3], state, flags, chance)
        elif op is parser.BRANCH:
            made += _sample(chance.choice(value[1]), state, flags, chance)
        elif op is parser.LITERAL:
            made += chr(value)
        elif op in (parser.IN, parser.ANY, parser.NOT_LITERAL):
            usual = [c for c in sorted(_matching(_one(op, value, state), flags)) if unicodedata.category(c)[0] in "LNPZ"]
            made += chance.choice(usual or ["x"])
    return made
