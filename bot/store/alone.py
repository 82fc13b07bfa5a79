"""What one replica alone may do at a time, such as reading by long polling. When it ends or loses the database, another one takes over."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import StoreDown, is_shared, key_of
from bot.store.standing import RECONNECT, Standing, standing

ASK_EVERY = 5.0  # seconds


async def alone(engine: AsyncEngine, name: str, work: Callable[[], Awaitable[None]], ask_every: float = ASK_EVERY) -> None:
    """Do it as soon as no other replica does; until it is done, or cancelled. On SQLite there is no other replica."""
    if not is_shared(engine):
        await work()
        return
    while True:
        try:
            async with standing(engine) as line:
                while True:
                    if await line.execute("SELECT pg_try_advisory_lock($1)", key_of("alone", name)):
                        await _while_it_stands(line, work)
                        return
                    await asyncio.sleep(ask_every)
        except StoreDown:
            await asyncio.sleep(RECONNECT)


async def _while_it_stands(line: Standing, work: Callable[[], Awaitable[None]]) -> None:
    """The lock is gone with the connection, and the next replica begins: end then, too."""
    done = asyncio.Event()
    working = asyncio.ensure_future(work())
    working.add_done_callback(lambda _task: done.set())
    try:
        await line.until(done)
        working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
