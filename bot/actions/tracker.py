"""What the actions read from a tracker and a domain. Pure functions."""

from typing import Any, TypeAlias

from rasa_sdk.interfaces import Tracker

Domain: TypeAlias = Any  # Rasa's domain as parsed JSON, with `areas` and `titles` of ours


def language_of(tracker: Tracker) -> str:
    return str(tracker.slots.get("language") or tracker.latest_message.get("language") or "pl")


def intent_of(tracker: Tracker) -> str:
    return str((tracker.latest_message.get("intent") or {}).get("name") or "")


def entity(tracker: Tracker, name: str) -> str | None:
    """The value of an entity of the latest message, as in the payload `/change_language{"language": "uk"}`."""
    value = next(tracker.get_latest_entity_values(name), None)
    return None if value is None else str(value)


def button(intent: str, language: str, domain: Domain) -> dict[str, str]:
    """A button that asks `intent`, named in the person's language."""
    return {"title": domain["titles"][intent][language], "payload": f"/{intent}"}


def areas(language: str, domain: Domain) -> list[dict[str, str]]:
    """The menu: one button an area."""
    return [button(area, language, domain) for area in domain["areas"]]


def questions(area: str, language: str, domain: Domain) -> list[dict[str, str]]:
    """One button for every question of an area."""
    return [button(intent, language, domain) for intent in domain["titles"] if intent.startswith(f"{area}/")]
