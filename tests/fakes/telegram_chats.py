"""The people who use the bot, what stands in their chats, and which of their presses wait for an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from .telegram_keyboard import Button, buttons_of
from .telegram_parameters import Json, Refusal, bad_request


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    language_code: str | None = None
    first_name: str = "Oksana"

    def as_user(self) -> Json:
        language = {"language_code": self.language_code} if self.language_code else {}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, **language}

    def as_chat(self) -> Json:
        return {"id": self.id, "type": "private", "first_name": self.first_name}


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of the bot as the person sees it now: after entities, edits and deletions."""

    method: str
    text: str
    buttons: tuple[Button, ...]
    contact: Json | None
    message: Json


class Chats:
    def __init__(self, bot: Json, clock: Callable[[], float]) -> None:
        self.bot, self._clock = bot, clock
        self.people: dict[int, Person] = {}
        self.blocked: set[int] = set()
        self.open_callbacks: dict[str, Json] = {}
        self._messages: dict[tuple[int, int], Json] = {}
        self._numbers = count(1)

    def person(self, chat_id: int | str) -> Person:
        if isinstance(chat_id, str) or chat_id not in self.people:
            raise bad_request("chat not found")
        return self.people[chat_id]

    def reachable(self, chat_id: int | str) -> Person:
        person = self.person(chat_id)
        if person.id in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return person

    def add(self, person: Person, sender: Json, **content: Any) -> Json:
        """A new message in the person's chat."""
        number = next(self._numbers)
        message = {"message_id": number, "from": sender, "chat": person.as_chat(), "date": int(self._clock())}
        return self.replace(message | {key: value for key, value in content.items() if value})

    def replace(self, message: Json) -> Json:
        """Messages are never changed: whoever holds one keeps it as it was."""
        self._messages[message["chat"]["id"], message["message_id"]] = message
        return message

    def find(self, chat_id: int | str, message_id: int) -> Json | None:
        return self._messages.get((self.person(chat_id).id, message_id))

    def delete(self, *messages: Json) -> None:
        """All or none: what is older than 48 hours stays."""
        if any(message["date"] <= self._clock() - 48 * 3600 for message in messages):
            raise bad_request("message can't be deleted for everyone")
        for message in messages:
            del self._messages[message["chat"]["id"], message["message_id"]]

    def stands(self, person: Person) -> list[Json]:
        return [message for (chat, _), message in self._messages.items() if chat == person.id]

    def sent(self, person: Person) -> list[Sent]:
        return [
            Sent("sendContact" if "contact" in message else "sendMessage", message.get("text", ""), buttons_of(message),
                 message.get("contact"), message)
            for message in self.stands(person) if message["from"] == self.bot
        ]  # fmt: skip
