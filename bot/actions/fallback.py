"""Not sure: two or three plain choices, never a guess dressed as an answer."""

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.tracker import Domain, areas, button, language_of

CHOICES = 3
LIKELY = 0.3  # probability of a guess that the next message may lean on
LEAST = 0.02  # probability under which a choice would only puzzle
_NOT_A_CHOICE = ("crisis/", "greet", "goodbye", "thanks", "bot_challenge", "complaint", "out_of_scope")


class ActionDefaultFallback(Action):
    def name(self) -> str:
        return "action_default_fallback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        language = language_of(tracker)
        ranking = [
            str(entry["name"])
            for entry in tracker.latest_message.get("intent_ranking") or ()
            if entry["confidence"] >= LEAST and entry["name"] in domain["titles"] and not entry["name"].startswith(_NOT_A_CHOICE)
        ]
        buttons = [button(name, language, domain) for name in ranking[:CHOICES]] or areas(language, domain)
        if len(buttons) == 1:
            buttons.append(button("help", language, domain))
        dispatcher.utter_message(response="utter_default_fallback", buttons=buttons)
        likely = (str(entry["name"]) for entry in tracker.latest_message.get("intent_ranking") or () if entry["confidence"] >= LIKELY)
        about = next((name for name in likely if "/" in name and name in ranking), None)
        return [SlotSet("topic", about)] if about else []  # what comes next may lean on a good guess
