"""What must survive a crash: messages to answer, replies to deliver, and what we remember of a conversation.

Each method is one transaction. Nothing here knows what a message means.
"""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import incoming, people, resealing, retention, sent
from bot.store.bodies import reply_from
from bot.store.claims import Claims, Job
from bot.store.database import StoreDown, empty_log, transaction
from bot.store.outgoing import give_up, hand_over
from bot.store.sealing import KeyMissing, Sealing
from bot.store.tables import ERASED, conversations, inbox, outbox
from bot.types import Address, Conversation, Message, Reply, Turn

__all__ = ["TO_ANSWER", "TO_SEND", "Job", "KeyMissing", "Store", "StoreDown"]

TO_ANSWER = 20.0  # seconds until a message is given to another worker; after eight the first one makes it an apology
TO_SEND = 60.0  # seconds until a reply is; whoever sends it then may repeat it, so this is longer than any platform is waited for


class Store:
    def __init__(self, engine: AsyncEngine, clock: Callable[[], float] = time.time, keys: Sequence[str] = ()) -> None:
        """`keys` seal what tells who somebody is: the first what is written, all of them what is read."""
        self.engine = engine
        self._now = clock
        self._sealing = Sealing(keys)
        self._messages, self._replies = Claims(engine, inbox, TO_ANSWER), Claims(engine, outbox, TO_SEND)

    async def reseal(self) -> int:
        """Before anything else is done: see that all is sealed with the key in use. How many rows were not; or KeyMissing."""
        return await resealing.reseal(self.engine, self._sealing)

    async def receive(self, message: Message, *, urgent: bool = False, wait: float = 0.0) -> bool:
        """Keep a message until it is answered, in `wait` seconds at the earliest; an urgent one at once. False: it was here before."""
        async with transaction(self.engine) as connection:
            await people.lock_order(connection, message.sender)
            return await incoming.keep(connection, self._sealing, message, self._now(), urgent=urgent, wait=wait)

    async def next_message(self) -> tuple[Job, Message, Conversation] | None:
        """The message that waits for longest, of somebody who has no older open one, for one worker alone."""
        async with self._messages.next(self._now()) as (connection, row):
            if row is None:
                return None
            message = incoming.message_of(row, self._sealing)
            job = Job(row["id"], row["attempt"], self._now() - row["received_at"])
            return job, message, await people.conversation_with(connection, self._sealing, message.sender, self._now())

    async def finish(self, job: Job, turn: Turn, replies: Sequence[Reply], *, when_here: bool = False, number: str = "") -> bool:
        """Close the message, fill the outbox and save the conversation, or none of it. False: another worker has it now.

        `when_here`: the replies wait until somebody asks for those of this person. `number`: the platform's, of a message that can
        be taken back.
        """
        now = self._now()
        async with transaction(self.engine) as connection:
            closed = await connection.execute(
                update(inbox)
                .where(inbox.c.id == job.id, inbox.c.attempt == job.attempt, inbox.c.done_at.is_(None))
                .values(done_at=now, **ERASED)
            )
            if not closed.rowcount:
                return False
            address = turn.conversation.address
            hidden = self._sealing.hide(address)
            if turn.forget:  # what came after the wish is a new beginning, and stays
                await people.erase(connection, hidden, outbox)  # first: what is recorded as delivered meanwhile is in `sent` then
                numbers = await sent.take(connection, hidden, now)
                replies = sent.with_numbers(replies, [*numbers, number])
                await people.erase(connection, hidden, conversations)
            await hand_over(connection, self._sealing, address, replies, now, urgent=turn.urgent, when_here=when_here)
            await people.save(connection, self._sealing, turn.conversation, now)
            if number:
                await sent.note(connection, hidden, number, now)
            return True

    async def long_waiting(self, age: float) -> list[tuple[Message, Conversation]]:
        """Who has waited so long for an answer: their oldest open message. Each is named once for all that they have waiting."""
        now = self._now()
        async with transaction(self.engine) as connection:
            messages = await incoming.long_waiting(connection, self._sealing, now - age, now)
            return [(one, await people.conversation_with(connection, self._sealing, one.sender, now)) for one in messages]

    async def say(self, address: Address, replies: Sequence[Reply], *, when_here: bool = False) -> None:
        """Replies that answer nothing and change nothing."""
        async with transaction(self.engine) as connection:
            await hand_over(connection, self._sealing, address, replies, self._now(), when_here=when_here)

    async def next_reply(self, here: Sequence[Address] = ()) -> tuple[Job, Address, Reply] | None:
        """An undelivered reply, of a person the oldest, for one worker alone. With `here`: of one of these people, who are connected."""
        hidden = [self._sealing.hide(address) for address in here]
        async with self._replies.next(self._now(), hidden) as (_, row):
            if row is None:
                return None
            address, body = self._sealing.open(Address(row["channel"], row["person"]), row["body"])
            return Job(row["id"], row["attempt"], self._now() - row["created_at"]), address, reply_from(body)

    async def delivered(self, job: Job, number: str | None = None) -> bool:
        """The reply went out, or never will: either way it is erased. False: it was, or another worker has it now.

        `number`: the platform's, of what went out and can be taken back.
        """
        mine = (outbox.c.id == job.id, outbox.c.attempt == job.attempt)
        async with transaction(self.engine) as connection:
            row = (await connection.execute(delete(outbox).where(*mine).returning(outbox.c.channel, outbox.c.person))).first()
            if row and number:
                await sent.note(connection, Address(row.channel, row.person), number, self._now())
            return row is not None

    async def postpone_reply(self, job: Job, seconds: float | None) -> None:
        """None: until its person is here."""
        await self._replies.postpone(job, None if seconds is None else self._now() + seconds)

    async def postpone_message(self, job: Job, seconds: float) -> None:
        await self._messages.postpone(job, self._now() + seconds)

    async def forget(self, address: Address) -> None:
        """Erase everything kept about a person, answered or not."""
        async with transaction(self.engine) as connection:
            await people.lock_order(connection, address)
            for hidden in self._sealing.all_names(address):  # an operator may ask for it before the first start with a new key
                await people.erase(connection, hidden, inbox, outbox, conversations)
                await sent.take(connection, hidden, self._now())

    async def withdraw(self, sender: Address, id: str) -> None:
        """Erase a message that is not answered yet, with its edits. Its key stays: the platform may send it again."""
        async with transaction(self.engine) as connection:
            await incoming.take_back(connection, self._sealing, sender, id, self._now())

    async def pause(self, address: Address, seconds: float) -> None:
        """A consultant writes to this person for so long, or until `resume`."""
        async with transaction(self.engine) as connection:
            await people.pause(connection, self._sealing, address, self._now() + seconds, self._now())

    async def resume(self, address: Address) -> None:
        async with transaction(self.engine) as connection:
            await people.resume(connection, self._sealing, address)

    async def release_leases(self) -> None:
        """For a single process at its start: what a dead predecessor had claimed is due now."""
        async with transaction(self.engine) as connection:
            await connection.execute(
                update(inbox).where(inbox.c.done_at.is_(None), inbox.c.due_at > self._now()).values(due_at=self._now())
            )
            await connection.execute(update(outbox).where(outbox.c.due_at > self._now()).values(due_at=self._now()))

    async def give_up(self, age: float) -> list[Address]:
        """Erase replies that have waited so long for their person. Whose they were, once for each."""
        async with transaction(self.engine) as connection:
            return await give_up(connection, self._sealing, self._now() - age)

    async def sweep(self) -> None:
        """Erase what has outlived its purpose."""
        more = True
        while more:
            async with transaction(self.engine) as connection:
                more = await retention.sweep(connection, self._sealing, self._now())
        await self.erase_traces()

    async def erase_traces(self) -> None:
        """What was erased is not even in the log of the database after this."""
        await empty_log(self.engine)

    async def message_due_in(self) -> float | None:
        """Seconds until the next message may be claimed; None: nothing is open."""
        return await self._messages.due_in(self._now())

    async def reply_due_in(self) -> float | None:
        return await self._replies.due_in(self._now())

    async def open_rows(self) -> tuple[int, int]:
        """How many messages wait for an answer and how many replies for delivery."""
        async with transaction(self.engine) as connection:
            messages = await connection.execute(select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None)))
            replies = await connection.execute(select(func.count()).select_from(outbox))
            return int(messages.scalar_one()), int(replies.scalar_one())

    async def close(self) -> None:
        await self.engine.dispose()
