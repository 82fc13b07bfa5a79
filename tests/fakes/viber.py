"""A strict fake of Viber: the REST Bot API over HTTP on 127.0.0.1, and the people who write to the bot.

It refuses what Viber refuses, and some of what only the apps refuse. Events are signed and sent once; what was not answered
with 200 stays in `pending` until a test sends it again, as Viber does for an hour.

    async with FakeViber(webhook_transport=httpx.ASGITransport(app)) as fake:
        await channel.run(mailbox)                  # sets the webhook
        person = fake.person("AbC=", language="uk")
        await fake.start(person)                    # its answer is the welcome
        await fake.press(person, "Почати")
"""

import json
import time
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, NamedTuple, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.webhooks import signature

from .server import serve
from .viber_checks import Json, Refusal, check_message, check_webhook, parsed
from .viber_faults import ANY, HOST, ViberFaults, answered
from .viber_people import Person, Sent, seen

__all__ = ["ANY", "Call", "FakeViber", "Person", "Refusal", "Sent", "ViberFaults"]

UNANSWERED = 100  # messages to somebody who says nothing


class Call(NamedTuple):
    method: str
    body: Json


class FakeViber:
    """`webhook_transport` delivers to an app in this process, as `httpx.ASGITransport(app)`, under any https URL."""

    def __init__(self, token: str = "4d1f-fake-token", webhook_transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.token, self.url = token, ""
        self.calls: list[Call] = []
        self.refusals: list[str] = []  # what we refused on our own account, not what a fault did
        self.pending: list[bytes] = []
        self.faults = ViberFaults()
        self.webhook: str | None = None
        self.event_types: set[str] = set()
        self._people: dict[str, Person] = {}
        self._tokens = count(4_912_661_846_655_238_145)  # above 2^53: what reads it as a float loses it
        self._client = httpx.AsyncClient(transport=webhook_transport, trust_env=False)
        self._app = Starlette(routes=[Route("/pa/{method}", self._answer, methods=["POST"])])
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self._client)
        self.url = await self._running.enter_async_context(serve(self._app))
        self._running.callback(self.faults.clear)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._running.aclose()

    # People

    def person(self, id: str = "01234567890A=", language: str | None = None, *, subscribed: bool = False, api_version: int = 10) -> Person:
        person = self._people[id] = Person(id, language, api_version, subscribed)
        return person

    async def start(self, person: Person, context: str = "") -> httpx.Response:
        """Opens the chat, maybe by a link. Who did not write before may read one message in the answer."""
        head = {"type": "open", "user": self._profile(person), "subscribed": person.subscribed}
        response = await self.send_event("conversation_started", **head, **({"context": context} if context else {}))
        if response.status_code == 200 and response.content and not person.subscribed:
            message = parsed(response.content)
            check_message(message, welcome=True)
            person.sent.append(seen(message))
        return response

    async def say(self, person: Person, text: str) -> httpx.Response:
        return await self.send_message(person, type="text", text=text)

    async def press(self, person: Person, title: str) -> httpx.Response:
        """A button of the newest keyboard; what it sends arrives as a text."""
        buttons = next((sent.buttons for sent in reversed(person.sent) if sent.buttons), ())
        for shown, payload in buttons:
            if shown == title:
                return await self.send_message(person, silent=True, type="text", text=payload)
        raise LookupError(f"no button {title!r} to press among {buttons}")

    async def sticker(self, person: Person) -> httpx.Response:
        return await self.send_message(person, type="sticker", sticker_id=46105, media="http://127.0.0.1/46105.png")

    async def picture(self, person: Person, text: str = "") -> httpx.Response:
        return await self.send_message(
            person, type="picture", media="http://127.0.0.1/a.jpg", thumbnail="http://127.0.0.1/b.jpg", file_name="a.jpg", text=text
        )

    async def send_message(self, person: Person, *, silent: bool = False, **message: Any) -> httpx.Response:
        """The first message makes a subscriber, without an event of its own."""
        person.subscribed, person.unanswered = True, 0
        return await self.send_event("message", sender=self._profile(person), message=message, silent=silent)

    async def unsubscribe(self, person: Person) -> httpx.Response | None:
        person.subscribed = False
        return await self.send_event("unsubscribed", user_id=person.id) if "unsubscribed" in self.event_types else None

    # Events

    async def send_event(self, kind: str, **content: Any) -> httpx.Response:
        head = {"event": kind, "timestamp": int(time.time() * 1000), "chat_hostname": HOST, "message_token": next(self._tokens)}
        return await self.post(json.dumps(head | content).encode())

    async def post(self, body: bytes, signed_with: str | None = None) -> httpx.Response:
        """A body as it is, signed as Viber signs."""
        if self.webhook is None:
            raise LookupError("the bot set no webhook")
        headers = {"Content-Type": "application/json", "X-Viber-Content-Signature": signature(body, signed_with or self.token)}
        response = await self._client.post(self.webhook, content=body, headers=headers)
        if response.status_code != 200:
            self.pending.append(body)
        return response

    async def resend(self) -> list[int]:
        """What was not taken yet, once more."""
        bodies, self.pending = self.pending, []
        return [(await self.post(body)).status_code for body in bodies]

    def _profile(self, person: Person) -> Json:
        language = {"language": person.language} if person.language else {}
        return {"id": person.id, "name": "Subscriber", "country": "PL", "api_version": person.api_version, **language}

    # The REST API

    async def _answer(self, request: Request) -> Response:
        method, body = request.path_params["method"], {}
        try:
            given = request.headers.get("X-Viber-Auth-Token")
            if given != self.token:
                raise Refusal(2, "missing_auth_token" if given is None else "")
            body = parsed(await request.body())
            if method == "set_webhook":
                check_webhook(body)
            elif method == "send_message":
                check_message(body)
            else:
                return Response(status_code=404)
        except Refusal as refusal:
            return self._refuse(refusal)
        finally:
            self.calls.append(Call(method, body))

        async def answer() -> Response:
            try:
                return answered(await self._set_webhook(body) if method == "set_webhook" else self._deliver(body))
            except Refusal as refusal:
                return self._refuse(refusal)

        fault = self.faults.take(method)
        return await (fault(request, answer) if fault else answer())

    async def _set_webhook(self, body: Json) -> Json:
        before, self.webhook = self.webhook, body["url"]
        try:
            taken = (await self.send_event("webhook")).status_code == 200
        except httpx.HTTPError:
            taken = False
        if not taken:
            self.webhook = before
            self.pending.clear()
            raise Refusal(1, "the webhook did not answer 200")
        self.event_types = set(body.get("event_types", ()))
        return {"event_types": sorted(self.event_types)}

    def _deliver(self, body: Json) -> Json:
        person = self._people.get(body["receiver"])
        if self.webhook is None:
            raise Refusal(10)
        if person is None:
            raise Refusal(5)
        if not person.subscribed:
            raise Refusal(6)
        if body.get("min_api_version", 1) > person.api_version:
            raise Refusal(13)
        if person.unanswered >= UNANSWERED:
            raise Refusal(12)
        person.unanswered += 1
        person.sent.append(seen(body))
        return {"message_token": next(self._tokens), "billing_status": 1}

    def _refuse(self, refusal: Refusal) -> Response:
        self.refusals.append(str(refusal))
        return answered(refusal)
