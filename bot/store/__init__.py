"""What must survive a crash: messages to answer, replies to deliver, and what we remember of a conversation.

Each method is one transaction. Nothing here knows what a message means.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Table, and_, delete, func, or_, select, update
from sqlalchemy import insert as insert_many
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import people, queue, retention
from bot.store.database import StoreDown, insert, transaction, trouble_is_down
from bot.store.tables import LONGEST_KEY, conversations, inbox, outbox
from bot.types import Address, Button, ContactCard, Conversation, Language, Message, Reply, Turn

__all__ = ["LEASE", "Job", "Store", "StoreDown"]

LEASE = 60.0  # seconds a worker may take before its row is given to another
_BODY = ("text", "payload", "hint", "original", "edited")  # of a message: erased once it is answered


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row. `attempt` counts the claims; whoever claims it again makes earlier jobs void."""

    id: int
    attempt: int
    age: float


class Store:
    def __init__(self, engine: AsyncEngine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._now = clock

    async def receive(self, message: Message) -> bool:
        """Keep a message until it is answered. False: it was here before."""
        body = {key: getattr(message, key) for key in _BODY}
        async with transaction(self.engine) as connection:
            await people.lock_order(connection, message.sender)
            result = await connection.execute(
                insert(connection, inbox)
                .values(
                    channel=message.sender.channel,
                    message_id=_key(message.id),
                    person=message.sender.person,
                    body=body,
                    received_at=self._now(),
                    due_at=self._now(),
                    attempt=0,
                )
                .on_conflict_do_nothing(index_elements=["channel", "message_id"])
            )
            return bool(result.rowcount)

    async def next_message(self) -> tuple[Job, Message, Conversation] | None:
        """The message that waits for longest, of somebody who has no older open one, for one worker alone."""
        async with transaction(self.engine) as connection:
            row = await queue.claim(connection, inbox, self._now(), LEASE)
            if row is None:
                return None
            sender = Address(row["channel"], row["person"])
            body = row["body"]
            message = Message(row["message_id"], sender, **{**body, "hint": Language(body["hint"]) if body["hint"] else None})
            job = Job(row["id"], row["attempt"], self._now() - row["received_at"])
            return job, message, await people.conversation_with(connection, sender, self._now())

    async def finish(self, job: Job, turn: Turn, replies: Sequence[Reply], *, when_here: bool = False) -> bool:
        """Close the message, fill the outbox and save the conversation, or none of it. False: another worker has it now.

        `when_here`: the replies wait until somebody asks for those of this person.
        """
        now = self._now()
        async with transaction(self.engine) as connection:
            closed = await connection.execute(
                update(inbox)
                .where(inbox.c.id == job.id, inbox.c.attempt == job.attempt, inbox.c.done_at.is_(None))
                .values(done_at=now, body=None, person=None)
            )
            if not closed.rowcount:
                return False
            address = turn.conversation.address
            if turn.forget:  # what came after the wish is a new beginning, and stays
                await people.erase(connection, address, outbox, conversations)
            if replies:
                row = {"channel": address.channel, "person": address.person, "created_at": now, "attempt": 0}
                due_at = None if when_here else now
                await connection.execute(insert_many(outbox), [{**row, "due_at": due_at, "body": asdict(reply)} for reply in replies])
            await people.save(connection, turn.conversation, now)
            return True

    async def next_reply(self, here: Sequence[Address] = ()) -> tuple[Job, Address, Reply] | None:
        """An undelivered reply, of a person the oldest, for one worker alone. With `here`: of one of these people, who are connected."""
        async with transaction(self.engine) as connection:
            row = await queue.claim(connection, outbox, self._now(), LEASE, here)
            if row is None:
                return None
            job = Job(row["id"], row["attempt"], self._now() - row["created_at"])
            return job, Address(row["channel"], row["person"]), _reply(row["body"])

    async def delivered(self, job: Job) -> None:
        """The reply went out, or never will: either way it is erased."""
        async with transaction(self.engine) as connection:
            await connection.execute(delete(outbox).where(outbox.c.id == job.id, outbox.c.attempt == job.attempt))

    async def postpone_reply(self, job: Job, seconds: float | None) -> None:
        """None: until its person is here."""
        await self._postpone(outbox, job, seconds)

    async def postpone_message(self, job: Job, seconds: float) -> None:
        await self._postpone(inbox, job, seconds)

    async def forget(self, address: Address) -> None:
        """Erase everything kept about a person, answered or not."""
        async with transaction(self.engine) as connection:
            await people.lock_order(connection, address)
            await people.erase(connection, address, inbox, outbox, conversations)

    async def withdraw(self, sender: Address, id: str) -> None:
        """Erase a message that is not answered yet. Its key stays: the platform may send it again."""
        it_or_an_edit = or_(inbox.c.message_id == _key(id), inbox.c.message_id.startswith(f"{id}:", autoescape=True))
        mine = and_(inbox.c.channel == sender.channel, it_or_an_edit, inbox.c.person == sender.person)
        async with transaction(self.engine) as connection:
            await connection.execute(
                update(inbox).where(mine, inbox.c.done_at.is_(None)).values(done_at=self._now(), body=None, person=None)
            )

    async def pause(self, address: Address, seconds: float) -> None:
        """A consultant writes to this person for so long, or until `resume`."""
        async with transaction(self.engine) as connection:
            await people.pause(connection, address, self._now() + seconds, self._now())

    async def resume(self, address: Address) -> None:
        async with transaction(self.engine) as connection:
            await people.resume(connection, address)

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
            late = and_(outbox.c.due_at.is_(None), outbox.c.created_at < self._now() - age)
            rows = await connection.execute(delete(outbox).where(late).returning(outbox.c.channel, outbox.c.person))
            return [Address(*row) for row in rows]

    async def sweep(self) -> None:
        """Erase what has outlived its purpose."""
        more = True
        while more:
            async with transaction(self.engine) as connection:
                more = await retention.sweep(connection, self._now())
        if self.engine.dialect.name == "sqlite":
            async with trouble_is_down(), self.engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def message_due_in(self) -> float | None:
        """Seconds until the next message may be claimed; None: nothing is open."""
        return await self._due_in(inbox)

    async def reply_due_in(self) -> float | None:
        return await self._due_in(outbox)

    async def open_rows(self) -> tuple[int, int]:
        """How many messages wait for an answer and how many replies for delivery."""
        async with transaction(self.engine) as connection:
            messages = await connection.execute(select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None)))
            replies = await connection.execute(select(func.count()).select_from(outbox))
            return int(messages.scalar_one()), int(replies.scalar_one())

    async def close(self) -> None:
        await self.engine.dispose()

    async def _due_in(self, table: Table) -> float | None:
        async with transaction(self.engine) as connection:
            due = await queue.next_due(connection, table)
            return None if due is None else max(0.0, due - self._now())

    async def _postpone(self, table: Table, job: Job, seconds: float | None) -> None:
        async with transaction(self.engine) as connection:
            await queue.postpone(connection, table, job.id, job.attempt, None if seconds is None else self._now() + seconds)


def _key(id: str) -> str:
    """What tells a repeat: the id of the platform, or a hash of one that no column holds."""
    return id if len(id) <= LONGEST_KEY else hashlib.sha256(id.encode()).hexdigest()


def _reply(body: Mapping[str, Any]) -> Reply:
    return Reply(
        text=body["text"],
        language=Language(body["language"]),
        buttons=tuple(Button(**button) for button in body["buttons"]),
        contact=ContactCard(**body["contact"]) if body["contact"] else None,
    )
