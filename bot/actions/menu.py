"""The menu: the service areas, or the questions of one area. Written from the domain, so nothing can be missing in it."""

from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.tracker import Domain, areas, intent_of, language_of, questions


class ActionHelp(Action):
    def name(self) -> str:
        return "action_help"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        area, language = intent_of(tracker), language_of(tracker)
        if area in domain["areas"]:
            dispatcher.utter_message(response=f"utter_{area}", buttons=questions(area, language, domain))
        else:
            dispatcher.utter_message(response="utter_help", buttons=areas(language, domain))
        return []


class ActionUnsupported(Action):
    """A photo, a voice note, a sticker, a file, a place."""

    def name(self) -> str:
        return "action_unsupported"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        dispatcher.utter_message(response="utter_unsupported", buttons=areas(language_of(tracker), domain))
        return []


class ActionEmpty(Action):
    def name(self) -> str:
        return "action_empty"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        dispatcher.utter_message(response="utter_empty", buttons=areas(language_of(tracker), domain))
        return []
