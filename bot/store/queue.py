"""A queue in three columns of a table: `due_at`, `attempt`, and `done_at` where rows outlive their work.

Claiming moves `due_at` ahead and counts `attempt` up: the row of a dead worker falls due again by itself, and a late worker knows
by the number that it is late. A row without `due_at` is for whoever reaches its person. An urgent row passes all others of its person,
and what one of them had under way is given back: it is done again after the urgent one, with what that one leaves behind.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, Table, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from bot.types import Address

BEFORE_ALL = 0.0  # is due before everything else


async def claim(connection: AsyncConnection, table: Table, now: float, until: float, people: Sequence[Address] = ()) -> RowMapping | None:
    """The row that has been due for longest, for one worker alone. With `people`: the oldest row of one of them."""
    statement = _claim_of(table, people) if people else _claim_of_anybody(table)
    claimed = await connection.execute(statement, {"now": now, "until": until})
    row: RowMapping | None = claimed.mappings().first()
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


async def give_back(connection: AsyncConnection, table: Table, leases: Sequence[float], now: float) -> None:
    """The rows whose leases end then are due now. Whoever works on one after all learns by its number that it is late."""
    await connection.execute(update(table).where(table.c.due_at.in_(leases)).values(due_at=now))


@cache  # building a statement takes longer than a small database does for it
def _claim_of_anybody(table: Table) -> ReturningUpdate[Any]:
    return _claim(table, table.c.due_at <= bindparam("now"), table.c.due_at, table.c.id)


def _claim_of(table: Table, people: Sequence[Address]) -> ReturningUpdate[Any]:
    due = and_(of(table, people), or_(table.c.due_at <= bindparam("now"), table.c.due_at.is_(None)))
    by_number = table.c.id + 0  # a sum, so that PostgreSQL does not go through the whole table in this order to find these people
    return _claim(table, due, by_number)


def _claim(table: Table, due: ColumnElement[bool], *order: ColumnElement[Any]) -> ReturningUpdate[Any]:
    # A row that somebody else claims at this moment is left out; one that they claimed after we looked is looked at again, as
    # PostgreSQL compares the newest version of a locked row with the conditions. Who is first of a person changes only
    # when a row is closed, and `lock_order` sees to it that no earlier row of a person appears after a later one.
    candidate = select(table.c.id).where(due, *_first_of_a_person(table)).order_by(*order).limit(1).with_for_update(skip_locked=True)
    claiming = update(table).where(table.c.id == candidate.scalar_subquery())
    return claiming.values(due_at=bindparam("until"), attempt=table.c.attempt + 1).returning(*table.c)


async def postpone(connection: AsyncConnection, table: Table, row: int, attempt: int, due_at: float | None) -> None:
    await connection.execute(update(table).where(table.c.id == row, table.c.attempt == attempt).values(due_at=due_at))


async def next_due(connection: AsyncConnection, table: Table) -> float | None:
    """When the next row may be claimed; None: nothing is open, or nobody has to be waited for."""
    found: float | None = (await connection.execute(_due(table))).scalar()
    return found


@cache
def _due(table: Table) -> Select[Any]:
    return select(table.c.due_at).where(table.c.due_at.is_not(None), *_first_of_a_person(table)).order_by(table.c.due_at).limit(1)


def of(table: Table, people: Iterable[Address]) -> ColumnElement[bool]:
    by_channel = groupby(sorted(people, key=lambda address: address.channel), key=lambda address: address.channel)
    return or_(
        *(and_(table.c.channel == channel, table.c.person.in_([address.person for address in group])) for channel, group in by_channel)
    )


@cache
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
