"""The fakes of Telegram and Messenger in a process of their own, which note when each part of an answer came. They deliver nothing.

Whoever writes to the bot is in another process (`benchmarks.arrivals`), so that neither waits for the other. Both read the same clock.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from benchmarks.ways import CARD, OverTelegram, with_buttons
from tests.fakes.graph import FakeGraph
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_parameters import Json
from tests.running import messenger_settings, telegram_settings

ENDS_WITHIN = 10.0  # seconds
TELEGRAM, MESSENGER = "telegram", "messenger"


class Got(NamedTuple):
    """`part` as `benchmarks.ways` names it; `at`: the monotonic clock of this machine."""

    channel: str
    person: str
    part: str
    at: float


class _Telegram(FakeTelegram):
    def __init__(self) -> None:
        super().__init__(allow_http_webhook=True)
        self.got: list[Got] = []

    async def _result(self, request: Request, method: str, params: Json) -> Response:
        now = time.monotonic()
        response = await super()._result(request, method, params)
        if method in OverTelegram.sends and response.status_code == 200:
            part = CARD if method == "sendContact" else params["text"]
            self.got.append(Got(TELEGRAM, str(params["chat_id"]), part, now))
        return response


@dataclass(frozen=True, slots=True)
class Report:
    got: Sequence[Got]
    refusals: Sequence[str]


class _Platforms:
    """What the other process asks for, a method each."""

    def __init__(self, telegram: _Telegram, graph: FakeGraph) -> None:
        self._telegram, self._graph = telegram, graph
        self._people: list[str] = []
        self._hired = 0

    def people(self, telegram: Sequence[str], messenger: int) -> list[str]:
        """New ones, and nobody else. Telegram's by number; the page gives numbers to its own, which are returned."""
        self._telegram.got.clear()
        self._telegram.calls.clear()
        self._graph.calls.clear()
        for person in telegram:
            self._telegram.person(int(person))
        self._people = [self._graph.person() for _ in range(messenger)]
        return self._people

    def number(self) -> int:
        """Parts that came so far."""
        return len(self._telegram.got) + sum(len(self._graph.sent(person)) for person in self._people)

    def report(self) -> Report:
        page = [Got(MESSENGER, person, with_buttons(sent.message), sent.at) for person in self._people for sent in self._graph.sent(person)]
        # Replicas that start together set the same webhook, and Telegram limits how often.
        refusals = [refusal for refusal in self._telegram.refusals if "Too Many Requests" not in refusal]
        return Report([*self._telegram.got, *page], [*refusals, *self._graph.refusals, *self._graph.breaches])


def _serve(connection: Connection) -> None:
    asyncio.run(_answer(connection))


async def _answer(connection: Connection) -> None:
    async with _Telegram() as telegram, FakeGraph(clock=time.monotonic) as graph:
        platforms = _Platforms(telegram, graph)
        connection.send(telegram_settings(telegram, "webhook", messenger_settings(graph, {"BOT_PORT": "443"})))
        while asked := await asyncio.to_thread(connection.recv):
            name, *values = asked
            connection.send(getattr(platforms, name)(*values))


class Platforms:
    """The same methods, from here. `settings`: of a bot that shall use these platforms."""

    def __init__(self, connection: Connection, settings: dict[str, str]) -> None:
        self._connection, self.settings = connection, settings

    async def people(self, telegram: Sequence[str], messenger: int) -> list[str]:
        found: list[str] = await self._ask("people", telegram, messenger)
        return found

    async def number(self) -> int:
        return int(await self._ask("number"))

    async def report(self) -> Report:
        found: Report = await self._ask("report")
        return found

    async def _ask(self, *what: Any) -> Any:
        self._connection.send(what)
        return await asyncio.to_thread(self._connection.recv)


@asynccontextmanager
async def platforms() -> AsyncIterator[Platforms]:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield Platforms(here, {name: value for name, value in (await asyncio.to_thread(here.recv)).items() if name != "BOT_PORT"})
    finally:
        with suppress(BrokenPipeError):  # it has ended by itself
            here.send(None)
        await asyncio.to_thread(process.join, ENDS_WITHIN)
        if process.is_alive():
            process.kill()
        here.close()
