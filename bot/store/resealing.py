"""What was written with an older key, or with none, is sealed with the key in use: at the first start with it.

A key is changed while nobody writes with the old one. Afterwards the old one opens nothing any more and may be thrown away.
"""

from typing import Any

from sqlalchemy import RowMapping, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.database import insert, lock, transaction
from bot.store.sealing import SIGN, KeyMissing, Sealing
from bot.store.tables import conversations, inbox, outbox, sent
from bot.types import Address

AT_ONCE = 1000  # rows of a table in one transaction


async def reseal(engine: AsyncEngine, sealing: Sealing) -> int:
    """How many rows there were to seal. KeyMissing if there is one that none of our keys opens."""
    count = 0
    while True:
        async with transaction(engine) as connection:
            await lock(connection, "migrate")  # replicas that start together wait for each other
            sealed = await _some(connection, sealing) if sealing.name else await _none(connection)
        if not sealed:
            return count
        count += sealed


async def _none(connection: AsyncConnection) -> int:
    """Without a key nothing may be sealed."""
    for table in (inbox, outbox, conversations):
        if (await connection.execute(select(1).select_from(table).where(table.c.person.startswith(SIGN)).limit(1))).first():
            raise KeyMissing
    return 0


async def _some(connection: AsyncConnection, sealing: Sealing) -> int:
    count = 0
    for table in (inbox, outbox):
        for row in await _others(connection, table, sealing):
            person, body = _sealed(row, "body", sealing)
            await connection.execute(update(table).where(table.c.id == row["id"]).values(person=person, body=body))
            count += 1
    for row in await _others(connection, conversations, sealing):
        person, slots = _sealed(row, "slots", sealing)
        again = insert(connection, conversations).values({**row, "person": person, "slots": slots})
        await connection.execute(again.on_conflict_do_nothing(index_elements=["channel", "person"]))
        numbers = (sent.c.channel == row["channel"], sent.c.person == row["person"])
        await connection.execute(update(sent).where(*numbers).values(person=person))
        old = (conversations.c.channel == row["channel"], conversations.c.person == row["person"])
        await connection.execute(delete(conversations).where(*old))
        count += 1
    return count + await _mark(connection, sealing)


async def _others(connection: AsyncConnection, table: Table, sealing: Sealing) -> list[RowMapping]:
    """Rows with a person that the key in use did not hide."""
    others = select(table).where(table.c.person.is_not(None), ~table.c.person.startswith(sealing.name)).limit(AT_ONCE)
    return list((await connection.execute(others)).mappings())


def _sealed(row: RowMapping, column: str, sealing: Sealing) -> tuple[str, Any]:
    address, content = sealing.open(Address(row["channel"], row["person"]), row[column])
    return sealing.hide(address).person, sealing.seal(address, content)


async def _mark(connection: AsyncConnection, sealing: Sealing) -> int:
    """The numbers of messages that came while there was no key. Those that were marked with an older key are known by it until they go."""
    plain = select(inbox.c.id, inbox.c.channel, inbox.c.message_id).where(~inbox.c.message_id.startswith(SIGN)).limit(AT_ONCE)
    rows = (await connection.execute(plain)).all()
    for row in rows:
        mark = sealing.marks(row.channel, row.message_id)[0]
        await connection.execute(update(inbox).where(inbox.c.id == row.id).values(message_id=mark))
    return len(rows)
