"""Whatever goes wrong with PostgreSQL is StoreDown, and over as soon as the database is back."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store import Store, StoreDown
from bot.store.database import engine_for, migrate
from bot.types import Address, Message
from tests.postgres import Postgres

HELLO = Message("1", Address("telegram", "1"), "hello")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql+asyncpg://bot@127.0.0.1:1/bot", "ConnectionRefusedError"),
        ("postgresql+asyncpg://bot@/bot?host={nowhere}", "FileNotFoundError"),
        ("postgresql+asyncpg://postgres@/no_such_database?host={socket}", "InvalidCatalogNameError"),
        ("postgresql+asyncpg://nobody@/postgres?host={socket}", "InvalidAuthorizationSpecificationError"),
        ("postgresql+asyncpg://postgres@/postgres?host={socket}", "UndefinedTableError"),
    ],
)
async def test_a_database_that_cannot_be_used_is_down_by_the_name_of_the_error_alone(
    url: str, error: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    store = Store(engine_for(url.format(nowhere=tmp_path, socket=postgres_server.socket)))
    with pytest.raises(StoreDown, match=f"^{error}$"):
        await store.receive(HELLO)
    await store.close()


async def test_a_server_that_hangs_up_is_down_and_so_is_one_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.database.CONNECT_WITHIN", 0.05)
    silent: list[asyncio.StreamWriter] = []

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for behaviour in (say_nothing, hang_up):
        async with await asyncio.start_server(behaviour, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            store = Store(engine_for(f"postgresql+asyncpg://bot@127.0.0.1:{port}/bot?ssl=disable"))
            with pytest.raises(StoreDown):
                await store.receive(HELLO)
            await store.close()
            for writer in silent:
                writer.close()


async def test_connections_that_were_cut_are_replaced_without_losing_a_message(postgres_url: str, postgres_server: Postgres) -> None:
    store = Store(engine_for(postgres_url))
    await store.receive(HELLO)
    await postgres_server.cut(postgres_url)
    assert await store.open_rows() == (1, 0)
    await store.close()


async def test_a_connection_that_is_cut_in_the_middle_is_down_and_nothing_of_it_is_kept(
    postgres_url: str, postgres_server: Postgres
) -> None:
    store, other = Store(engine_for(postgres_url)), Store(engine_for(postgres_url))
    async with other.engine.begin() as blocking:
        await blocking.execute(text("LOCK TABLE inbox"))
        receiving = asyncio.create_task(store.receive(HELLO))
        while not (await blocking.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))).scalar():
            assert not receiving.done()
        await postgres_server.cut(postgres_url, (await blocking.execute(text("SELECT pg_backend_pid()"))).scalar_one())
        with pytest.raises(StoreDown):
            await receiving
    assert await store.open_rows() == (0, 0)
    await store.close()
    await other.close()


async def test_a_statement_that_waits_too_long_is_down(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.database.ANSWER_WITHIN", 0.1)
    store, other = Store(engine_for(postgres_url)), Store(engine_for(postgres_url))
    async with other.engine.begin() as blocking:
        await blocking.execute(text("LOCK TABLE inbox"))
        with pytest.raises(StoreDown, match=r"^QueryCanceledError$"):
            await store.receive(HELLO)
    await store.close()
    await other.close()


async def test_more_workers_than_connections_wait_and_are_down_after_a_while(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.database.CONNECT_WITHIN", 0.2)
    store = Store(engine_for(postgres_url, workers=1))
    taken = [await store.engine.connect() for _ in range(10)]
    with pytest.raises(StoreDown, match=r"^TimeoutError$"):
        await store.receive(HELLO)
    for connection in taken:
        await connection.close()
    assert await store.receive(HELLO)
    await store.close()


async def test_a_mistake_of_ours_is_not_called_down(postgres_url: str) -> None:
    store = Store(engine_for(postgres_url))
    with pytest.raises(AttributeError):
        await store.receive(None)  # type: ignore[arg-type]  # what must fail
    await store.close()


async def test_migrating_a_server_that_is_not_there_is_down(tmp_path: Path) -> None:
    engine = engine_for(f"postgresql+asyncpg://bot@/bot?host={tmp_path}")
    with pytest.raises(StoreDown, match=r"^FileNotFoundError$"):
        await migrate(engine)
    await engine.dispose()
