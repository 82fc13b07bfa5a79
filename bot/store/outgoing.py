"""Replies on their way to a person: into the outbox, and out of it when they have waited too long. It sends nothing.

Each function is part of a transaction that somebody else begins.
"""

from collections.abc import Sequence

from sqlalchemy import and_, delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.bodies import reply_body
from bot.store.queue import BEFORE_ALL
from bot.store.sealing import Sealing
from bot.store.tables import outbox
from bot.types import Address, Reply


async def hand_over(
    connection: AsyncConnection,
    sealing: Sealing,
    address: Address,
    replies: Sequence[Reply],
    now: float,
    *,
    urgent: bool = False,
    when_here: bool = False,
) -> None:
    """`when_here`: they wait until somebody asks for those of this person."""
    if not replies:
        return
    hidden = sealing.hide(address)
    due_at = None if when_here else BEFORE_ALL if urgent else now
    row = {"channel": hidden.channel, "person": hidden.person, "created_at": now, "due_at": due_at, "attempt": 0, "urgent": urgent}
    await connection.execute(insert(outbox), [{**row, "body": sealing.seal(address, reply_body(reply))} for reply in replies])


async def give_up(connection: AsyncConnection, sealing: Sealing, before: float) -> list[Address]:
    """Erase replies that wait for their person since then."""
    late = and_(outbox.c.due_at.is_(None), outbox.c.created_at < before)
    rows = await connection.execute(delete(outbox).where(late).returning(outbox.c.channel, outbox.c.person, outbox.c.body))
    return [sealing.open(Address(row.channel, row.person), row.body)[0] for row in rows]
