"""The three ways by which messages reach the bot, each over its strict fake, behind one face for `benchmarks.faults`.

Every way keeps what a platform keeps: the messages of one person in order, each again and again until the bot has taken it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.channels import splitting
from bot.channels.base import Limits
from bot.channels.messenger import Messenger
from bot.channels.messenger_messages import message_for
from bot.channels.telegram import Telegram
from bot.types import Language, Reply
from tests.fakes.changes import Changes
from tests.fakes.faults import Answer, Faults
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_delivery import Event
from tests.fakes.graph_meta import Meta
from tests.fakes.graph_webhook import headers_for
from tests.fakes.telegram import FakeTelegram, Person
from tests.running import messenger_settings, telegram_settings, web_address

POLLING, WEBHOOK, MESSENGER = "telegram polling", "telegram webhook", "messenger"
WAYS = (POLLING, WEBHOOK, MESSENGER)
CARD = "(contact card)"
AGAIN_AFTER = 0.2  # seconds; a real platform waits longer
CONNECTIONS = 40  # that Meta has open at once


class Way(Protocol):
    """`who` is whatever `person` returned. `repeat`: how many times the platform delivers each message again."""

    @property
    def name(self) -> str: ...

    @property
    def faults(self) -> Faults: ...

    @property
    def sends(self) -> tuple[str, ...]:
        """Calls that deliver a reply, as the faults name them."""

    limits: Limits
    refusals: list[str]
    repeat: int

    def settings(self, environment: Mapping[str, str]) -> dict[str, str]: ...

    def person(self, number: int, language: Language) -> str: ...

    def say(self, who: str, text: str) -> None: ...

    def say_together(self, said: Sequence[tuple[str, str]]) -> None:
        """In as few deliveries as the platform can."""

    def pending(self) -> int:
        """Messages that the bot has not taken yet."""

    def received(self, who: str) -> list[str]: ...

    def calls(self) -> int:
        """How often the bot tried to deliver a part."""

    def block(self, who: str) -> None: ...

    def unblock(self, who: str) -> None: ...

    def key(self, reply: Reply) -> str:
        """A part, as `received` names it."""

    def too_many(self, seconds: int) -> None:
        """One refusal of a kind that makes everybody of the trial wait."""

    def webhook(self, body: bytes) -> tuple[str, dict[str, str]]:
        """Where the platform posts, and how this body is signed."""


def parts(way: Way | type["OverTelegram"] | type["OverMessenger"], reply: Reply) -> list[str]:
    return [way.key(part) for part in splitting.parts(reply, way.limits)]


@asynccontextmanager
async def open_way(name: str, host: str = "") -> AsyncIterator[Way]:
    """`host`: a name under which the bot shall know the platform."""
    if name == MESSENGER:
        async with FakeGraph() as graph, Meta(graph, "", timeout=60) as meta:
            graph.url = _under(host, graph.url)
            way = OverMessenger(graph, meta)
            try:
                yield way
            finally:
                await way.close()
    else:
        async with FakeTelegram(allow_http_webhook=True) as fake:
            fake.url = _under(host, fake.url)
            yield OverTelegram(name, fake)


def _under(host: str, url: str) -> str:
    return url.replace("127.0.0.1", host) if host else url


class OverTelegram:
    sends = ("sendMessage", "sendContact")
    limits = Telegram.limits

    def __init__(self, name: str, fake: FakeTelegram) -> None:
        self.name, self.fake = name, fake
        self.faults, self.refusals = fake.faults, fake.refusals
        self.repeat = 0
        self._people: dict[str, Person] = {}
        self._url = ""

    def settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        self._url = f"{web_address(environment)}/telegram"
        return telegram_settings(self.fake, self.name.removeprefix("telegram "), environment)

    def person(self, number: int, language: Language) -> str:
        who = str(number)
        self._people[who] = self.fake.person(number, language_code=language.value)
        return who

    def say(self, who: str, text: str) -> None:
        update = self.fake.say(self._people[who], text)
        for _ in range(self.repeat):
            self.fake.redeliver(update)

    def say_together(self, said: Sequence[tuple[str, str]]) -> None:
        for who, text in said:
            self.say(who, text)

    def pending(self) -> int:
        return len(self.fake.pending)

    def received(self, who: str) -> list[str]:
        return [CARD if sent.contact else sent.text for sent in self.fake.sent(self._people[who])]

    def block(self, who: str) -> None:
        self.fake.block(self._people[who])

    def unblock(self, who: str) -> None:
        self.fake.unblock(self._people[who])

    @staticmethod
    def key(reply: Reply) -> str:
        return CARD if reply.contact else reply.text

    def too_many(self, seconds: int) -> None:
        self.fake.faults.too_many_requests("sendMessage", seconds, len(self._people))  # Telegram limits a chat

    def webhook(self, body: bytes) -> tuple[str, dict[str, str]]:
        return self._url, {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "s3cret"}

    def calls(self) -> int:
        return sum(call.method in self.sends for call in self.fake.calls)


class OverMessenger:
    name = MESSENGER
    sends = ("messages",)
    limits = Messenger.limits

    def __init__(self, graph: FakeGraph, meta: Meta) -> None:
        self.graph, self.meta = graph, meta
        self.faults, self.refusals = graph.faults, graph.refusals
        self.repeat = 0
        self._waiting: dict[str, deque[list[Event]]] = defaultdict(deque)
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._people: list[str] = []

    def settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        self.meta.url = f"{web_address(environment)}/messenger"
        return messenger_settings(self.graph, environment)

    def person(self, number: int, language: Language) -> str:
        """Meta tells nobody's language."""
        self._people.append(self.graph.person())
        return self._people[-1]

    def say(self, who: str, text: str) -> None:
        self._queue(who, [self.meta.says(who, text)])

    def say_together(self, said: Sequence[tuple[str, str]]) -> None:
        self._queue("", [self.meta.says(who, text) for who, text in said])

    def pending(self) -> int:
        return sum(map(len, self._waiting.values()))

    def received(self, who: str) -> list[str]:
        return [with_buttons(sent.message) for sent in self.graph.sent(who)]

    def block(self, who: str) -> None:
        self.graph.block(who)

    def unblock(self, who: str) -> None:
        self.graph.unblock(who)

    @staticmethod
    def key(reply: Reply) -> str:
        return with_buttons(message_for(reply))

    def too_many(self, seconds: int) -> None:
        error = {"error": {"message": "Calls to this api have exceeded the rate limit.", "code": 613}}
        self.graph.faults.answer("messages", lambda: JSONResponse(error, 429, {"Retry-After": str(seconds)}))  # Meta limits the page

    def calls(self) -> int:
        return sum(call.name in self.sends for call in self.graph.calls)

    def webhook(self, body: bytes) -> tuple[str, dict[str, str]]:
        return self.meta.url, headers_for(body, self.graph.app_secret)

    async def close(self) -> None:
        for lane in self._lanes.values():
            lane.cancel()
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _queue(self, lane: str, events: list[Event]) -> None:
        self._waiting[lane].append(events)
        if lane not in self._lanes:
            self._lanes[lane] = asyncio.create_task(self._deliver(lane))

    async def _deliver(self, lane: str) -> None:
        waiting = self._waiting[lane]
        while waiting:
            for _ in range(1 + self.repeat):
                failures = 0
                while not await self._taken(waiting[0]):
                    await asyncio.sleep(AGAIN_AFTER * 2 ** min(failures, 3))
                    failures += 1
            waiting.popleft()
        del self._lanes[lane]

    async def _taken(self, events: list[Event]) -> bool:
        try:
            async with self._connections:
                return (await self.meta.posts(events)).is_success
        except httpx.HTTPError:
            return False


def with_buttons(message: Mapping[str, Any]) -> str:
    """The parts that hold the office's contact differ in their buttons alone."""
    template = message.get("attachment", {}).get("payload", {})
    buttons = [*message.get("quick_replies", ()), *template.get("buttons", ())]
    return "\n".join([message.get("text") or template["text"], *(button.get("payload", "") for button in buttons)])


class Slow:
    """A fault: the platform does at once what was asked, and says so late."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._met, self._changes = seconds, 0, Changes()

    async def __call__(self, _request: Request, answer: Answer) -> Response:
        self._met += 1
        self._changes.happened()
        response = await answer()
        await asyncio.sleep(self._seconds)
        return response

    async def met(self, times: int = 1) -> None:
        async with asyncio.timeout(60):
            await self._changes.until(lambda: self._met >= times)
