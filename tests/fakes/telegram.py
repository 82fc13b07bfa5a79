"""A strict fake of Telegram: the Bot API over HTTP on 127.0.0.1, and the people who write to the bot.

It refuses what Telegram refuses, in Telegram's words, and some of what Telegram silently ignores or repairs.

    async with FakeTelegram() as fake:
        bot = telegram.Bot(fake.token, base_url=f"{fake.url}/bot")
        person = fake.person(7, language_code="uk")
        fake.say(person, "/start")
        await fake.until(lambda: fake.sent(person))
        fake.press(person, "Контакт")
"""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, NamedTuple, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .changes import Changes
from .faults import ANY
from .server import serve
from .telegram_chats import Chats, Person, Sent
from .telegram_faults import TelegramFaults, refused
from .telegram_methods import Methods
from .telegram_parameters import METHODS, Json, Refusal, checked, parameters_of
from .telegram_updates import Delivery, Updates

__all__ = ["ANY", "Call", "Delivery", "FakeTelegram", "Person", "Sent"]

_METHODS = {name.lower(): name for name in METHODS}


class Call(NamedTuple):
    """One request of the bot, refused or not; every parameter in its own type unless that was the trouble."""

    method: str
    params: Json


class FakeTelegram:
    """`webhook_transport` delivers to an app in this process, as `httpx.ASGITransport(app)`, under any https URL."""

    def __init__(
        self,
        token: str = "123456:fake-token",
        *,
        allow_http_webhook: bool = False,
        retry_delay: float = 0.05,
        max_retry_after: float = 0.05,
        webhook_timeout: float = 60.0,
        webhook_transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.token = token
        self.url = ""
        self.calls: list[Call] = []
        self.refusals: list[str] = []  # what we refused on our own account, not what a fault did
        self.faults = TelegramFaults()
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        self._changes = Changes()
        self._callback_numbers = count(1)
        client = httpx.AsyncClient(transport=webhook_transport, timeout=webhook_timeout, trust_env=False)
        bot = {"id": int(token.split(":", maxsplit=1)[0]), "is_bot": True, "first_name": "Bot", "username": "fake_bot"}
        self._chats = Chats(bot, clock)
        self._updates = Updates(client, self._changes, retry_delay, max_retry_after)
        self._methods = Methods(self._chats, self._updates, allow_http_webhook)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self._updates.client)
        self.url = await self._running.enter_async_context(serve(self.app))
        self._running.push_async_callback(self._updates.close)
        self._running.callback(self.faults.clear)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._running.aclose()

    # People

    def person(self, id: int, language_code: str | None = None, first_name: str = "Oksana") -> Person:
        """Somebody who has pressed Start, so that the bot may write to them."""
        person = self._chats.people[id] = Person(id, language_code, first_name)
        return person

    def say(self, person: Person, text: str) -> Json:
        """Returns the update, which carries the message."""
        if not 1 <= len(text.strip()) <= 4096:
            raise ValueError("Telegram's clients send 1-4096 characters")
        command = re.match(r"/\w{1,32}", text, re.ASCII)
        entities = [{"type": "bot_command", "offset": 0, "length": command.end()}] if command else None
        return self.send_update({"message": self._chats.add(person, person.as_user(), text=text, entities=entities)})

    def press(self, person: Person, title: str) -> Json:
        """The newest button of that title which the person can see; its `callback_query["id"]` waits for an answer."""
        for sent in reversed(self.sent(person)):
            for row in sent.message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"] == title and "callback_data" in button:
                        query = {"message": sent.message, "data": button["callback_data"]}
                        return self.send_update({"callback_query": self._callback(person) | query})
        raise LookupError(f"no button {title!r} to press among {[tuple(sent.buttons) for sent in self.sent(person)]}")

    def _callback(self, person: Person) -> Json:
        return {"id": f"{person.id}{next(self._callback_numbers):06}", "from": person.as_user(), "chat_instance": str(-person.id)}

    def block(self, person: Person) -> Json:
        self._chats.blocked.add(person.id)
        return self._membership(person, "member", "kicked")

    def unblock(self, person: Person) -> Json:
        self._chats.blocked.discard(person.id)
        return self._membership(person, "kicked", "member")

    def _membership(self, person: Person, old: str, new: str) -> Json:
        times = {"kicked": {"until_date": 0}, "member": {}}
        before, after = ({"user": self._chats.bot, "status": status, **times[status]} for status in (old, new))
        head = {"chat": person.as_chat(), "from": person.as_user(), "date": int(time.time())}
        return self.send_update({"my_chat_member": head | {"old_chat_member": before, "new_chat_member": after}})

    def sent(self, person: Person) -> list[Sent]:
        """The bot's messages in the person's chat, oldest first, as they stand there now."""
        return self._chats.sent(person)

    def stands(self, person: Person) -> list[Json]:
        """Everything that stands in the person's chat now, also what they wrote."""
        return self._chats.stands(person)

    # Updates

    def send_update(self, update: Json) -> Json:
        """Queue any update. Without an `update_id` it gets the next one; a kind the bot did not allow is not delivered."""
        update = self._updates.add(update)
        if query := update.get("callback_query"):
            self._chats.open_callbacks[query["id"]] = query
        return update

    def redeliver(self, update: Json) -> None:
        """The same update once more, as after an answer that got lost."""
        self._updates.queue(update)

    def expire_callbacks(self) -> None:
        """Every press so far is now too old: it is answered no more, and delivered no more."""
        self._chats.open_callbacks.clear()
        self._updates.drop("callback_query")
        self._changes.happened()

    @property
    def unanswered_callbacks(self) -> list[str]:
        """The data of each button that still spins."""
        return [query.get("data", "") for query in self._chats.open_callbacks.values()]

    @property
    def pending(self) -> list[Json]:
        """Updates that the bot has not taken yet."""
        return self._updates.pending

    @property
    def deliveries(self) -> list[Delivery]:
        """Every POST to the webhook and how it was answered."""
        return self._updates.deliveries

    @property
    def profile(self) -> dict[tuple[str, ...], Any]:
        """What setMy... and setChatMenuButton set: by (what, language) and, for commands, scope."""
        return self._methods.profile

    async def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:
        """Wait for something that the fake can see: it looks again whenever the bot called or took an update."""
        try:
            async with asyncio.timeout(timeout):
                await self._changes.until(condition)
        except TimeoutError:
            calls = [call.method for call in self.calls[-10:]]
            raise TimeoutError(f"not within {timeout} s; last calls {calls}, refusals {self.refusals[-3:]}") from None

    # The Bot API

    async def _answer(self, request: Request) -> Response:
        found = re.fullmatch(r"/bot([^/]+)/(\w+)", request.url.path)
        if not found:
            return refused(Refusal(404, "Not Found"))
        if found[1] != self.token:
            return refused(Refusal(401, "Unauthorized"))
        method, params = _METHODS.get(found[2].lower(), found[2]), {}
        try:
            params = await parameters_of(request)
            params = checked(method, params)
        except Refusal as refusal:
            return await self._refuse(request, refusal)
        finally:
            self.calls.append(Call(method, params))
            self._changes.happened()

        async def answer() -> Response:
            return await self._result(request, method, params)

        fault = self.faults.take(method)
        return await (fault(request, answer) if fault else answer())

    async def _result(self, request: Request, method: str, params: Json) -> Response:
        try:
            return JSONResponse({"ok": True, "result": await self._methods.call(method, params)})
        except Refusal as refusal:
            return await self._refuse(request, refusal)
        finally:
            self._changes.happened()

    async def _refuse(self, request: Request, refusal: Refusal) -> Response:
        if not await request.is_disconnected():  # a poll that its caller left is ended by the next one: nobody hears it
            self.refusals.append(refusal.body["description"])
        return refused(refusal)
