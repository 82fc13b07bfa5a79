"""What a person sees of the bot before and around the chat: its name, descriptions, commands and menu button."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from .telegram_chats import Chats
from .telegram_parameters import Json, bad_request

_LONGEST = {"name": 64, "description": 512, "short_description": 120}


class Profile:
    """One function a method of the Bot API, named after it."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self.profile: dict[tuple[str, ...], Any] = {}

    def set_my_commands(self, p: Json) -> bool:
        if len(p["commands"]) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        commands = [{"command": c["command"].strip().removeprefix("/"), "description": c["description"].strip()} for c in p["commands"]]
        for command in commands:
            for what, value, longest in (("command", command["command"], 32), ("command description", command["description"], 256)):
                if not value:
                    raise bad_request(f"{what} must be non-empty")
                if len(value) > longest:
                    raise bad_request(f"{what} length must not exceed {longest}")
            if not re.fullmatch("[a-z0-9_]+", command["command"]):
                raise bad_request("BOT_COMMAND_INVALID")
        return self._set(commands, "commands", p)

    def delete_my_commands(self, p: Json) -> bool:
        return self._set([], "commands", p)

    def get_my_commands(self, p: Json) -> list[Json]:
        found: list[Json] = self._get([], "commands", p)
        return found

    def set_my_name(self, p: Json) -> bool:
        return self._describe("name", p)

    def get_my_name(self, p: Json) -> Json:
        return {"name": self._get("", "name", p)}

    def set_my_description(self, p: Json) -> bool:
        return self._describe("description", p)

    def get_my_description(self, p: Json) -> Json:
        return {"description": self._get("", "description", p)}

    def set_my_short_description(self, p: Json) -> bool:
        return self._describe("short_description", p)

    def get_my_short_description(self, p: Json) -> Json:
        return {"short_description": self._get("", "short_description", p)}

    def _describe(self, what: str, p: Json) -> bool:
        if len(p.get(what, "")) > _LONGEST[what]:
            raise bad_request(f"{what} length must not exceed {_LONGEST[what]}")
        return self._set(p.get(what, ""), what, p)

    def _set(self, value: Any, what: str, p: Json) -> bool:
        self.profile[self._key(what, p)] = value
        return True

    def _get(self, default: Any, what: str, p: Json) -> Any:
        return self.profile.get(self._key(what, p), default)

    def _key(self, what: str, p: Json) -> tuple[str, ...]:
        language, scope = p.get("language_code", ""), p.get("scope", {"type": "default"})
        if not re.fullmatch("([a-z]{2})?", language):
            raise bad_request("invalid language code specified")
        if "chat_id" in scope:
            self._chats.person(scope["chat_id"])
        return (what, language, json.dumps(scope, sort_keys=True)) if what == "commands" else (what, language)

    def set_chat_menu_button(self, p: Json) -> bool:
        button = p.get("menu_button", {"type": "default"})
        if "web_app" in button and urlsplit(button["web_app"]["url"]).scheme != "https":
            raise bad_request("menu button Web App URL is invalid: Only HTTPS links are allowed")
        self.profile[self._menu_key(p)] = button
        return True

    def get_chat_menu_button(self, p: Json) -> Json:
        found: Json = self.profile.get(self._menu_key(p), {"type": "default"})
        return found

    def _menu_key(self, p: Json) -> tuple[str, ...]:
        return ("menu_button", str(self._chats.person(p["chat_id"]).id)) if "chat_id" in p else ("menu_button",)
