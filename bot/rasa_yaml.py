"""Rasa's YAML files, read so that every value knows its line. What cannot be read becomes a problem, never an exception."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # its part in C has no types
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.resolver import VersionedResolver

from bot.i18n import gettext as _

DEEPEST = 50  # values within values


@dataclass(frozen=True, slots=True, order=True)
class Place:
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a file and how to mend it. A warning does not stop anything."""

    place: Place
    message: str
    warning: bool = False

    def __str__(self) -> str:
        kind = _("warning") if self.warning else _("error")
        return f"{self.place}: {kind}: {self.message}"


def files_in(directory: Path) -> list[Path]:
    return sorted([*directory.glob("*.yml"), *directory.glob("*.yaml")])


class _Constructor(RoundTripConstructor):
    """Gives an impossible value, such as 2026-02-30, the line that a ValueError lacks."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None


class Quick(CParser, RoundTripConstructor, VersionedResolver):  # type: ignore[misc]  # as above
    """libyaml's parser, several times as fast, with the values and lines of the one in Python."""

    comment_handling = None

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self._parser = self._composer = self
        RoundTripConstructor.__init__(self, loader=self)
        VersionedResolver.__init__(self, loadumper=self)
        self._depth = 0

    def descend_resolver(self, parent: Node | None, key: Node | int | None) -> None:
        """Called before each value within another: beyond the stack of C the process would end without a word."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise RecursionError
        super().descend_resolver(parent, key)

    def ascend_resolver(self) -> None:
        self._depth -= 1
        super().ascend_resolver()


def parsed(text: str) -> Any:
    """The document. What is quick to read knows an older YAML (no URL in `[..]`): what it refuses, the one in Python reads or explains."""
    try:
        return Quick(text).get_single_data()
    except Exception:
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        return yaml.load(text)


def load(file: Path, root: Path, problems: list[Problem]) -> CommentedMap:
    """The document, or an empty one."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problems.append(Problem(Place(name_of(file, root), 1), _("save this file as UTF-8.")))
        return CommentedMap()
    try:
        document = parsed(text)
    except Exception as error:  # besides its own errors ruamel.yaml lets through any that a wrong tag or a deep nesting causes
        line, reason = _reason(error, text)
        message = _("not valid YAML: {problem}. Look for a wrong indentation, quote or colon here and in the line above.")
        problems.append(Problem(Place(name_of(file, root), line), message.format(problem=reason)))
        return CommentedMap()
    if not isinstance(document, CommentedMap) or str(document.get("version")) != "3.1":
        problems.append(Problem(Place(name_of(file, root), 1), _('start the file with `version: "3.1"`.')))
        return CommentedMap()
    return document


def _reason(error: Exception, text: str) -> tuple[int, str]:
    """The line, and what is wrong there."""
    if isinstance(error, ReaderError):
        return text.count("\n", 0, error.position) + 1, str(error.reason)
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, DuplicateKeyError):  # its own text quotes the whole answer
        name = re.search(r'duplicate key "([^"]*)"', str(error.problem))
        return mark.line + 1 if mark else 1, _("“{name}” stands here twice").format(name=name[1] if name else "?")
    return mark.line + 1 if mark else 1, str(getattr(error, "problem", error))


def blocks_of(document: CommentedMap, key: str, file: Path, root: Path, problems: list[Problem]) -> Iterator[CommentedMap]:
    blocks = document.get(key) or CommentedSeq()
    for index, block in enumerate(blocks if isinstance(blocks, CommentedSeq) else (None,)):
        if isinstance(block, CommentedMap):
            yield block
        else:
            line = int(blocks.lc.data[index][0]) + 1 if isinstance(blocks, CommentedSeq) else line_of(document, key)
            problems.append(
                Problem(Place(name_of(file, root), line), _("`{key}:` is a list; each block starts with `- intent:`.").format(key=key))
            )


def line_of(mapping: CommentedMap, key: str) -> int:
    position = mapping.lc.data.get(key) if mapping.lc.data else None
    return int(position[0]) + 1 if position else int(mapping.lc.line) + 1


def place_of(file: Path, root: Path, block: CommentedMap) -> Place:
    return Place(name_of(file, root), int(block.lc.line) + 1)


def name_of(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
