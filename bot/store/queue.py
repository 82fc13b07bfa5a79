"""A queue in three columns of a table: `due_at`, `attempt`, and `done_at` where rows outlive their work.

Claiming moves `due_at` ahead and counts `attempt` up: the row of a dead worker falls due again by itself, and a late worker knows
by the number that it is late. A row without `due_at` is for whoever reaches its person. An urgent row passes all others of its person,
and what one of them had under way is given back: it is done again after the urgent one, with what that one leaves behind.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, Table, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import inbox
from bot.types import Address


async def claim(connection: AsyncConnection, table: Table, now: float, lease: float, people: Sequence[Address] = ()) -> RowMapping | None:
    """The row that has been due for longest, for one worker alone. With `people`: the oldest row of one of them."""
    due: ColumnElement[bool] = table.c.due_at <= now
    if people:
        due = and_(of(table, people), or_(due, table.c.due_at.is_(None)))
    # A row that somebody else claims at this moment is left out; one that they claimed after we looked is looked at again, as
    # PostgreSQL compares the newest version of a locked row with the conditions. Who is first of a person changes only
    # when a row is closed, and `lock_order` sees to it that no earlier row of a person appears after a later one.
    candidate = (
        select(table.c.id)
        .where(due, *_first_of_a_person(table))
        # by a sum, so that PostgreSQL does not go through the whole table in this order to find these people
        .order_by(*((table.c.id + 0,) if people else (table.c.due_at, table.c.id)))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = await connection.execute(
        update(table)
        .where(table.c.id == candidate.scalar_subquery())
        .values(due_at=now + lease, attempt=table.c.attempt + 1)
        .returning(*table.c)
    )
    row = claimed.mappings().first()
    if row is None or "done_at" not in table.c:  # replies leave nothing behind: two of a person may be on their way
        return row
    theirs = and_(table.c.channel == row["channel"], table.c.person == row["person"], table.c.done_at.is_(None))
    if row["urgent"]:
        under_way = and_(theirs, ~table.c.urgent, table.c.attempt > 0)
        await connection.execute(update(table).where(under_way).values(due_at=now, attempt=table.c.attempt + 1))
        return row
    # An urgent row that came while the claim was on its way was not seen by it. This statement sees it.
    if (await connection.execute(select(1).where(theirs, table.c.urgent).limit(1))).first():
        await postpone(connection, table, row["id"], row["attempt"], now)
        return None
    return row


async def postpone(connection: AsyncConnection, table: Table, row: int, attempt: int, due_at: float | None) -> None:
    await connection.execute(update(table).where(table.c.id == row, table.c.attempt == attempt).values(due_at=due_at))


async def next_due(connection: AsyncConnection, table: Table) -> float | None:
    """When the next row may be claimed; None: nothing is open, or nobody has to be waited for."""
    first = select(table.c.due_at).where(table.c.due_at.is_not(None), *_first_of_a_person(table)).order_by(table.c.due_at).limit(1)
    found: float | None = (await connection.execute(first)).scalar()
    return found


async def holds(connection: AsyncConnection, channel: str, marks: Sequence[str]) -> bool:
    """Whether a message with one of these marks is here, or was answered not long ago."""
    found = select(1).where(inbox.c.channel == channel, inbox.c.message_id.in_(marks)).limit(1)
    return (await connection.execute(found)).first() is not None


def of(table: Table, people: Iterable[Address]) -> ColumnElement[bool]:
    by_channel = groupby(sorted(people, key=lambda address: address.channel), key=lambda address: address.channel)
    return or_(
        *(and_(table.c.channel == channel, table.c.person.in_([address.person for address in group])) for channel, group in by_channel)
    )


def _first_of_a_person(table: Table) -> list[ColumnElement[bool]]:
    """Open rows that no other row of the person comes before: this keeps the order."""
    earlier, urgent = table.alias("earlier"), table.alias("urgent_one")
    before_it = _theirs(earlier, table).where(earlier.c.id < table.c.id, or_(earlier.c.urgent, ~table.c.urgent))
    overtaking = _theirs(urgent, table).where(urgent.c.urgent)
    return [*_is_open(table), ~before_it.exists(), or_(table.c.urgent, ~overtaking.exists())]


def _theirs(other: FromClause, table: Table) -> Select[tuple[int]]:
    """Open rows of the person of a row."""
    return select(1).where(other.c.channel == table.c.channel, other.c.person == table.c.person, *_is_open(other))


def _is_open(table: FromClause) -> list[ColumnElement[bool]]:
    return [table.c.done_at.is_(None)] if "done_at" in table.c else []
