"""What a rule may look at, and the ways to walk through it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bot.content import Content, Example, Problem, Response
from bot.replies import is_guidance
from bot.types import Language


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything a rule may look at."""

    content: Content
    held_out: Sequence[Example]
    actions: Collection[str]
    today: date


Rule = Callable[[Subject], Iterator[Problem]]


def responses(subject: Subject) -> Iterator[Response]:
    yield from subject.content.responses.values()


def translations(subject: Subject) -> Iterator[tuple[Response, Language, str]]:
    for response in responses(subject):
        for language, text in response.texts.items():
            if language is not Language.PL:
                yield response, language, text


def guidance(subject: Subject) -> Iterator[tuple[Response, Language, str]]:
    for response in responses(subject):
        if is_guidance(response):
            for language, text in response.texts.items():
                yield response, language, text
