"""What the tables hold about one person: the conversation, and everything when it must be erased.

Each function is part of a transaction that somebody else begins. `hidden` is an address as the tables hold it.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import retention
from bot.store.database import insert, lock
from bot.store.sealing import Sealing
from bot.store.tables import conversations
from bot.types import INTRODUCED, Address, Conversation


async def lock_order(connection: AsyncConnection, address: Address) -> None:
    """Before a message is added: the next one of this person gets its number after this transaction.

    PostgreSQL gives out numbers before it commits. Without the lock a message could appear after a later one of the same person
    was claimed, and two workers would have this person at the same time.
    """
    await lock(connection, address.channel, address.person)


async def conversation_with(connection: AsyncConnection, sealing: Sealing, address: Address, now: float) -> Conversation:
    row = (await connection.execute(select(conversations).where(_of(sealing.hide(address))))).mappings().first()
    if row is None:
        return Conversation(address)
    _address, slots = sealing.open(address, row["slots"])
    return Conversation(address, retention.remembered(slots, now - row["updated_at"]), row["paused_until"])


async def save(connection: AsyncConnection, sealing: Sealing, conversation: Conversation, now: float) -> None:
    """The slots alone: whether a consultant writes may have changed since the conversation was read."""
    address, slots = conversation.address, dict(conversation.slots)
    hidden = sealing.hide(address)
    if slots:
        values = {"slots": sealing.seal(address, slots), "erase_at": retention.erase_at(slots, now)}
        await _upsert(connection, hidden, {}, values, now)
    else:
        await connection.execute(delete(conversations).where(_of(hidden), conversations.c.paused_until.is_(None)))


async def pause(connection: AsyncConnection, sealing: Sealing, address: Address, until: float, now: float) -> None:
    soonest = now + retention.TOPIC_LIFE  # what the slots hold is not looked at here
    nothing = {"slots": sealing.seal(address, {})}
    await _upsert(connection, sealing.hide(address), nothing, {"paused_until": until, "erase_at": soonest}, now)


async def resume(connection: AsyncConnection, sealing: Sealing, address: Address) -> None:
    """Whoever has written with a human must hear again that the next answer is a program's."""
    mine = _of(sealing.hide(address))
    row = (await connection.execute(select(conversations.c.slots).where(mine))).first()
    if row:
        _address, slots = sealing.open(address, row.slots)
        kept = {name: value for name, value in slots.items() if name != INTRODUCED}
        await connection.execute(update(conversations).where(mine).values(paused_until=None, slots=sealing.seal(address, kept)))


async def erase(connection: AsyncConnection, hidden: Address, *tables: Table) -> None:
    for table in tables:
        theirs = [table.c.channel == hidden.channel, table.c.person == hidden.person]
        if "done_at" in table.c:  # a done row names nobody; said aloud, the database need not read them all
            theirs.append(table.c.done_at.is_(None))
        await connection.execute(delete(table).where(*theirs))


async def _upsert(connection: AsyncConnection, hidden: Address, first: Mapping[str, Any], values: Mapping[str, Any], now: float) -> None:
    values = {**values, "updated_at": now}
    added = insert(connection, conversations).values({"channel": hidden.channel, "person": hidden.person, **first, **values})
    await connection.execute(added.on_conflict_do_update(index_elements=["channel", "person"], set_=values))


def _of(hidden: Address) -> ColumnElement[bool]:
    return and_(conversations.c.channel == hidden.channel, conversations.c.person == hidden.person)
