"""`/start`, also from a QR code: the greeting, and the topic and language that the code names."""

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from bot.actions.language import NAMES
from bot.actions.tracker import Domain, entity, language_of, questions


class ActionStart(Action):
    def name(self) -> str:
        return "action_start"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[EventType]:
        topic, language = deep_link(entity(tracker, "argument") or "", domain)
        dispatcher.utter_message(response="utter_start")
        if topic:
            choices = questions(topic, language or language_of(tracker), domain) if topic in domain["areas"] else None
            dispatcher.utter_message(response=f"utter_{topic}", buttons=choices)
        return [SlotSet("language", language), SlotSet("language_chosen", True)] if language else []


def deep_link(argument: str, domain: Domain) -> tuple[str | None, str | None]:
    """`fair_work-unpaid_wages_uk` -> ("fair_work/unpaid_wages", "uk"). What it does not know it leaves out.

    Telegram allows A-Z a-z 0-9 _ - in a link, so a hyphen stands for the slash.
    """
    topic, _, suffix = argument.rpartition("_")
    language = suffix if suffix in NAMES else None
    name = (topic if language else argument).replace("-", "/")
    return (name if name in domain["areas"] or (name in domain["titles"] and "/" in name) else None), language
