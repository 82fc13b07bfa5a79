"""The way of a message through mailbox, service and delivery, with a store that keeps nothing: for very many messages in a few seconds."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count

from bot.channels.base import Channel
from bot.delivery import Delivery
from bot.presence import Presence
from bot.service import Apologise, Service
from bot.store import Job, Store
from bot.types import Address, Answer, Conversation, Message, Reply, Turn


class Forgetful(Store):
    """It hands the replies of the last turn on, and knows nobody."""

    def __init__(self) -> None:
        self.replies: Sequence[Reply] = ()
        self.late = False  # whether another worker was faster

    async def receive(self, message: Message, *, urgent: bool = False, wait: float = 0.0) -> bool:
        return True

    async def finish(self, job: Job, turn: Turn, replies: Sequence[Reply], *, when_here: bool = False, number: str = "") -> bool:
        self.replies = () if self.late else replies
        return not self.late

    async def delivered(self, job: Job, number: str | None = None) -> bool:
        return True

    async def postpone_reply(self, job: Job, seconds: float | None) -> None: ...

    async def postpone_message(self, job: Job, seconds: float) -> None: ...

    async def forget(self, address: Address) -> None: ...

    async def withdraw(self, sender: Address, id: str) -> None: ...

    async def pause(self, address: Address, seconds: float) -> None: ...

    async def resume(self, address: Address) -> None: ...


def unheard(_message: Message, _conversation: Conversation) -> Reply:
    raise AssertionError("nobody waits here")


class Passing:
    def __init__(self, answer: Answer, apologise: Apologise, channels: Mapping[str, Channel]) -> None:
        self.store = Forgetful()
        self._service = Service(self.store, answer, apologise, unheard, channels, workers=1)
        self._delivery = Delivery(self.store, channels, Presence(channels), lambda _address: None, asyncio.Event())
        self.mailbox = self._service.mailbox
        self._numbers = count(1)

    async def take(self, message: Message, attempt: int = 3) -> None:
        """Received, answered, and each reply tried to be delivered once."""
        await self.mailbox.receive(message)
        self.store.replies = []
        job = Job(next(self._numbers), attempt, 0.0)
        await self._service.answer_message(job, message, Conversation(message.sender))
        for reply in self.store.replies:
            await self._delivery.deliver(Job(next(self._numbers), attempt, 0.0), message.sender, reply)
