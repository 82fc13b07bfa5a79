"""How the service goes round: claim while there is something and somebody free, sleep until a row comes or falls due.

It does not know what is claimed. A store that is down ends nothing: it is tried again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from bot.store import StoreDown
from bot.telemetry import log

LONGEST_WAIT = 30.0
_log = log("service")

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
                    await asyncio.wait_for(came.wait(), min(LONGEST_WAIT if wait is None else wait, LONGEST_WAIT))


async def every(seconds: float, work: Work, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await work()
        except StoreDown as error:
            store_is_down(error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)


def store_is_down(error: StoreDown) -> None:
    _log.error("store.down", error=str(error), do="check the disk and BOT_DATABASE_URL")


async def _guarded(work: Work, free: asyncio.Semaphore, came: asyncio.Event) -> None:
    try:
        await work()
    except StoreDown as error:
        store_is_down(error)
    finally:
        free.release()
        came.set()  # the next row of the same person may go now
