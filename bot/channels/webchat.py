"""The chat on our own page: messages come by POST, replies go out as Server-Sent Events.

A message is confirmed only after it is stored. A reply that nobody is there to see stays in the outbox on disk.
Who somebody is stands in a cookie of the browser session and nowhere else: never in an address, never in a log.
"""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from typing import ClassVar, Self

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot.channels.base import Limits, Mailbox, TryLater, Unavailable
from bot.channels.sessions import Full, Sessions, Stream
from bot.channels.vcard import vcard
from bot.channels.webpage import Page, language_for
from bot.channels.webrequests import cookie_name, key_of, message_from, person_of
from bot.i18n import N_, format_phone
from bot.settings import ChannelSettings
from bot.types import CLEAR, Address, Reply

STALLED = 5.0  # seconds a browser may take to accept one event
RECONNECT = 1000, 4000  # milliseconds until a browser comes back by itself
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
FORGET = {"/forget", CLEAR}  # what the memory of this process obeys at once
_TYPES = {"chat.css": "text/css", "chat.js": "text/javascript"}


class WebChatSettings(ChannelSettings):
    chat: bool = Field(True, description=N_("serve the web chat at /"))


class WebChat:
    name: ClassVar[str] = "web"
    limits: ClassVar[Limits] = Limits(text=4000, buttons=13, title=40)
    settings: ClassVar = WebChatSettings

    def __init__(self, heartbeat: float = 15.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._heartbeat = heartbeat
        self._sessions = Sessions(clock)
        self._page = Page()

    @classmethod
    def from_settings(cls, _own: WebChatSettings) -> Self:
        return cls()

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        async def post(request: Request) -> Response:
            message = await message_from(request, Address(self.name, person_of(request)))
            await mailbox.receive(message)
            if {message.payload, message.text.strip()} & FORGET:
                self._sessions.forget(message.sender.person)
            return PlainTextResponse("", 202)

        async def replies(request: Request) -> Response:
            person = person_of(request)
            position = request.headers.get("Last-Event-ID") or request.query_params.get("after", "")
            stream = self._sessions.connect(person, position)
            try:
                await mailbox.wake(Address(self.name, person))
            except BaseException:
                stream.end()
                raise
            return EventStream(stream, self._heartbeat)

        return [
            Route("/", Guarded(self._show, "GET", "HEAD")),
            Route("/chat.css", Guarded(self._file, "GET", "HEAD")),
            Route("/chat.js", Guarded(self._file, "GET", "HEAD")),
            Route("/messages", Guarded(post, "POST")),
            Route("/replies", Guarded(replies, "GET")),
        ]

    async def run(self, mailbox: Mailbox) -> None:
        """Nothing: browsers come to us."""

    async def send(self, person: str, reply: Reply) -> None:
        """A page that gets one that `clears` empties itself; so does our memory."""
        if reply.clears is not None:
            self._sessions.forget(person)
        data = asdict(reply)
        if reply.contact:
            data["contact"] |= {"phone": format_phone(reply.contact.phone), "vcard": vcard(reply.contact)}
        if not await self._sessions.deliver(person, json.dumps(data, ensure_ascii=False)):
            raise TryLater("no browser of this person is connected")

    def reaches(self, person: str) -> bool:
        return self._sessions.reaches(person)

    def people(self) -> Iterable[str]:
        return self._sessions.people()

    async def typing(self, person: str) -> None:
        """Nothing: the page shows by itself that an answer is coming."""

    async def close(self) -> None:
        """End every open stream. Call it when the server is told to stop: uvicorn waits for open streams before its lifespan ends."""
        self._sessions.close()

    async def _show(self, request: Request) -> Response:
        response = HTMLResponse(self._page.html(language_for(request.query_params, request.headers)))
        # Coming from another site a browser hides the cookie it has; a new one would end the conversation of an open tab.
        # The page asks again by itself.
        if key_of(request) is None and request.headers.get("Sec-Fetch-Site") != "cross-site":
            secure = request.url.scheme == "https"
            response.set_cookie(cookie_name(request), secrets.token_hex(16), path="/", httponly=True, samesite="strict", secure=secure)
        return response

    async def _file(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self._page.files[name], media_type=_TYPES[name], headers=headers)


class Guarded:
    """An endpoint whose every response carries the security headers, a refusal too."""

    def __init__(self, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> None:
        self._endpoint, self._methods = endpoint, methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            if request.method not in self._methods:
                raise HTTPException(405, headers={"Allow": ", ".join(self._methods)})
            response = await self._endpoint(request)
        except HTTPException as refusal:
            response = PlainTextResponse(refusal.detail, refusal.status_code, refusal.headers)
        except (Unavailable, Full):
            response = PlainTextResponse("Service Unavailable", 503, {"Retry-After": "5"})
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)


class EventStream(Response):
    """One open connection of a browser: where it stands, what it missed, what is new, and a sign of life in between."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream, heartbeat: float) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._stream, self._heartbeat = stream, heartbeat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._until_disconnected(receive))
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await self._speak(send)
                listening.cancel()
        except* (TimeoutError, OSError):
            pass  # the browser is gone, or as good as: the reply it did not take goes back to the outbox
        finally:
            self._stream.end()

    async def _speak(self, send: Send) -> None:
        stream = self._stream
        # After a restart everybody comes back: not all at once.
        await _write(send, f"retry: {random.randint(*RECONNECT)}\n" + event(stream.position, name="connected"))
        while True:
            for data in stream.news():
                await _write(send, event(stream.position, data))
            if stream.ended:
                break
            try:
                async with asyncio.timeout(self._heartbeat):
                    await stream.change()
            except TimeoutError:
                await _write(send, ":\n\n")
        if stream.replaced:
            await _write(send, event(stream.position, name="replaced"))
        await send({"type": "http.response.body", "body": b""})

    async def _until_disconnected(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end()


async def _write(send: Send, text: str) -> None:
    async with asyncio.timeout(STALLED):
        await send({"type": "http.response.body", "body": text.encode(errors="replace"), "more_body": True})


def event(position: str, data: str = "", name: str = "message") -> str:
    return f"id: {position}\nevent: {name}\ndata: {data}\n\n"
