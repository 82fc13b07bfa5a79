"""Everything from one database into another, empty one: how a bot moves from SQLite to PostgreSQL, or back.

All of it or nothing: after a failure the target is as empty as before. It never changes or erases a row of the source.
"""

from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.database import is_shared, transaction
from bot.store.tables import conversations, inbox, metadata, outbox, sent

AT_ONCE = 1000  # rows


class NotEmpty(Exception):
    """The target holds something already: choose an empty database."""


async def copy(source: AsyncEngine, target: AsyncEngine) -> dict[str, int]:
    """How many rows there are of each table now. Both databases must have been migrated; nobody else writes to them meanwhile."""
    async with transaction(source) as reading, transaction(target) as writing:
        if is_shared(source):
            await _locked(reading, "SHARE")
        if is_shared(target):
            await _locked(writing, "EXCLUSIVE")
        for table in metadata.sorted_tables:
            if (await writing.execute(select(1).select_from(table).limit(1))).first():
                raise NotEmpty
        counts = {table.name: await _copy(table, reading, writing) for table in (inbox, outbox, conversations, sent)}
        if is_shared(target):
            for table in (inbox, outbox):
                await _go_on_after_the_last(writing, table)
        return counts


async def _copy(table: Table, reading: AsyncConnection, writing: AsyncConnection) -> int:
    count = 0
    rows = await reading.stream(select(table).order_by(*table.primary_key))
    async for some in rows.mappings().partitions(AT_ONCE):
        batch: list[dict[str, Any]] = [dict(row) for row in some]
        await writing.execute(insert(table), batch)
        count += len(batch)
    return count


async def _locked(connection: AsyncConnection, mode: str) -> None:
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    await connection.execute(text(f"LOCK TABLE inbox, outbox, conversations, sent IN {mode} MODE"))


async def _go_on_after_the_last(connection: AsyncConnection, table: Table) -> None:
    """Rows brought their numbers along; the next one must not get a number that is taken. SQLite sees to it by itself."""
    last = (await connection.execute(select(func.max(table.c.id)))).scalar()
    if last:
        await connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
