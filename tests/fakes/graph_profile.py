"""The Messenger profile of a Page: get-started button, greeting, ice breakers, persistent menu, commands."""

from collections.abc import Callable
from typing import Any

from .graph_errors import Json, invalid
from .graph_shapes import boolean, fields, items, locale, one_of, text
from .graph_templates import PAYLOAD, button_from

_MANY = 100  # of locales and commands: the documentation names no limit


class Profile:
    def __init__(self) -> None:
        self.properties: Json = {}

    def set(self, body: Json) -> Json:
        """All of it or nothing."""
        if not body:
            raise invalid("The request sets nothing")
        fields(body, "the profile", [], PROPERTIES)
        for name, value in body.items():
            PROPERTIES[name](value, name)
        return self._keep(self.properties | body)

    def read(self, names: str) -> Json:
        wanted = _known(names.split(","))
        found = {name: self.properties[name] for name in wanted if name in self.properties}
        return {"data": [found] if found else []}

    def delete(self, body: Json) -> Json:
        gone = _known(items(fields(body, "the request", ["fields"])["fields"], "fields", len(PROPERTIES)))
        return self._keep({name: value for name, value in self.properties.items() if name not in gone})

    def _keep(self, properties: Json) -> Json:
        if "persistent_menu" in properties and "get_started" not in properties:
            raise invalid("You must set a Get Started button if you also wish to use persistent menu")
        self.properties = properties
        return {"result": "success"}


def _known(names: list[Any]) -> list[str]:
    return [one_of(name, "param fields", PROPERTIES) for name in names]


def _get_started(value: object, where: str) -> None:
    text(fields(value, where, ["payload"])["payload"], f"{where}.payload", PAYLOAD)


def _greeting(value: object, where: str) -> None:
    for at, one in _by_locale(value, where, ["text"]):
        text(one["text"], f"{at}.text", 160)


def _ice_breakers(value: object, where: str) -> None:
    for at, one in _by_locale(value, where, ["call_to_actions"]):
        for number, question in enumerate(items(one["call_to_actions"], f"{at}.call_to_actions", 4)):
            place = f"{at}.call_to_actions[{number}]"
            found = fields(question, place, ["question", "payload"])
            text(found["question"], f"{place}.question", 80)
            text(found["payload"], f"{place}.payload", PAYLOAD)


def _persistent_menu(value: object, where: str) -> None:
    for at, one in _by_locale(value, where, [], ["call_to_actions", "composer_input_disabled"]):
        disabled = boolean(one.get("composer_input_disabled", False), f"{at}.composer_input_disabled")
        if "call_to_actions" not in one and not disabled:
            raise invalid(f"{at} needs call_to_actions")
        actions = items(one["call_to_actions"], f"{at}.call_to_actions", 20) if "call_to_actions" in one else []
        for number, item in enumerate(actions):
            button_from(item, f"{at}.call_to_actions[{number}]", 30, ("postback", "web_url"))


def _commands(value: object, where: str) -> None:
    for at, one in _by_locale(value, where, ["commands"]):
        names = []
        for number, command in enumerate(items(one["commands"], f"{at}.commands", _MANY)):
            place = f"{at}.commands[{number}]"
            found = fields(command, place, ["name", "description"])
            names.append(text(found["name"], f"{place}.name", 32))
            text(found["description"], f"{place}.description", 64)
            if names[-1].startswith("/") or len(names[-1].split()) > 1:
                raise invalid(f"{place}.name must be one word without its slash")
        if len(set(names)) < len(names):
            raise invalid(f"{at}.commands has a name twice")


def _by_locale(value: object, where: str, required: list[str], optional: list[str] | None = None) -> list[tuple[str, Json]]:
    entries = [(f"{where}[{at}]", entry) for at, entry in enumerate(items(value, where, _MANY))]
    names = [locale(fields(entry, at, ["locale", *required], optional or [])["locale"], f"{at}.locale") for at, entry in entries]
    if "default" not in names:
        raise invalid(f"{where} needs an entry for the locale default")
    if len(set(names)) < len(names):
        raise invalid(f"{where} has a locale twice")
    return entries


PROPERTIES: dict[str, Callable[[object, str], None]] = {
    "get_started": _get_started,
    "greeting": _greeting,
    "ice_breakers": _ice_breakers,
    "persistent_menu": _persistent_menu,
    "commands": _commands,
}
