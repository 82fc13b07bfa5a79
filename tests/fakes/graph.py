"""A strict fake of Meta's Graph API for Messenger, over HTTP on 127.0.0.1: the Send API, the profile, the Page itself.

It refuses what Messenger refuses, by the same codes, and some of what Messenger silently ignores. Who writes to the
Page, and posts to the webhook of the bot, is `graph_meta.Meta`.

    async with FakeGraph(clock=clock) as graph, Meta(graph, webhook_url) as meta:
        person = graph.person()  # a bot has graph.url, graph.page_id, graph.access_token, graph.app_secret
        await meta.says(person, "Добрий день")
        await graph.until(lambda: graph.sent(person))
        await meta.taps(person, "Контакт")
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import count
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .changes import Changes
from .faults import ANY
from .graph_errors import Json, Refusal, invalid, refused
from .graph_faults import GraphFaults
from .graph_messages import action_of, breach_in, content_of, recipient_of
from .graph_profile import Profile
from .graph_requests import App, Call
from .graph_templates import Button
from .graph_threads import INBOX, Sent, Threads
from .server import serve

__all__ = ["ANY", "INBOX", "Button", "Call", "FakeGraph", "Sent"]


class FakeGraph:
    """`clock` decides when 24 hours have passed since a person wrote."""

    def __init__(
        self,
        *,
        page_id: str = "100000000000001",
        app_id: str = "200000000000002",
        app_secret: str = "fake-app-secret",
        access_token: str = "fake-page-token",
        proof_required: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.page_id, self.app_id, self.app_secret, self.access_token = page_id, app_id, app_secret, access_token
        self.page_name = "Fake Page"
        self.url = ""
        self.clock = clock
        self.calls: list[Call] = []
        self.refusals: list[str] = []  # what we refused on our own account, not what a fault did
        self.breaches: list[str] = []  # of Meta's policy: they fail the test at its end, even if the bot got over them
        self.faults = GraphFaults()
        self.threads = Threads(app_id, clock)
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST", "DELETE"])])
        self._app = App(page_id, app_id, app_secret, access_token, proof_required)
        self._profile = Profile()
        self._changes = Changes()
        self._people = count(9_990_000_000_000_001)  # no double holds every integer of this size
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.url = await self._running.enter_async_context(serve(self.app))
        self._running.callback(self.faults.clear)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        await self._running.aclose()
        if kind is None and self.breaches:
            raise AssertionError(self.breaches)

    # People

    def person(self) -> str:
        """Somebody who has just written to the Page, so that the bot may answer."""
        person = str(next(self._people))
        self.threads.hear(person)
        return person

    def block(self, person: str) -> None:
        self.threads.blocked.add(person)

    def unblock(self, person: str) -> None:
        self.threads.blocked.discard(person)

    def sent(self, person: str) -> list[Sent]:
        """The bot's messages in the person's thread, oldest first."""
        return self.threads.sent(person)

    def actions(self, person: str) -> list[str]:
        """Every sender action that the person saw."""
        return self.threads.actions_seen(person)

    # The app and the Page

    def expire_token(self) -> None:
        self._app.token_expired = True

    @property
    def profile(self) -> Json:
        """What was set of the Messenger profile."""
        return self._profile.properties

    async def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:
        """Wait for something that the fake can see: it looks again whenever the bot called."""
        try:
            async with asyncio.timeout(timeout):
                await self._changes.until(condition)
        except TimeoutError:
            calls = [call.name for call in self.calls[-10:]]
            raise TimeoutError(f"not within {timeout} s; last calls {calls}, refusals {self.refusals[-3:]}") from None

    # The Graph API

    async def _answer(self, request: Request) -> Response:
        try:
            call = await self._app.call_in(request)
        except Refusal as refusal:
            return self._refuse(refusal)
        self.calls.append(call)
        self._changes.happened()

        async def answer() -> Response:
            return self._result(call)

        fault = self.faults.take(call.name)
        return await (fault(request, answer) if fault else answer())

    def _result(self, call: Call) -> Response:
        try:
            return JSONResponse(self._done(call))
        except Refusal as refusal:
            return self._refuse(refusal)
        finally:
            self._changes.happened()

    def _refuse(self, refusal: Refusal) -> Response:
        self.refusals.append(refusal.message)
        self._changes.happened()
        return refused(refusal)

    def _done(self, call: Call) -> Json:
        match call.name, call.verb:
            case "me", _:
                return self._page(_fields_in(call.params).split(","))
            case "messenger_profile", "GET":
                return self._profile.read(_fields_in(call.params))
            case "messenger_profile", "POST":
                return self._profile.set(call.params)
            case "messenger_profile", _:
                return self._profile.delete(call.params)
        return self._send(call.params)

    def _page(self, names: list[str]) -> Json:
        page = {"id": self.page_id, "name": self.page_name}
        for name in names:
            if name not in page:
                raise invalid(f"Tried accessing nonexisting field ({name}) on node type (Page)")
        return {name: page[name] for name in {*names, "id"}}

    def _send(self, body: Json) -> Json:
        if breach := breach_in(body):
            self.breaches.append(breach)
            raise Refusal(10, breach)
        person, action = recipient_of(body), action_of(body)
        if action:
            self.threads.act(person, action)
            return {"recipient_id": person}
        return {"recipient_id": person, "message_id": self.threads.deliver(person, content_of(body))}


def _fields_in(params: Json) -> str:
    if params.keys() != {"fields"}:
        raise invalid(f"the query must have fields, and nothing else: {sorted(params)}")
    return str(params["fields"])
