"""Messages on their way to an answer: into the inbox, taken back, and those that have waited for long. It answers nobody.

Each function is part of a transaction that somebody else begins.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.bodies import message_body, message_from
from bot.store.database import insert, try_lock
from bot.store.queue import BEFORE_ALL
from bot.store.sealing import Sealing
from bot.store.tables import ERASED, conversations, inbox
from bot.types import Address, Message

AT_ONCE = 100  # messages that are looked at


async def keep(connection: AsyncConnection, sealing: Sealing, message: Message, now: float, *, urgent: bool, wait: float) -> bool:
    """False: it was here before."""
    sender = message.sender
    mark, *older = sealing.marks(sender.channel, message.id)
    if older and await _holds(connection, sender.channel, older):
        return False
    row = {"message_id": mark, "body": sealing.seal(sender, message_body(message)), "received_at": now, "attempt": 0, "urgent": urgent}
    hidden = sealing.hide(sender)
    added = insert(connection, inbox).values(
        channel=hidden.channel, person=hidden.person, due_at=BEFORE_ALL if urgent else now + wait, **row
    )
    result = await connection.execute(added.on_conflict_do_nothing(index_elements=["channel", "message_id"]))
    return bool(result.rowcount)


def message_of(row: RowMapping, sealing: Sealing) -> Message:
    sender, body = sealing.open(Address(row["channel"], row["person"]), row["body"])
    return message_from({"id": row["message_id"], **body}, sender)  # an older version kept the id in its column alone


async def take_back(connection: AsyncConnection, sealing: Sealing, sender: Address, id: str, now: float) -> None:
    """The open message of this number, and its edits, lose their text."""
    hidden = sealing.hide(sender)
    theirs = (inbox.c.channel == hidden.channel, inbox.c.person == hidden.person, inbox.c.done_at.is_(None))
    messages = {row["id"]: message_of(row, sealing) for row in (await connection.execute(select(inbox).where(*theirs))).mappings()}
    meant = [row for row, message in messages.items() if id in (message.id, message.original)]
    await connection.execute(update(inbox).where(inbox.c.id.in_(meant)).values(done_at=now, **ERASED))


async def long_waiting(connection: AsyncConnection, sealing: Sealing, since: float, now: float) -> list[Message]:
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
    oldest: dict[tuple[Any, ...], RowMapping] = {}
    for row in (await connection.execute(untold)).mappings():
        oldest.setdefault((row["channel"], row["person"]), row)
    for channel, person in oldest:
        theirs = (inbox.c.channel == channel, inbox.c.person == person, inbox.c.done_at.is_(None))
        await connection.execute(update(inbox).where(*theirs).values(told=True))
    return [message_of(row, sealing) for row in oldest.values()]


async def _holds(connection: AsyncConnection, channel: str, marks: Sequence[str]) -> bool:
    """Whether a message with one of these marks is here, or was answered not long ago."""
    found = select(1).where(inbox.c.channel == channel, inbox.c.message_id.in_(marks)).limit(1)
    return (await connection.execute(found)).first() is not None
