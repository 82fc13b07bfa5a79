"""The platform's numbers of what stands in a chat, for as long as it may be taken back. Never a word of it.

Each function is part of a transaction that somebody else begins. `hidden` is an address as the tables hold it.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Float, String, and_, delete, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import insert
from bot.store.retention import SENT_LIFE
from bot.store.tables import conversations, sent
from bot.types import Address, Reply


async def note(connection: AsyncConnection, hidden: Address, number: str, now: float) -> None:
    """Beside a conversation and nowhere else: of somebody who was forgotten nothing is kept, nor of the last words to them."""
    remembered = exists().where(conversations.c.channel == hidden.channel, conversations.c.person == hidden.person)
    row = select(literal(hidden.channel, String), literal(hidden.person, String), literal(number, String), literal(now, Float)).where(
        remembered
    )
    columns = ["channel", "person", "message_id", "sent_at"]
    await connection.execute(insert(connection, sent).from_select(columns, row).on_conflict_do_nothing())


async def take(connection: AsyncConnection, hidden: Address, now: float) -> tuple[str, ...]:
    """All numbers of a person, the oldest first, of which none is left here."""
    rows = await connection.execute(
        delete(sent)
        .where(and_(sent.c.channel == hidden.channel, sent.c.person == hidden.person))
        .returning(sent.c.sent_at, sent.c.message_id)
    )
    return tuple(number for sent_at, number in sorted(map(tuple, rows)) if sent_at > now - SENT_LIFE)


def with_numbers(replies: Sequence[Reply], numbers: Sequence[str]) -> Sequence[Reply]:
    """A reply that clears the chat is told what stands there."""
    known = tuple(dict.fromkeys(filter(None, numbers)))
    return [reply if reply.clears is None else replace(reply, clears=known) for reply in replies]
