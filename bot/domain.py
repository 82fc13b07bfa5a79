"""What Rasa calls domain and tracker, as the actions get them, and what may be asked for by name. Pure."""

from typing import Any

from bot.content import Content
from bot.edits import LAST
from bot.reading import Request
from bot.types import HELPLINES, INTRODUCED, Conversation, Language

# All that may be remembered of a conversation. `/privacy` tells each of them in words (`utter_privacy_kept`).
SLOTS = ("language", "language_chosen", "topic", "offered", INTRODUCED, HELPLINES, LAST)


def answers_in(content: Content) -> frozenset[str]:
    """What may be asked for by name. Not what the software says by itself: "/forgotten" must not say that something was erased."""
    intents = set(content.intents)
    return frozenset(name for name in content.responses if "/" in name or name.removeprefix("utter_") in intents)


def domain_of(content: Content, actions: frozenset[str]) -> dict[str, Any]:
    """Rasa's domain, as the actions get it; `areas` and `titles` are ours."""
    return {
        "version": "3.1",
        "intents": list(content.intents),
        "actions": sorted(actions),
        "slots": {name: {"type": "any"} for name in SLOTS},
        "responses": {name: [] for name in content.responses},
        "areas": list(content.areas),
        "titles": {name: {str(k): v for k, v in titles.items()} for name, titles in content.titles.items()},
    }


def tracker_of(request: Request, conversation: Conversation, language: Language) -> dict[str, Any]:
    """`paused_until` is no slot, but stands in the person's row, and must be told. `language`: to speak in, remembered or not."""
    ranking = request.understanding.ranking if request.understanding else ()
    return {
        "sender_id": "",
        "slots": {**dict.fromkeys(SLOTS), **conversation.slots, "paused_until": conversation.paused_until},
        "latest_message": {
            "text": request.text,
            "language": language.value,
            "intent": {"name": request.intent},
            "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking],
            "entities": [{"entity": key, "value": value} for key, value in request.entities.items()],
        },
        "events": [{"event": "user", "input_channel": conversation.address.channel}],
        "paused": False,
        "followup_action": None,
        "active_loop": {},
        "latest_action_name": None,
    }
