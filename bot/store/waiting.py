"""Who has waited long for an answer and was not told that it is coming. It answers nobody."""

from sqlalchemy import RowMapping, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import try_lock
from bot.store.tables import conversations, inbox

AT_ONCE = 100  # people


async def long_waiting(connection: AsyncConnection, since: float, now: float) -> list[RowMapping]:
    """The oldest open message of each, which count as told from now on. Nobody to whom a consultant writes."""
    if not await try_lock(connection, "long_waiting"):
        return []  # another replica does it
    same = and_(conversations.c.channel == inbox.c.channel, conversations.c.person == inbox.c.person)
    untold = (
        select(inbox)
        .outerjoin(conversations, same)
        .where(inbox.c.done_at.is_(None), ~inbox.c.told, inbox.c.received_at < since)
        .where(or_(conversations.c.paused_until.is_(None), conversations.c.paused_until <= now))
        .order_by(inbox.c.received_at, inbox.c.id)
        .limit(AT_ONCE)
    )
    oldest: dict[tuple[str, str], RowMapping] = {}
    for row in (await connection.execute(untold)).mappings():
        oldest.setdefault((row["channel"], row["person"]), row)
    for channel, person in oldest:
        theirs = (inbox.c.channel == channel, inbox.c.person == person, inbox.c.done_at.is_(None))
        await connection.execute(update(inbox).where(*theirs).values(told=True))
    return list(oldest.values())
