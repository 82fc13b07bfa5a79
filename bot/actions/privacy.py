"""What is kept about the asking person, truthfully; and erasing it, here and in the chat."""

from rasa_sdk.events import EventType, Restarted
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.language import NAMES
from bot.actions.tracker import Domain, language_of


class ActionPrivacy(Action):
    """Adds to the general answer the very values that stand in this person's row."""

    def name(self) -> str:
        return "action_privacy"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        language = language_of(tracker)
        topic = domain["titles"].get(tracker.slots.get("topic"), {}).get(language, "-")
        dispatcher.utter_message(response="utter_privacy")
        dispatcher.utter_message(response="utter_privacy_kept", language=NAMES[language], topic=topic)
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
