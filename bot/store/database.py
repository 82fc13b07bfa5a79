"""The database itself: its engine, one transaction, one lock, and the migrations. It knows nothing of messages.

`migrate` runs by itself at every start; a second start changes nothing, and replicas that start together wait for each other.
"""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

CONNECT_WITHIN = 10.0  # seconds
ANSWER_WITHIN = 20.0  # seconds; the server ends a statement then, and the driver no longer waits a little later
SPARE = 4  # connections beside those of the workers: the loops, the health, two that stay open


class StoreDown(Exception):
    """The database does not answer: try again later, and do not confirm anything."""


def engine_for(url: str, workers: int = 4) -> AsyncEngine:
    """SQLite that waits for locks, syncs what it commits and overwrites what it deletes; or PostgreSQL that never waits for long."""
    if not url.startswith("sqlite"):
        limits = {"statement_timeout": ANSWER_WITHIN, "idle_in_transaction_session_timeout": 2 * ANSWER_WITHIN}
        return create_async_engine(
            url,
            isolation_level="READ COMMITTED",  # each statement sees what was committed before it: the queue needs that
            pool_size=workers + SPARE,
            max_overflow=workers + SPARE,
            pool_timeout=CONNECT_WITHIN,
            pool_pre_ping=True,
            connect_args={
                "timeout": CONNECT_WITHIN,
                "command_timeout": ANSWER_WITHIN + 5,
                "server_settings": {"application_name": "bot", **{name: str(int(1000 * value)) for name, value in limits.items()}},
            },
        )
    # One connection: SQLite lets one write at a time anyway, and whoever waits for its lock asks again and again, in no order.
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=CONNECT_WITHIN)

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late to wait for a lock
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def is_shared(engine: AsyncEngine) -> bool:
    """Whether several replicas may work on this database."""
    return engine.dialect.name == "postgresql"


def exists(url: str) -> bool:
    """False for a file that is not there: SQLite would make it. A server is asked by whoever connects."""
    parsed = make_url(url)
    return not url.startswith("sqlite") or bool(parsed.database and Path(parsed.database).is_file())


@asynccontextmanager
async def trouble_is_down() -> AsyncIterator[None]:
    """Whatever the database or the way to it does wrong becomes StoreDown, by the name of the error alone."""
    try:
        yield
    except Exception as error:
        # SQLAlchemy wraps what happens inside a statement; some of the rest comes as it is, as while a connection is made or kept.
        if not isinstance(error, (DBAPIError, PoolTimeoutError, OSError, sqlite3.Error)) and not type(error).__module__.startswith(
            "asyncpg."
        ):
            raise
        origin = getattr(error, "orig", None) or error
        raise StoreDown(type(origin.__cause__ or origin).__name__) from None


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with trouble_is_down(), engine.begin() as connection:
        yield connection


async def empty_log(engine: AsyncEngine) -> None:
    """SQLite's write-ahead log holds what was erased until it is emptied; PostgreSQL sees to its own."""
    if not is_shared(engine):
        async with trouble_is_down(), engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()


def insert(connection: AsyncConnection, table: Table) -> Any:
    """Both databases know ON CONFLICT, each by a construct of its own."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def key_of(*names: str) -> int:
    """The number of an advisory lock of PostgreSQL."""
    return int.from_bytes(hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest(), signed=True)


async def lock(connection: AsyncConnection, *names: str) -> None:
    """Only one transaction at a time has these names, until its end. On SQLite there is only one anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key_of(*names)})


async def try_lock(connection: AsyncConnection, *names: str) -> bool:
    """The same, or False at once if another transaction has these names."""
    if connection.dialect.name != "postgresql":
        return True
    return bool((await connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key_of(*names)})).scalar_one())


async def migrate(engine: AsyncEngine) -> None:
    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    patient = engine  # a migration may need its time, and whoever waits for it too
    if is_shared(engine):
        patient = create_async_engine(engine.url, poolclass=NullPool, connect_args={"timeout": CONNECT_WITHIN})
    async with transaction(patient) as connection:
        await lock(connection, "migrate")
        await connection.run_sync(upgrade)
