"""The web chat on 127.0.0.1, with a mailbox in memory and a bot that repeats what it was told.

async with Served() as served, served.browser() as browser:
    await browser.say("hello")
    assert (await served.mailbox.arrived()).text == "hello"
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self, cast
from uuid import uuid4

import httpx
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from bot.channels.base import TryLater, Unavailable
from bot.channels.webchat import WebChat
from bot.types import Address, Message, Reply
from tests.fakes.mailbox import Mailbox

SOON = 5.0  # seconds after which a test that waits has failed


class MailboxInMemory(Mailbox):
    """One that a test can wait for. While `held`, it takes its time; while `down`, nobody is woken either."""

    def __init__(self) -> None:
        super().__init__()
        self.waking: asyncio.Queue[Address] = asyncio.Queue()
        self.asked, self.held = asyncio.Event(), asyncio.Event()
        self.held.set()
        self._arrivals: asyncio.Queue[Message] = asyncio.Queue()

    async def receive(self, message: Message) -> None:
        self.asked.set()
        await self.held.wait()
        before = len(self.messages)
        await super().receive(message)
        if len(self.messages) > before:
            self._arrivals.put_nowait(message)

    async def wake(self, address: Address) -> None:
        if self.down:
            raise Unavailable
        self.waking.put_nowait(address)

    async def arrived(self) -> Message:
        async with asyncio.timeout(SOON):
            return await self._arrivals.get()


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    name: str
    data: str

    @property
    def reply(self) -> dict[str, Any]:
        return dict(json.loads(self.data))


class Browser:
    """What a browser does, without its page: it keeps a cookie, posts, and listens."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, **body: Any) -> httpx.Response:
        return await self.client.post("/messages", json={"id": str(uuid4()), **body})

    @asynccontextmanager
    async def listen(self, last_event_id: str = "", after: str = "") -> AsyncIterator["Events"]:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        async with self.client.stream("GET", "/replies", headers=headers, params={"after": after} if after else None) as response:
            assert response.status_code == 200, response.status_code
            yield Events(response)


class Events:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event:
        """The next event; a comment is one without a name."""
        fields = {"id": "", "event": "", "data": ""}
        async with asyncio.timeout(SOON):
            async for line in self._lines:
                if not line:
                    return Event(fields["id"], fields["event"], fields["data"])
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
        raise EOFError


class Served:
    """The channel behind a real server, whose connections can be cut and which can be restarted."""

    def __init__(self, chat: WebChat | None = None, mailbox: MailboxInMemory | None = None) -> None:
        self.chat, self.mailbox = chat or WebChat(), mailbox or MailboxInMemory()
        self.app = Starlette(routes=self.chat.routes(self.mailbox))
        self.port = 0
        self._state = ServerState()

    async def __aenter__(self) -> Self:
        """After an exit: a restart, at the same address, with nothing remembered."""
        if self.port:
            self.chat = WebChat()
            self.app = Starlette(routes=self.chat.routes(self.mailbox))
        config = uvicorn.Config(self.app, lifespan="off", log_config=None, access_log=False)
        make = lambda: H11Protocol(config, self._state, {})  # noqa: E731 - a class would be longer than what it makes
        self._server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self.chat.close()
        self.cut()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """As when somebody walks into a lift."""
        for connection in cast(set[H11Protocol], set(self._state.connections)):
            connection.transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=SOON) as client:
            assert (await client.get("/")).status_code == 200
            yield Browser(client)


class Answering(MailboxInMemory):
    """A mailbox with a bot behind it: what cannot be delivered waits for the person to come back."""

    def __init__(self, answer: Callable[[Message], Sequence[Reply]]) -> None:
        super().__init__()
        self.chat: WebChat | None = None
        self._answer = answer
        self._outbox: deque[tuple[str, Reply]] = deque()
        self._due = asyncio.Event()

    async def receive(self, message: Message) -> None:
        known = len(self.messages)
        await super().receive(message)
        if len(self.messages) > known:
            self.reply(message.sender.person, *self._answer(message))

    async def wake(self, address: Address) -> None:
        await super().wake(address)
        self._due.set()

    def reply(self, person: str, *replies: Reply) -> None:
        self._outbox.extend((person, reply) for reply in replies)
        self._due.set()

    async def deliver(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            for _ in range(len(self._outbox)):
                person, reply = self._outbox.popleft()
                try:
                    assert self.chat is not None
                    await self.chat.send(person, reply)
                except TryLater:
                    self._outbox.append((person, reply))
