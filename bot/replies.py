"""The name of an answer -> the Reply a person gets: text, when it was checked, the office's contact, buttons.

It decides nothing: which answer it is was chosen in `dialogue`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date

from bot.content import Content, Response
from bot.i18n import N_, format_date, format_phone, translate
from bot.types import CLEAR, Button, ContactCard, Language, Reply

CONTACT = "/iom/contact"
NEEDED = (
    "utter_office",
    "utter_help",
    "utter_start",
    "utter_default_fallback",
    "utter_unsupported",
    "utter_empty",
    "utter_apology",
    "utter_coming",
    "utter_clear",
    "utter_ask_office",
    "utter_program",
    "utter_answered_in_uk",
    "utter_answered_in_pl",
    "utter_crisis_topic",
    "utter_crisis/danger",
    "utter_crisis/suicide",
    "utter_crisis/trafficking",
    "utter_worry_danger",
    "utter_worry_suicide",
    "utter_profile_description",
    "utter_profile_short",
    "utter_profile_greeting",
    "utter_profile_commands",
    "utter_profile_ice_breakers",
    "utter_profile_menu",
)
OWN_BUTTONS = 2  # of an answer; the contact or “clear this chat” is the third
_PHONE = re.compile(r"\+\d{8,15}\b")


class Replies:
    def __init__(self, content: Content) -> None:
        self._responses = content.responses
        self.card = card_from(content)

    def say(self, name: str, language: Language, today: date, buttons: Sequence[Button] | None = None) -> Reply:
        """`buttons` replace those of the response."""
        response = self._responses[name]
        if out_of_date(response, language, today):
            response = self._responses["utter_ask_office"]
        paragraphs = [readable(text_in(response, language))]
        if is_guidance(response) and response.checked_on:
            when = format_date(response.checked_on, language)
            paragraphs.append(translate(N_("Facts checked on {date}."), language).format(date=when))
        if is_guidance(response) or response.extra.get("office"):
            paragraphs.append(self._office(language))
        return Reply("\n\n".join(paragraphs), language, tuple(self._buttons(response, language) if buttons is None else buttons))

    def line(self, name: str, language: Language) -> str:
        """A text without date, contact and buttons."""
        return readable(text_in(self._responses[name], language))

    def _buttons(self, response: Response, language: Language) -> list[Button]:
        own = [Button(choice.titles.get(language) or choice.titles[Language.PL], choice.payload) for choice in response.choices]
        if is_guidance(response) and f"utter_{CONTACT[1:]}" != response.name:
            own = [button for button in own if button.payload != CONTACT][:OWN_BUTTONS]
            own.append(Button(translate(N_("Contact"), language), CONTACT))
        if is_sensitive(response, self._responses) and (titles := self._responses[f"utter_{CLEAR[1:]}"].extra.get("title")):
            own.append(Button(titles.get(language) or titles[Language.PL], CLEAR))
        return own

    def _office(self, language: Language) -> str:
        return text_in(self._responses["utter_office"], language).format(
            name=self.card.name, phone=format_phone(self.card.phone), email=self.card.email, url=self.card.url
        )


def missing_answers(responses: Mapping[str, Response]) -> list[str]:
    """Names that the software calls itself and nobody wrote."""
    missing = [name for name in NEEDED if name not in responses]
    return missing or ([] if "contact" in responses["utter_office"].extra else ["utter_office: contact"])


def untranslated(responses: Mapping[str, Response]) -> list[str]:
    """Places of texts that people would get in Polish, because nobody translated them."""
    return [
        str(response.place) for name, response in responses.items() if not is_guidance(response) and set(Language) - set(response.texts)
    ]


def is_guidance(response: Response) -> bool:
    """An answer of a service area, with facts that can go stale. A crisis answer is short and complete as it is."""
    return "/" in response.name and not response.name.startswith("utter_crisis/")


def is_sensitive(response: Response, responses: Mapping[str, Response]) -> bool:
    """Whether it may harm somebody that others find it in the chat: help in a crisis, and what staff marked, or its whole area."""
    area = responses.get(response.name.partition("/")[0], response)
    return response.risk == "crisis" or bool(response.extra.get("sensitive") or area.extra.get("sensitive"))


def is_profile(name: str) -> bool:
    """A text that a platform shows by itself: no message, command or button is answered with it."""
    return name.startswith("utter_profile_")


def out_of_date(response: Response, language: Language, today: date) -> bool:
    """Whether the office must be asked instead. The numbers of a crisis answer are better old than missing."""
    if not is_guidance(response):
        return False
    expired = response.review_by is not None and today > response.review_by
    return expired or is_stale(response, language)


def is_stale(response: Response, language: Language) -> bool:
    """Whether this translation is missing, or the Polish text changed after it was made."""
    if language not in response.texts:
        return True
    made_from = response.translates.get(language)
    return made_from is not None and made_from != fingerprint(response)


def text_in(response: Response, language: Language) -> str:
    """Polish when a translation is missing: help that has to be read twice is better than none. `bot check` and the start name it."""
    return response.texts.get(language) or response.texts[Language.PL]


def fingerprint(response: Response) -> str:
    return hashlib.sha256(response.texts[Language.PL].encode()).hexdigest()[:8]


def readable(text: str) -> str:
    """E.164 numbers as people write them."""
    return _PHONE.sub(lambda match: format_phone(match[0]), text)


def card_from(content: Content) -> ContactCard:
    contact = content.responses["utter_office"].extra["contact"]
    return ContactCard(**{key: str(contact[key]) for key in ("name", "organisation", "phone", "email", "url")})
