"""Nothing that is done for a message reads a whole table; `python -m benchmarks.load --plan` looks at a million people."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.filled import fill
from benchmarks.plans import plans, whole_tables_in
from bot.store import Store
from bot.store.database import engine_for, migrate
from tests.postgres import Postgres

PEOPLE, WAITING = 20_000, 2_000


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: Postgres) -> AsyncIterator[Store]:
    if request.param == "postgresql":
        async with postgres_server.new() as url:
            yield (store := Store(engine_for(url)))
            await store.close()
    else:
        yield (store := Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3")))
        await store.close()


async def test_every_statement_of_the_queues_goes_through_an_index(store: Store) -> None:
    await migrate(store.engine)
    await fill(store, PEOPLE, WAITING)
    found = await plans(store)
    asked = {plan.name for plan in found if plan.lines}
    assert {"claim a message", "finish a message", "claim a reply", "when is the next message due", "sweep", "health"} <= asked
    assert [f"{plan}" for plan in found if plan.scans] == []


async def test_an_index_that_is_missing_is_seen(store: Store) -> None:
    await migrate(store.engine)
    await fill(store, PEOPLE, WAITING)
    seen = 0
    for gone in (("conversations_erase",), ("outbox_person",), ("outbox_due",), ("inbox_done",), ("inbox_open", "inbox_due")):
        async with store.engine.begin() as connection:
            for index in gone:
                await connection.execute(text(f"DROP INDEX {index}"))
        await store.engine.dispose()  # SQLite explains a statement that a connection remembers as it was before
        found = sum(len(plan.scans) for plan in await plans(store))
        assert found > seen, gone
        seen = found


@pytest.mark.parametrize(
    "lines",
    [
        ["SCAN inbox"],
        ["SCAN conversations USING INDEX conversations_erase"],
        ["SCAN inbox USING COVERING INDEX inbox_done"],
        ["Update on inbox", "  ->  Seq Scan on inbox inbox_1  (cost=0.00..9.01 rows=1 width=4)"],
        ["Index Scan using inbox_once on inbox  (cost=0.28..8.30 rows=1 width=4)", "  Filter: (person = 'x')"],
        ["SEARCH earlier USING INDEX inbox_once (channel=?)"],
        ["SEARCH earlier USING INTEGER PRIMARY KEY (rowid<?)"],
        ["SEARCH earlier USING AUTOMATIC COVERING INDEX (person=?)"],
        ["Index Scan using inbox_once on inbox  (cost=0.28..8.30 rows=1 width=4)", "  Index Cond: ((channel)::text = 'x'::text)"],
        ["SCAN inbox USING INDEX inbox_open", "USE TEMP B-TREE FOR ORDER BY"],
    ],
)
def test_what_reads_a_whole_table_is_told(lines: list[str]) -> None:
    assert len(list(whole_tables_in(lines))) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["SEARCH inbox USING INDEX inbox_due (due_at<?)"],
        ["SCAN inbox USING INDEX inbox_due"],
        ["Limit", "  ->  Index Scan using inbox_due on inbox  (cost=0.28..8.30 rows=1 width=4)"],
        ["Index Scan using inbox_once on inbox  (cost=0.28..8.30 rows=1 width=4)", "  Index Cond: ((channel = 'x') AND (id < 3))"],
        ["SEARCH inbox USING INDEX inbox_once (channel=? AND message_id=?)"],
    ],
)
def test_what_goes_through_an_index_is_not(lines: list[str]) -> None:
    assert list(whole_tables_in(lines)) == []
