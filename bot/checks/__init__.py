"""What `bot check` can complain about: one function a rule, each yielding problems that say where and how to mend it."""

from collections.abc import Iterator

from bot.checks.answers import (
    answers_have_sources,
    buttons_lead_somewhere,
    intents_are_answered,
    languages_are_complete,
    replies_fit_every_channel,
    reviews_are_due,
    translations_are_current,
)
from bot.checks.examples import examples_are_different, examples_are_enough, held_out_questions_are_unseen, key
from bot.checks.profile import profiles_fit_their_platforms
from bot.checks.subject import Rule, Subject
from bot.checks.wording import (
    answers_end_with_a_next_step,
    crisis_answers_carry_112,
    first_lines_are_neutral,
    numbers_are_equal,
    phones_are_valid,
    placeholders_are_equal,
    wording_is_right,
)
from bot.content import Place, Problem
from bot.i18n import gettext as _
from bot.i18n import missing_translations
from bot.replies import is_profile, missing_answers

RULES: tuple[Rule, ...] = (
    languages_are_complete,
    placeholders_are_equal,
    numbers_are_equal,
    phones_are_valid,
    buttons_lead_somewhere,
    intents_are_answered,
    replies_fit_every_channel,
    profiles_fit_their_platforms,
    crisis_answers_carry_112,
    first_lines_are_neutral,
    answers_end_with_a_next_step,
    wording_is_right,
    answers_have_sources,
    reviews_are_due,
    translations_are_current,
    examples_are_enough,
    examples_are_different,
    held_out_questions_are_unseen,
)


def check(subject: Subject) -> list[Problem]:
    return sorted({*subject.content.problems, *(problem for rule in RULES for problem in rule(subject))})


def catalogs_are_complete() -> Iterator[Problem]:
    """Everything the software says is there in every language. Not a rule of the content: it looks at the code."""
    for language, entry, place in missing_translations():
        yield Problem(
            Place(*place),
            _("“{text}” is not translated into {language}. Add it to locales/{language}/LC_MESSAGES/bot.po.").format(
                text=entry, language=language
            ),
        )


def needed_answers_are_there(subject: Subject) -> Iterator[Problem]:
    """The answers that the software itself calls by name."""
    for name in missing_answers(subject.content.responses):
        file = "responses/profile.yml" if is_profile(name) else "responses/small_talk.yml"
        yield Problem(Place(file, 1), _("{name} is missing. The software needs it; write it here.").format(name=name))


__all__ = [
    "RULES",
    "Rule",
    "Subject",
    "answers_end_with_a_next_step",
    "answers_have_sources",
    "buttons_lead_somewhere",
    "catalogs_are_complete",
    "check",
    "crisis_answers_carry_112",
    "examples_are_different",
    "examples_are_enough",
    "first_lines_are_neutral",
    "held_out_questions_are_unseen",
    "intents_are_answered",
    "key",
    "languages_are_complete",
    "needed_answers_are_there",
    "numbers_are_equal",
    "phones_are_valid",
    "placeholders_are_equal",
    "profiles_fit_their_platforms",
    "replies_fit_every_channel",
    "reviews_are_due",
    "translations_are_current",
    "wording_is_right",
]
