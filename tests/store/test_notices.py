"""What replicas tell each other, over a connection that may break, and what only one of them does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.alone import alone
from bot.store.database import engine_for, key_of
from bot.store.notices import Notices
from bot.types import Address
from tests.postgres import Postgres

OLENA = Address("web", "olena")


class Listener:
    """A replica that writes down what it hears."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.notices = Notices(engine)
        self.heard: list[Address | str | None] = []
        self._changed = asyncio.Event()

    async def run(self) -> None:
        await self.notices.run(lambda: self._hear("message"), self._hear, lambda: self._hear("missed"))

    def _hear(self, what: Address | str | None) -> None:
        self.heard.append(what)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listener]:
    engine = engine_for(url)
    listener = Listener(engine)
    task = asyncio.create_task(listener.run())
    async with asyncio.timeout(30):
        await listener.notices.connected.wait()
    listener.heard.clear()  # it looks once when it begins
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await engine.dispose()


async def test_others_hear_that_a_message_and_for_whom_a_reply_came(postgres_url: str) -> None:
    async with listening(postgres_url) as one, listening(postgres_url) as other:
        one.notices.message_came()
        one.notices.reply_came(OLENA)
        one.notices.reply_came(None)
        await other.until(lambda: other.heard == ["message", OLENA, None])
        other.notices.message_came()
        await one.until(lambda: one.heard == ["message"])


async def test_who_listens_through_a_restart_of_the_database_looks_once_and_hears_again(
    postgres_url: str, postgres_server: Postgres
) -> None:
    async with listening(postgres_url) as one, listening(postgres_url) as other:
        await postgres_server.cut(postgres_url)
        await other.until(lambda: other.heard == ["missed"])
        one.notices.reply_came(OLENA)
        await other.until(lambda: other.heard == ["missed", OLENA])


async def test_what_could_not_be_told_is_told_once_after_the_pause(postgres_url: str, postgres_server: Postgres) -> None:
    async with listening(postgres_url) as other:
        engine = engine_for(postgres_url)
        one = Listener(engine)
        one.notices.reply_came(OLENA)
        one.notices.reply_came(OLENA)
        one.notices.reply_came(Address("web", "ahmed"))
        task = asyncio.create_task(one.run())
        await other.until(lambda: Address("web", "ahmed") in other.heard)
        assert other.heard == [OLENA, Address("web", "ahmed")]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engine.dispose()


class Job:
    """Work that goes on until it is cancelled, and says when it begins."""

    def __init__(self) -> None:
        self.began, self.ended = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


@asynccontextmanager
async def doing(url: str, work: Callable[[], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
    engine = engine_for(url)
    task = asyncio.create_task(alone(engine, "telegram", work, ask_every=0.01))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await engine.dispose()


async def test_one_replica_works_alone_and_another_takes_over_when_it_ends(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = count()
    often = asyncio.Event()

    def counted(*names: str) -> int:
        if next(asked) >= 4:  # the first asked once, the second the other times
            often.set()
        return key_of(*names)

    monkeypatch.setattr("bot.store.alone.key_of", counted)
    first, second = Job(), Job()
    async with asyncio.timeout(30), AsyncExitStack() as later:
        async with doing(postgres_url, first):
            await first.began.wait()
            await later.enter_async_context(doing(postgres_url, second))
            await often.wait()
            assert not second.began.is_set()
        await second.began.wait()


async def test_who_loses_the_database_stops_and_one_replica_begins(postgres_url: str, postgres_server: Postgres) -> None:
    first, second = Job(), Job()
    async with asyncio.timeout(30), doing(postgres_url, first):
        await first.began.wait()
        async with doing(postgres_url, second):
            first.began.clear()
            await postgres_server.cut(postgres_url)
            await first.ended.wait()
            begun = [asyncio.create_task(job.began.wait()) for job in (first, second)]
            await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
            assert first.began.is_set() != second.began.is_set()
            for waiting in begun:
                waiting.cancel()


async def test_work_that_is_done_lets_the_next_replica_begin(postgres_url: str) -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(len(done))

    async with asyncio.timeout(30):
        for _ in range(2):
            async with doing(postgres_url, work) as task:
                await task
    assert done == [0, 1]


async def test_a_mistake_in_the_work_is_not_hidden(postgres_url: str) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async with asyncio.timeout(30), doing(postgres_url, fail) as task:
        with pytest.raises(ZeroDivisionError):
            await task


async def test_on_sqlite_nobody_has_to_be_asked(tmp_path: Path) -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    async with doing(f"sqlite+aiosqlite:///{tmp_path}/nothing", work) as task:
        await task
    assert done == ["done"]
    assert list(tmp_path.iterdir()) == []
