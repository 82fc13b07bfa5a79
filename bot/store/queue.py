"""A queue in three columns of a table: `due_at`, `attempt`, and `done_at` where rows outlive their work.

Claiming moves `due_at` ahead and counts `attempt` up: the row of a dead worker falls due again by itself, and a late worker knows
by the number that it is late.
"""

from sqlalchemy import ColumnElement, RowMapping, Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection


async def claim(connection: AsyncConnection, table: Table, now: float, lease: float) -> RowMapping | None:
    """The oldest row that is due, for one worker alone."""
    candidate = (
        select(table.c.id)
        .where(table.c.due_at <= now, *_first_of_a_person(table))
        .order_by(table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = await connection.execute(
        update(table)
        .where(table.c.id == candidate.scalar_subquery())
        .values(due_at=now + lease, attempt=table.c.attempt + 1)
        .returning(*table.c)
    )
    return claimed.mappings().first()


async def postpone(connection: AsyncConnection, table: Table, row: int, attempt: int, due_at: float) -> None:
    await connection.execute(update(table).where(table.c.id == row, table.c.attempt == attempt).values(due_at=due_at))


async def next_due(connection: AsyncConnection, table: Table) -> float | None:
    """When the next row may be claimed; None: nothing is open."""
    due = await connection.execute(select(func.min(table.c.due_at)).where(*_first_of_a_person(table)))
    found: float | None = due.scalar()
    return found


def _first_of_a_person(table: Table) -> list[ColumnElement[bool]]:
    """Open rows whose person has no older open row: this keeps the order."""
    earlier = table.alias("earlier")
    open_rows = [table.c.done_at.is_(None)] if "done_at" in table.c else []
    earlier_open = [earlier.c.done_at.is_(None)] if "done_at" in table.c else []
    blocked = select(1).where(
        earlier.c.channel == table.c.channel, earlier.c.person == table.c.person, earlier.c.id < table.c.id, *earlier_open
    )
    return [*open_rows, ~blocked.exists()]
