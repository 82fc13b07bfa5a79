"""Events on their way to the webhook of the bot: in batches, signed, and again until they are taken if a test says so.

Each thing that happens is an Event. `await` posts it, alone; `posts([first, second], [third])` posts several in one
body, as entries. In a thread that another app controls, events come in `standby`, as Meta sends them.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

import httpx

from .graph import FakeGraph
from .graph_errors import Json
from .graph_webhook import Signing, body_of, headers_for

_NOT_HEARD = {"read", "delivery", "message_edit", "pass_thread_control", "take_thread_control"}  # these open no window


@dataclass(eq=False)
class Event:
    """`json` may be changed before it is posted. `owner`: the app that controls the thread from now on."""

    webhook: "Webhook"
    person: str
    json: Json
    standby: bool = False
    owner: str | None = None

    def __await__(self) -> Generator[Any, None, httpx.Response]:
        return self.webhook.posts([self]).__await__()

    @property
    def mid(self) -> str:
        return str((self.json.get("message") or self.json["postback"])["mid"])

    def happen(self) -> None:
        """What Meta knows before anybody is told."""
        threads, content = self.webhook.graph.threads, self.json.get("message", {})
        written = self.json.get("sender", {}).get("id") == self.person and not content.get("is_deleted")
        if written and not self.json.keys() & _NOT_HEARD:
            threads.hear(self.person)
        self.standby = self.standby or threads.is_controlled_by_another(self.person)
        if self.owner is not None:
            threads.owners[self.person], self.standby = self.owner, False
        if self.standby:
            self.json.get("postback", {}).pop("payload", None)


class Webhook:
    """The bot's. Posts once, or until 2xx but not more than `attempts` times. `transport` may be an app in this process."""

    def __init__(
        self, graph: FakeGraph, url: str, *, attempts: int = 1, transport: httpx.AsyncBaseTransport | None = None, timeout: float = 20.0
    ) -> None:
        self.graph, self.url, self.attempts = graph, url, attempts
        self.signing = Signing.BOTH
        self.bodies: list[bytes] = []
        self.deliveries: list[int | None] = []  # the status of every attempt; None: no answer
        self._client = httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False)
        self._unposted: set[Event] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        await self._client.aclose()
        if kind is None and self._unposted:
            raise AssertionError(f"never posted: {[event.json for event in self._unposted]}")

    async def verifies(self, token: str, challenge: str = "1158201444", mode: str = "subscribe") -> httpx.Response:
        """How Meta asks whether the webhook is ours."""
        return await self._client.get(self.url, params={"hub.mode": mode, "hub.verify_token": token, "hub.challenge": challenge})

    async def posts(self, *entries: Iterable[Event]) -> httpx.Response:
        found = []
        for events in map(list, entries):
            for event in events:
                event.happen()
                self._unposted.discard(event)
            for standby, together in groupby(events, key=lambda event: event.standby):
                name = "standby" if standby else "messaging"
                found.append({"id": self.graph.page_id, "time": self.now(), name: [event.json for event in together]})
        return await self.posts_body(body_of({"object": "page", "entry": found}))

    async def posts_body(self, body: bytes) -> httpx.Response:
        """Any bytes at all, signed."""
        self.bodies.append(body)
        return await self.resends()

    async def resends(self) -> httpx.Response:
        """The last body once more, as after an answer that got lost."""
        body, attempt = self.bodies[-1], 0
        headers = headers_for(body, self.graph.app_secret, self.signing)
        while True:
            attempt += 1
            try:
                response = await self._client.post(self.url, content=body, headers=headers)
            except httpx.HTTPError:
                self.deliveries.append(None)
                if attempt >= self.attempts:
                    raise
                continue
            self.deliveries.append(response.status_code)
            if response.is_success or attempt >= self.attempts:
                return response

    def event(self, person: str, content: Json, owner: str | None = None) -> Event:
        head: Json = {"sender": {"id": person}, "recipient": {"id": self.graph.page_id}, "timestamp": self.now()}
        event = Event(self, person, head | content, owner=owner)
        self._unposted.add(event)
        return event

    def now(self) -> int:
        """In milliseconds."""
        return int(self.graph.clock() * 1000)
