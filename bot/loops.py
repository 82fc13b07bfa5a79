"""How the service goes round: claim while there is something and somebody free, sleep until a row comes or falls due.

It does not know what is claimed. A store that is down ends nothing: it is tried again.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.store import StoreDown
from bot.telemetry import log

LONGEST_WAIT = 30.0
TOLD_EVERY = 60.0  # seconds between two lines about a store that stays down
STORE_AGAIN = 1.0  # seconds between two tries to write while the store is down
_log = log("service")

T = TypeVar("T")
Work = Callable[[], Awaitable[None]]


async def claiming(
    claim: Callable[[], Awaitable[Work | None]],
    due_in: Callable[[], Awaitable[float | None]],
    free: asyncio.Semaphore,
    came: asyncio.Event,
    stopping: asyncio.Event,
) -> None:
    """Until `stopping` and a last `came`; what is under way then is finished."""
    async with asyncio.TaskGroup() as tasks:
        while not stopping.is_set():
            await free.acquire()
            came.clear()
            wait: float | None = LONGEST_WAIT
            try:
                if work := None if stopping.is_set() else await claim():
                    tasks.create_task(_guarded(work, free, came))
                    continue
                wait = await due_in()
            except StoreDown as error:
                store_is_down(error)
                wait = 1.0
            free.release()
            if not stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(LONGEST_WAIT if wait is None else wait, LONGEST_WAIT)):
                        await came.wait()  # Python 3.11's wait_for forgets that this group is ending if something came at the same time


async def every(seconds: float, work: Work, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await work()
        except StoreDown as error:
            store_is_down(error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)


async def surely(write: Callable[[], Awaitable[T]], stopping: asyncio.Event) -> T:
    """Write it as soon as the store can: left to the next lease, it would be done twice, or a minute late."""
    while True:
        try:
            return await write()
        except StoreDown:
            if stopping.is_set():
                raise
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), STORE_AGAIN)


class Outage:
    """A store that is down, told once a minute: whoever waits for it asks every second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._silent_until = clock, 0.0

    def __call__(self, error: StoreDown) -> None:
        if self._clock() >= self._silent_until:
            self._silent_until = self._clock() + TOLD_EVERY
            _log.error("store.down", error=str(error), do="check the disk and BOT_DATABASE_URL; nothing is confirmed meanwhile")


store_is_down = Outage()


async def _guarded(work: Work, free: asyncio.Semaphore, came: asyncio.Event) -> None:
    try:
        await work()
    except StoreDown as error:
        store_is_down(error)
    finally:
        free.release()
        came.set()  # the next row of the same person may go now
