"""The recorded deliveries of every platform, and what is left of them when a part is missing or something else."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parent / "payloads"
_Path = tuple[str | int, ...]


def recorded(channel: str) -> dict[str, Any]:
    """By the name of its file."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted((PAYLOADS / channel).glob("*.json"))}


def damaged(delivery: Any) -> Iterator[Any]:
    """Without each of its parts, and with each of them as a list, which no platform sends in their place."""
    for path in _paths(delivery):
        for replacement in ((), ([5],)):
            changed = copy.deepcopy(delivery)
            place = changed
            for step in path[:-1]:
                place = place[step]
            if replacement:
                (place[path[-1]],) = replacement
            else:
                del place[path[-1]]
            yield changed


def _paths(value: Any, above: _Path = ()) -> Iterator[_Path]:
    steps: list[str | int] = [*value] if isinstance(value, dict) else [*range(len(value))] if isinstance(value, list) else []
    for step in steps:
        yield (*above, step)
        yield from _paths(value[step], (*above, step))
