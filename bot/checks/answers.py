"""Rules about the answers as a whole: complete, current, sourced, short enough, and reachable."""

from collections.abc import Iterator
from datetime import date, timedelta

from bot.checks.subject import Subject, responses, translations
from bot.content import Problem
from bot.i18n import gettext as _
from bot.profile import BUTTONS as PROFILE_BUTTONS
from bot.reading import ALIASES
from bot.replies import OWN_BUTTONS, fingerprint, is_guidance, is_profile, is_sensitive, is_stale
from bot.types import Language

GUIDANCE = 700  # characters of an answer's own text
TITLE = 20  # characters of a button on Messenger, the narrowest
BUTTONS = 3
PAYLOAD = 64  # bytes on Telegram
SOON = timedelta(days=14)
RISKS = ("crisis", "legal", "general")


def languages_are_complete(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        for language in Language:
            if not response.texts.get(language):
                yield Problem(
                    response.place,
                    _("{name} has no text in {language}. Add it under `translation:`.").format(name=response.name, language=language),
                )
            if not response.extra.get("title", {language: "-"}).get(language):
                yield Problem(
                    response.place, _("{name} has no `title:` in {language}. Add it.").format(name=response.name, language=language)
                )
            for choice in response.choices:
                if not choice.titles.get(language):
                    yield Problem(
                        choice.place, _("this button has no title in {language}. Add it under `translation:`.").format(language=language)
                    )


def buttons_lead_somewhere(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        for choice in response.choices:
            intent = choice.payload.partition("{")[0].removeprefix("/")
            if not choice.payload.startswith("/") or not is_answered(intent, subject):
                yield Problem(
                    choice.place, _("nothing answers {payload}. Write `/` and an intent that exists.").format(payload=choice.payload)
                )
            elif response.name == f"utter_{intent}":
                yield Problem(choice.place, _("this button leads to the answer it stands under. Name another intent."))


def intents_are_answered(subject: Subject) -> Iterator[Problem]:
    places = {example.intent: example.place for example in reversed(subject.content.examples)}
    for intent, place in places.items():
        if not is_answered(intent, subject):
            yield Problem(place, _("nothing answers {intent}. Write utter_{intent} in responses/.").format(intent=intent))
        area = intent.partition("/")[0]
        if "/" in intent and area != "crisis" and (intent not in subject.content.titles or area not in subject.content.areas):
            yield Problem(
                place,
                _("{intent} is missing in the menu: give utter_{intent} a `title:` and name {area} in `areas:` of utter_help.").format(
                    intent=intent, area=area
                ),
            )

    for area in subject.content.areas:
        if area not in subject.content.titles:
            yield Problem(
                subject.content.responses["utter_help"].place,
                _("{area} stands in `areas:` but has no `title:`. Write utter_{area} with a `title:`, or take it out.").format(area=area),
            )


def replies_fit_every_channel(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        for language, text in response.texts.items():
            if is_guidance(response) and len(text) > GUIDANCE:
                yield Problem(
                    response.places[language],
                    _("{length} characters; an answer has at most {limit}.").format(length=len(text), limit=GUIDANCE),
                )
        limit = OWN_BUTTONS if is_guidance(response) or is_sensitive(response, subject.content.responses) else BUTTONS
        in_profile = response.name in PROFILE_BUTTONS
        if len(response.choices) > limit and not in_profile:
            yield Problem(response.choices[limit].place, _("at most {limit} buttons.").format(limit=limit))
        for choice in response.choices:
            if len(choice.payload.encode()) > PAYLOAD:
                yield Problem(choice.place, _("a payload has at most {limit} bytes.").format(limit=PAYLOAD))
            for title in () if in_profile else choice.titles.values():
                if len(title) > TITLE:
                    yield Problem(
                        choice.place,
                        _("“{title}” has {length} characters; a button has at most {limit}.").format(
                            title=title, length=len(title), limit=TITLE
                        ),
                    )
    for name, titles in subject.content.titles.items():
        for title in titles.values():
            if len(title) > TITLE:
                yield Problem(
                    subject.content.responses[f"utter_{name}"].place,
                    _("“{title}” has {length} characters; a button has at most {limit}.").format(
                        title=title, length=len(title), limit=TITLE
                    ),
                )


def answers_have_sources(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        if response.risk not in RISKS:
            yield Problem(response.place, _("`risk:` is one of {risks}.").format(risks=", ".join(RISKS)))
        if not isinstance(response.extra.get("sensitive", True), bool):
            yield Problem(response.place, _("`sensitive:` has another value. Write `sensitive: true`, or leave it out."))
        if not isinstance(response.checked_on, date) or not isinstance(response.review_by, date):
            yield Problem(response.place, _("`checked_on:` and `review_by:` are dates such as 2026-11-23."))
        elif response.review_by <= response.checked_on:
            yield Problem(response.place, _("`review_by:` comes after `checked_on:`."))
        if (is_guidance(response) or response.name.startswith("utter_crisis/")) and not response.sources:
            yield Problem(response.place, _("say under `sources:` where the facts come from."))


def reviews_are_due(subject: Subject) -> Iterator[Problem]:
    for response in responses(subject):
        if isinstance(response.review_by, date) and subject.today > response.review_by:
            yield Problem(
                response.place,
                _("to be reviewed by {date}: compare text and sources, then move both dates.").format(date=response.review_by)
                + (" " + _("Until then people are sent to the office.") if is_guidance(response) else ""),
                warning=True,
            )
        elif isinstance(response.review_by, date) and subject.today > response.review_by - SOON:
            yield Problem(
                response.place,
                _("to be reviewed by {date}, which is soon: compare text and sources, then move both dates.").format(
                    date=response.review_by
                ),
                warning=True,
            )


def translations_are_current(subject: Subject) -> Iterator[Problem]:
    for response, language, _text in translations(subject):
        if language not in response.translates or is_stale(response, language):
            yield Problem(
                response.places[language],
                _("the Polish text changed after this translation ({fingerprint}). Adapt it, then run `bot check --stamp`.").format(
                    fingerprint=fingerprint(response)
                ),
            )


def is_answered(intent: str, subject: Subject) -> bool:
    intent = ALIASES.get(intent, intent)
    answer = f"utter_{intent}"
    is_said = answer in subject.content.responses and not is_profile(answer)
    return intent in subject.content.areas or is_said or f"action_{intent}" in subject.actions
