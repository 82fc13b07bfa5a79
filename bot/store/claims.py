"""Claims on the rows of one queue, each a transaction of its own. It knows nothing of what is in a row."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import RowMapping, Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store import queue
from bot.store.database import StoreDown, transaction
from bot.types import Address


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row. `attempt` counts the claims; whoever claims it again makes earlier jobs void."""

    id: int
    attempt: int
    age: float


class Claims:
    def __init__(self, engine: AsyncEngine, table: Table, lease: float) -> None:
        """`lease`: seconds a worker may take before its row is given to another."""
        self._engine, self._table, self._lease = engine, table, lease
        self._unsure: list[float] = []  # ends of leases of which nobody knows whether they began

    @asynccontextmanager
    async def next(self, now: float, people: Sequence[Address] = ()) -> AsyncIterator[tuple[AsyncConnection, RowMapping | None]]:
        """In a transaction that is kept at the end.

        If the database goes away just then, nobody knows whether the claim was kept. The next one gives it back: else its row would wait
        for the end of the lease, and nobody works on it.
        """
        unsure, asked = tuple(self._unsure), False
        try:
            async with transaction(self._engine) as connection:
                if unsure:
                    await queue.give_back(connection, self._table, unsure, now)
                row = await queue.claim(connection, self._table, now, now + self._lease, people)
                asked = True
                yield connection, row
        except StoreDown:
            if asked:
                self._unsure.append(now + self._lease)
            raise
        self._unsure = [lease for lease in self._unsure if lease not in unsure]

    async def postpone(self, job: Job, due_at: float | None) -> None:
        async with transaction(self._engine) as connection:
            await queue.postpone(connection, self._table, job.id, job.attempt, due_at)

    async def due_in(self, now: float) -> float | None:
        """Seconds until the next row may be claimed; None: nothing is open, or nobody has to be waited for."""
        async with transaction(self._engine) as connection:
            due = await queue.next_due(connection, self._table)
            return None if due is None else max(0.0, due - now)
