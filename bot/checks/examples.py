"""Rules about the examples in intents/ and the held-out questions in tests/intents/."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from bot.checks.subject import Subject
from bot.content import Example, Problem
from bot.i18n import gettext as _

EXAMPLES = {"pl": 25, "uk": 25, "en": 25, "ru": 10}
OUT_OF_SCOPE = {"pl": 150, "uk": 150, "en": 150}


def examples_are_enough(subject: Subject) -> Iterator[Problem]:
    counted: Mapping[str, list[Example]] = defaultdict(list)
    for example in subject.content.examples:
        counted[example.intent].append(example)
    for intent, examples in counted.items():
        for language, least in (OUT_OF_SCOPE if intent == "out_of_scope" else EXAMPLES).items():
            count = sum(example.language == language for example in examples)
            if count < least:
                yield Problem(
                    examples[0].place,
                    _("{intent} has {count} examples in {language}; it needs {least}.").format(
                        intent=intent, count=count, language=language, least=least
                    ),
                )


def examples_are_different(subject: Subject) -> Iterator[Problem]:
    seen: dict[str, Example] = {}
    for example in subject.content.examples:
        first = seen.setdefault(key(example.text), example)
        if first is not example:
            yield Problem(
                example.place, _("the same example stands at {place} ({intent}). Keep one.").format(place=first.place, intent=first.intent)
            )


def held_out_questions_are_unseen(subject: Subject) -> Iterator[Problem]:
    examples = {key(example.text): example for example in subject.content.examples}
    for question in subject.held_out:
        if twin := examples.get(key(question.text)):
            yield Problem(
                question.place, _("this held-out question is also an example ({place}). Take one of them out.").format(place=twin.place)
            )
        if question.intent not in subject.content.intents:
            yield Problem(
                question.place, _("there is no intent {intent}. Name one that stands in intents/.").format(intent=question.intent)
            )


def key(text: str) -> str:
    """Two texts with the same key differ in nothing that matters."""
    return re.sub(r"[\W_]+", "", text.lower()) or text
