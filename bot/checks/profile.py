"""Rules about what platforms show before the first message and in their menus: each text and title keeps its platform's limits."""

import re
from collections.abc import Iterator

from bot.channels.base import utf16
from bot.checks.subject import Subject
from bot.content import Problem, Response
from bot.i18n import gettext as _
from bot.profile import BUTTONS, TEXTS

COMMAND = re.compile(r"/[a-z0-9_]{1,32}")


def profiles_fit_their_platforms(subject: Subject) -> Iterator[Problem]:
    for name, response in subject.content.responses.items():
        if name in TEXTS:
            yield from _long_texts(response, TEXTS[name])
        elif name in BUTTONS:
            yield from _wrong_buttons(response, *BUTTONS[name])


def _long_texts(response: Response, limit: int) -> Iterator[Problem]:
    for language, text in response.texts.items():
        if utf16(text) > limit:
            yield Problem(
                response.places[language],
                _("{length} characters; the platform shows at most {limit}. Shorten it.").format(length=utf16(text), limit=limit),
            )


def _wrong_buttons(response: Response, most: int, limit: int) -> Iterator[Problem]:
    if not 1 <= len(response.choices) <= most:
        place = response.choices[most].place if response.choices else response.place
        number = len(response.choices)
        yield Problem(place, _("{number} buttons; the platform takes at least 1 and at most {most}.").format(number=number, most=most))
    for choice in response.choices:
        if response.name == "utter_profile_commands" and not COMMAND.fullmatch(choice.payload):
            yield Problem(
                choice.place,
                _("{payload} cannot be a command. Write `/` and at most 32 of a-z, 0-9 and _.").format(payload=choice.payload),
            )
        for title in choice.titles.values():
            if utf16(title) > limit:
                yield Problem(
                    choice.place,
                    _("“{title}” has {length} characters; here a title has at most {limit}. Shorten it.").format(
                        title=title, length=utf16(title), limit=limit
                    ),
                )
