"""Wakes whoever waits for something to happen in a fake."""

import asyncio
from collections.abc import Callable


class Changes:
    def __init__(self) -> None:
        self._next = asyncio.Event()

    def happened(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await self._next.wait()
