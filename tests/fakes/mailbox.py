"""A mailbox that keeps what a channel puts into it, and is down when a test says so."""

import asyncio

from bot.channels.base import Unavailable
from bot.types import Address, Message


class Mailbox:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.withdrawn: list[tuple[Address, str]] = []
        self.forgotten: list[Address] = []
        self.paused: dict[Address, float] = {}
        self.woken: list[Address] = []
        self.down = False
        self.came = asyncio.Event()

    async def receive(self, message: Message) -> None:
        """A message that was here before is kept once, as by the store."""
        self._check()
        if (message.sender.channel, message.id) not in {(kept.sender.channel, kept.id) for kept in self.messages}:
            self.messages.append(message)
        self.came.set()

    async def withdraw(self, sender: Address, id: str) -> None:
        self._check()
        self.withdrawn.append((sender, id))

    async def forget(self, address: Address) -> None:
        self._check()
        self.forgotten.append(address)

    async def pause(self, address: Address, seconds: float) -> None:
        self._check()
        self.paused[address] = seconds

    async def resume(self, address: Address) -> None:
        self._check()
        self.paused.pop(address, None)

    async def wake(self, address: Address) -> None:
        self.woken.append(address)

    def _check(self) -> None:
        if self.down:
            raise Unavailable
