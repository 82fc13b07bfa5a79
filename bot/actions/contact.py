"""The office's contact, as text and as a card that a phone can save; and the honest answer to "I want a human"."""

from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.tracker import Domain


class ActionContact(Action):
    def name(self) -> str:
        return "action_iom/contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        dispatcher.utter_message(response="utter_iom/contact", json_message={"contact": True})
        return []


class ActionTalkToHuman(Action):
    def name(self) -> str:
        return "action_talk_to_human"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        dispatcher.utter_message(response="utter_talk_to_human", json_message={"contact": True})
        return []
