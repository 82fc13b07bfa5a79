"""The databases on which a trial of `benchmarks.faults` runs, and what can befall them: locked, read-only, gone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg

from benchmarks.crashing import READ_ONLY
from tests.postgres import Postgres, server

SQLITE, POSTGRESQL, OWN_POSTGRESQL = "SQLite", "PostgreSQL", "PostgreSQL of its own"


class Database(Protocol):
    def settings(self) -> dict[str, str]:
        """What the bot must be told about it."""

    def locked(self) -> AbstractAsyncContextManager[None]:
        """Somebody else holds what the bot writes to."""

    def read_only(self) -> AbstractAsyncContextManager[None]: ...

    def gone(self) -> AbstractAsyncContextManager[None]: ...


class File:
    """SQLite, in the folder of the trial."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def settings(self) -> dict[str, str]:
        return {}

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        connection = sqlite3.connect(self._folder / "bot.sqlite3", timeout=10, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")  # in WAL mode as exclusive as BEGIN EXCLUSIVE for whoever writes
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[None]:
        """SQLite's own refusal, switched on inside the bot."""
        switch = self._folder / "control" / READ_ONLY
        switch.touch()
        yield
        switch.unlink()

    def gone(self) -> AbstractAsyncContextManager[None]:
        raise NotImplementedError("a file does not go away")


class OnServer:
    def __init__(self, running: Postgres, url: str) -> None:
        self._running, self._url = running, url

    def settings(self) -> dict[str, str]:
        return {"BOT_DATABASE_URL": self._url}

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        connection = await asyncpg.connect(self._url.replace("+asyncpg", ""))
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE inbox, outbox, conversations")
                yield
        finally:
            await connection.close()

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[None]:
        """As after a switch to a standby: every connection is cut, and the new ones may only read."""
        await self._running.only_reads(self._url, yes=True)
        yield
        await self._running.only_reads(self._url, yes=False)

    @asynccontextmanager
    async def gone(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._running.crash)
        yield
        await asyncio.to_thread(self._running.start)


@asynccontextmanager
async def open_database(name: str, folder: Path, shared: Postgres | None) -> AsyncIterator[Database]:
    """`shared`: the server on which each trial has a database."""
    with ExitStack() as stack:
        if name == SQLITE:
            yield File(folder)
            return
        running = shared
        if name == OWN_POSTGRESQL or running is None:
            running = await asyncio.to_thread(stack.enter_context, server(durable=True))
        async with running.new() as url:
            yield OnServer(running, url)
