"""A connection that stays open: for what PostgreSQL does only as long as a session lasts, as listening and locks.

It never does the work of the store, and is given up rather than mended.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import StoreDown, trouble_is_down

LOOK_EVERY = 10.0  # seconds between two looks whether it is still there
RECONNECT = 1.0


class Standing:
    """`driver` is asyncpg's own connection. Every trouble with it is StoreDown."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self._ended = asyncio.Event()
        driver.add_termination_listener(lambda _connection: self._ended.set())

    async def execute(self, statement: str, *values: object) -> Any:
        """The first value of the first row. A connection without a server behind it is found here, by the time that it takes."""
        async with trouble_is_down(), asyncio.timeout(LOOK_EVERY):
            return await self.driver.fetchval(statement, *values)

    async def listen(self, topic: str, hear: Callable[[Any, int, str, str], None]) -> None:
        async with trouble_is_down(), asyncio.timeout(LOOK_EVERY):
            await self.driver.add_listener(topic, hear)

    async def until(self, event: asyncio.Event) -> None:
        """Until it is set; StoreDown once the connection is gone."""
        waiting = [asyncio.ensure_future(one.wait()) for one in (event, self._ended)]
        try:
            while not event.is_set():
                done, _ = await asyncio.wait(waiting, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
                if self._ended.is_set():
                    raise StoreDown("ConnectionLost")
                if not done:
                    await self.execute("SELECT 1")
        finally:
            for wait in waiting:
                wait.cancel()


@asynccontextmanager
async def standing(engine: AsyncEngine) -> AsyncIterator[Standing]:
    async with trouble_is_down():
        connection = await engine.connect()
    try:
        driver = (await connection.get_raw_connection()).driver_connection
        yield Standing(driver)
    finally:
        # Not back into the pool: it still listens or holds a lock. What is being cancelled waits for nothing.
        await asyncio.shield(asyncio.ensure_future(_drop(connection)))


async def _drop(connection: Any) -> None:
    await connection.invalidate()
    await connection.close()
