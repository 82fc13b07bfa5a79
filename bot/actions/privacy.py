"""What is kept about the asking person, truthfully; and erasing it, here and in the chat."""

from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import EventType, Restarted
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.language import NAMES
from bot.actions.tracker import Domain, language_of
from bot.i18n import format_moment
from bot.types import Language

READ = NAMES | {"ru": "Русский", "be": "Беларуская"}


class ActionPrivacy(Action):
    """Adds to the general answer the very values that stand in this person's row once it is given."""

    def name(self) -> str:
        return "action_privacy"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        dispatcher.utter_message(response="utter_privacy")
        kept = told(tracker.slots, domain, language_of(tracker))
        if any(value is not None for value in kept.values()):
            dispatcher.utter_message(response="utter_privacy_kept", **kept)
        else:
            dispatcher.utter_message(response="utter_privacy_nothing")
        return []


class ActionForget(Action):
    def name(self) -> str:
        return "action_forget"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        dispatcher.utter_message(response="utter_forgotten")
        return [Restarted()]


class ActionClear(Action):
    """Forgets, empties the chat as far as its app allows, and says what is left: in the words for this app, if it has its own."""

    def name(self) -> str:
        return "action_clear"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        here = f"utter_clear_{tracker.get_latest_input_channel()}"
        dispatcher.utter_message(response=here if here in domain["responses"] else "utter_clear", json_message={"clears": True})
        return [Restarted()]


def told(slots: Mapping[str, Any], domain: Domain, language: str) -> dict[str, Any]:
    """A value for each line of `utter_privacy_kept`; None for what is not kept, whose line is left out then."""
    topic, offered, paused_until = slots.get("topic"), slots.get("offered"), slots.get("paused_until")
    chosen, spoken = slots.get("language_chosen"), NAMES.get(str(slots.get("language")))
    number, digest = slots.get("last_message") or (None, None)
    return {
        "language": None if chosen else spoken,
        "language_chosen": spoken if chosen else None,
        "topic": topic and domain["titles"].get(topic, {}).get(language, topic),
        "introduced": "" if slots.get("introduced") else None,
        "helplines": "" if slots.get("helplines") else None,
        "last_message": number,
        "digest": digest,
        "offered": offered and READ.get(offered, offered),
        "paused_until": format_moment(paused_until, Language(language)) if paused_until else None,
    }
