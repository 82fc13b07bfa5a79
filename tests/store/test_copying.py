"""Moving to another database takes everything along, in its order, or nothing."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, select, text

from bot.store import Store
from bot.store.copying import NotEmpty, copy
from bot.store.database import engine_for, migrate
from bot.store.tables import metadata
from bot.types import Address, Language, Message
from tests.conftest import Clock
from tests.postgres import Postgres
from tests.store.test_store import REPLY, claim, message, turn

OLENA, WEB = Address("telegram", "1"), Address("web", "2")


@pytest.fixture(params=["to postgresql", "to sqlite"])
async def stores(request: pytest.FixtureRequest, postgres_server: Postgres, tmp_path: Path, clock: Clock) -> AsyncIterator[list[Store]]:
    """The source and the empty target, one of each kind."""
    async with postgres_server.new() as url:
        urls = [f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3", url]
        stores = [Store(engine_for(url), clock) for url in (urls if request.param == "to postgresql" else reversed(urls))]
        for store in stores:
            await migrate(store.engine)
        yield stores
        for store in stores:
            await store.close()


async def fill(store: Store) -> None:
    """Answered, open, claimed, postponed and waiting; with a gap in the numbers."""
    await store.receive(message(1))
    job, _message, _conversation = await claim(store)
    await store.finish(job, turn(language="uk", topic="fair_work/contract"), [REPLY], number="41")
    await store.receive(message(2, WEB))
    job, _message, _conversation = await claim(store)
    await store.finish(job, turn(WEB, language="pl"), [REPLY], when_here=True)
    await store.receive(message(3))
    await store.receive(message(3))
    await store.receive(message(4))
    await store.receive(Message("5", Address("messenger", "3"), "zażółć \N{GRINNING FACE}", "/help", Language.PL, "o", edited=True))
    await claim(store)
    await store.pause(OLENA, 3600)


async def rows(store: Store) -> dict[str, Sequence[object]]:
    async with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


async def test_everything_is_taken_along_as_it_was(stores: list[Store]) -> None:
    source, target = stores
    await fill(source)
    assert await copy(source.engine, target.engine) == {"inbox": 5, "outbox": 2, "conversations": 2, "sent": 1}
    assert await rows(source) == await rows(target)


async def test_the_bot_goes_on_where_it_stopped(stores: list[Store], clock: Clock) -> None:
    source, target = stores
    await fill(source)
    await copy(source.engine, target.engine)
    assert not await target.receive(message(1))
    assert await target.receive(message(6))
    clock.pass_(61)
    answered = []
    while claimed := await target.next_message():
        job, what, conversation = claimed
        answered.append(what.id)
        assert await target.finish(job, turn(conversation.address), [REPLY])
    assert sorted(answered) == ["3", "4", "5", "6"]
    assert [id for id in answered if id != "5"] == ["3", "4", "6"]
    assert await target.next_reply([WEB])


async def test_an_empty_database_is_copied_too(stores: list[Store]) -> None:
    source, target = stores
    assert await copy(source.engine, target.engine) == {"inbox": 0, "outbox": 0, "conversations": 0, "sent": 0}
    assert await target.receive(message(1))


async def test_a_target_that_holds_something_is_refused_and_left_as_it_is(stores: list[Store]) -> None:
    source, target = stores
    await fill(source)
    await target.pause(WEB, 60)
    before = await rows(target)
    with pytest.raises(NotEmpty):
        await copy(source.engine, target.engine)
    assert before == await rows(target)


async def test_after_a_failure_in_the_middle_nothing_is_there_and_it_can_be_repeated(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores
    await fill(source)
    with monkeypatch.context() as broken:
        broken.setattr("bot.store.copying.conversations", metadata.tables["inbox"])  # these numbers are taken
        with pytest.raises(Exception, match=r"IntegrityError|UniqueViolationError"):
            await copy(source.engine, target.engine)
    assert all(not found for found in (await rows(target)).values())
    await copy(source.engine, target.engine)
    assert await rows(source) == await rows(target)


async def test_many_rows_are_copied_in_pieces(stores: list[Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.copying.AT_ONCE", 2)
    source, target = stores
    await fill(source)
    await copy(source.engine, target.engine)
    assert await rows(source) == await rows(target)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_what_an_older_version_left_is_still_there_after_an_upgrade(kind: str, postgres_server: Postgres, tmp_path: Path) -> None:
    def to_the_older_version(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", "bot/store/migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")

    async with postgres_server.new() as url:
        store = Store(engine_for(url if kind == "postgresql" else f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"))
        async with store.engine.begin() as connection:
            await connection.run_sync(to_the_older_version)
            body = """'{"text": "hello", "payload": null, "hint": null, "original": "", "edited": false}'"""
            await connection.exec_driver_sql(f"INSERT INTO inbox VALUES (7, 'telegram', '1', '1', {body}, 1, 1, 0, NULL)")
            reply = """'{"text": "hello", "language": "pl", "buttons": [], "contact": null}'"""
            await connection.exec_driver_sql(f"INSERT INTO outbox VALUES (8, 'telegram', '1', {reply}, 1, 1, 0)")
            slots = """'{"language": "uk", "topic": "fair_work/contract"}'"""
            await connection.exec_driver_sql(f"INSERT INTO conversations VALUES ('telegram', '1', {slots}, NULL, 1)")
        await migrate(store.engine)
        assert (await claim(store))[1] == Message("1", OLENA, "hello")
        claimed = await store.next_reply()
        assert claimed
        assert (claimed[0].id, claimed[2].text) == (8, "hello")
        await store.sweep()
        async with store.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM conversations"))).scalar() == 0
        await store.close()
