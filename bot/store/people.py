"""What the tables hold about one person: the conversation, and everything when it must be erased.

Each function is part of a transaction that somebody else begins.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import retention
from bot.store.database import insert, lock
from bot.store.tables import conversations
from bot.types import INTRODUCED, Address, Conversation


async def lock_order(connection: AsyncConnection, address: Address) -> None:
    """Before a message is added: the next one of this person gets its number after this transaction.

    PostgreSQL gives out numbers before it commits. Without the lock a message could appear after a later one of the same person
    was claimed, and two workers would have this person at the same time.
    """
    await lock(connection, address.channel, address.person)


async def conversation_with(connection: AsyncConnection, address: Address, now: float) -> Conversation:
    row = (await connection.execute(select(conversations).where(_of(address)))).mappings().first()
    if row is None:
        return Conversation(address)
    return Conversation(address, retention.remembered(row["slots"], now - row["updated_at"]), row["paused_until"])


async def save(connection: AsyncConnection, conversation: Conversation, now: float) -> None:
    """The slots alone: whether a consultant writes may have changed since the conversation was read."""
    if conversation.slots:
        slots = dict(conversation.slots)
        await _upsert(connection, conversation.address, {}, {"slots": slots, "erase_at": retention.erase_at(slots, now)}, now)
    else:
        await connection.execute(delete(conversations).where(_of(conversation.address), conversations.c.paused_until.is_(None)))


async def pause(connection: AsyncConnection, address: Address, until: float, now: float) -> None:
    soonest = now + retention.TOPIC_LIFE  # what the slots hold is not looked at here
    await _upsert(connection, address, {"slots": {}}, {"paused_until": until, "erase_at": soonest}, now)


async def resume(connection: AsyncConnection, address: Address) -> None:
    """Whoever has written with a human must hear again that the next answer is a program's."""
    slots = (await connection.execute(select(conversations.c.slots).where(_of(address)))).scalar() or {}
    kept = {name: value for name, value in slots.items() if name != INTRODUCED}
    await connection.execute(update(conversations).where(_of(address)).values(paused_until=None, slots=kept))


async def erase(connection: AsyncConnection, address: Address, *tables: Table) -> None:
    for table in tables:
        await connection.execute(delete(table).where(table.c.channel == address.channel, table.c.person == address.person))


async def _upsert(connection: AsyncConnection, address: Address, first: Mapping[str, Any], values: Mapping[str, Any], now: float) -> None:
    values = {**values, "updated_at": now}
    added = insert(connection, conversations).values({"channel": address.channel, "person": address.person, **first, **values})
    await connection.execute(added.on_conflict_do_update(index_elements=["channel", "person"], set_=values))


def _of(address: Address) -> ColumnElement[bool]:
    return and_(conversations.c.channel == address.channel, conversations.c.person == address.person)
