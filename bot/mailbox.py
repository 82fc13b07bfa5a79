"""What channels may do with the store: the one `Mailbox` there is. It wakes the loops of the service, and answers nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.channels.base import Unavailable
from bot.loops import store_is_down
from bot.pace import Pace
from bot.store import Store, StoreDown
from bot.telemetry import log, who
from bot.types import Address, Message
from bot.urgency import is_urgent

T = TypeVar("T")
_log = log("service")


class StoreMailbox:
    def __init__(self, store: Store, message_came: Callable[[], None], person_came: Callable[[Address], None]) -> None:
        self._store, self._message_came, self._person_came = store, message_came, person_came
        self._receiving: set[asyncio.Task[bool]] = set()
        self._pace = Pace()
        self.stores = True  # whether the last message that came could be kept

    async def receive(self, message: Message) -> None:
        urgent = is_urgent(message)
        wait = 0.0 if urgent else self._pace.wait(message.sender)
        storing = asyncio.create_task(self._store.receive(message, urgent=urgent, wait=wait))
        self._receiving.add(storing)
        storing.add_done_callback(self._receiving.discard)
        new = await self._kept(asyncio.shield(storing))  # who hangs up meanwhile does not stop the writing
        if new and not urgent:
            self._pace.count(message.sender)
        _log.info("message.received", person=who(message.sender), channel=message.sender.channel, new=new)
        self._message_came()

    async def withdraw(self, sender: Address, id: str) -> None:
        await self._kept(self._store.withdraw(sender, id))

    async def forget(self, address: Address) -> None:
        await self._kept(self._store.forget(address))
        _log.info("person.left", person=who(address), channel=address.channel)

    async def pause(self, address: Address, seconds: float) -> None:
        await self._kept(self._store.pause(address, seconds))
        _log.info("consultant.took_over", person=who(address), channel=address.channel)

    async def resume(self, address: Address) -> None:
        await self._kept(self._store.resume(address))
        _log.info("consultant.gave_back", person=who(address), channel=address.channel)

    async def wake(self, address: Address) -> None:
        self._person_came(address)

    async def close(self) -> None:
        """What is being written is written to its end."""
        await asyncio.gather(*self._receiving, return_exceptions=True)

    async def _kept(self, writing: Awaitable[T]) -> T:
        try:
            result = await writing
        except StoreDown as error:
            store_is_down(error)
            self.stores = False
            raise Unavailable from None
        self.stores = True
        return result
