"""Changing the language: by button, or by naming it in a sentence."""

import re

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.tracker import Domain, entity, language_of

# Each language says its own name, so that whoever cannot read the rest finds it.
LONGEST = 1000  # characters in which a language is looked for; nobody names one in a longer text alone
NAMES = {"pl": "Polski", "uk": "Українська", "en": "English"}

_NAMED = {
    "pl": re.compile(r"pols?k|polish|поль?с|польск|пол?ьск", re.IGNORECASE),
    "uk": re.compile(r"ukra|украї|укра[иі]н|ukr\b|укр\b|мов[іу] неньк", re.IGNORECASE),
    "en": re.compile(r"angiel|engl|ingl|anhl|angli|англ|анґл|инглиш", re.IGNORECASE),
}


class ActionChangeLanguage(Action):
    def name(self) -> str:
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        wanted = entity(tracker, "language") or entity(tracker, "argument") or named_language(str(tracker.latest_message.get("text") or ""))
        if wanted in NAMES:
            dispatcher.utter_message(response="utter_language_changed")
            return [SlotSet("language", wanted), SlotSet("language_chosen", True)]
        buttons = [
            {"title": title, "payload": f'/change_language{{"language":"{code}"}}'}
            for code, title in NAMES.items()
            if code != language_of(tracker) or wanted
        ]
        dispatcher.utter_message(response="utter_change_language", buttons=buttons)
        return []


_BUT = r"(?:but|ale|tylko|а|але|но|только|można|mozna|можна|можно|proszę|prosze|please)"
_NOT_THIS = re.compile(
    r"\b(?:nie|bez|not|no|don'?t|can'?t|cannot|never|instead of|zamiast|не|замість|вместо|без)\s+"
    rf"(?:(?!{_BUT}\b)[\w'’-]+\s+){{0,3}}?(?:[\w'’]+-)?$",
    re.IGNORECASE,
)  # before the name of a language
_REFUSED = re.compile(
    r"[\w'’-]*\s{1,9}(?:[\w'’]+\s+)?(?:nie|не|don'?t|not|cannot|can'?t)\s+"
    r"(?:rozumiem|znam|czytam|m[óo]wi|umiem|розумі|знаю|чита|говор|вмі|понима|умею|understand|read|speak|know)",
    re.IGNORECASE,
)  # after it


def named_language(text: str) -> str | None:
    """The one language that a sentence asks for ("English please, I do not read Polish"); None when it names none, or several."""
    text = text[:LONGEST]
    found = [
        code
        for code, pattern in _NAMED.items()
        if any(not _NOT_THIS.search(text[: named.start()]) and not _REFUSED.match(text[named.end() :]) for named in pattern.finditer(text))
    ]
    return found[0] if len(found) == 1 else None
