"""What must survive a crash: messages to answer, replies to deliver, and what we remember of a conversation.

Each method is one transaction. Nothing here knows what a message means.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store import queue, retention
from bot.store.tables import conversations, inbox, outbox
from bot.types import Address, Button, ContactCard, Conversation, Language, Message, Reply, Turn

LEASE = 60.0  # seconds a worker may take before its row is given to another
_BODY = ("text", "payload", "hint", "original", "edited")  # of a message: erased once it is answered


class StoreDown(Exception):
    """The database does not answer: try again later, and do not confirm anything."""


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
        async with self._begin() as connection:
            result = await connection.execute(
                self._dialect.insert(inbox)
                .values(
                    channel=message.sender.channel,
                    message_id=message.id,
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
        """The oldest message of somebody who has no older open one, for one worker alone."""
        async with self._begin() as connection:
            row = await queue.claim(connection, inbox, self._now(), LEASE)
            if row is None:
                return None
            sender = Address(row["channel"], row["person"])
            body = row["body"]
            message = Message(row["message_id"], sender, **{**body, "hint": Language(body["hint"]) if body["hint"] else None})
            job = Job(row["id"], row["attempt"], self._now() - row["received_at"])
            return job, message, await self._conversation(connection, sender)

    async def finish(self, job: Job, turn: Turn, replies: Sequence[Reply]) -> bool:
        """Close the message, fill the outbox and save the conversation, or none of it. False: another worker has it now."""
        now = self._now()
        async with self._begin() as connection:
            closed = await connection.execute(
                update(inbox)
                .where(inbox.c.id == job.id, inbox.c.attempt == job.attempt, inbox.c.done_at.is_(None))
                .values(done_at=now, body=None, person=None)
            )
            if not closed.rowcount:
                return False
            address = turn.conversation.address
            if turn.forget:  # what came after the wish is a new beginning, and stays
                await self._erase(connection, address, outbox, conversations)
            for reply in replies:
                await connection.execute(
                    insert(outbox).values(
                        channel=address.channel, person=address.person, body=asdict(reply), created_at=now, due_at=now, attempt=0
                    )
                )
            await self._save(connection, turn.conversation)
            return True

    async def next_reply(self) -> tuple[Job, Address, Reply] | None:
        """The oldest undelivered reply of somebody, for one worker alone."""
        async with self._begin() as connection:
            row = await queue.claim(connection, outbox, self._now(), LEASE)
            if row is None:
                return None
            job = Job(row["id"], row["attempt"], self._now() - row["created_at"])
            return job, Address(row["channel"], row["person"]), _reply(row["body"])

    async def delivered(self, job: Job) -> None:
        """The reply went out, or never will: either way it is erased."""
        async with self._begin() as connection:
            await connection.execute(delete(outbox).where(outbox.c.id == job.id, outbox.c.attempt == job.attempt))

    async def postpone_reply(self, job: Job, seconds: float) -> None:
        await self._postpone(outbox, job, seconds)

    async def postpone_message(self, job: Job, seconds: float) -> None:
        await self._postpone(inbox, job, seconds)

    async def wake(self, address: Address) -> None:
        """Somebody is back: what waits for them is due now."""
        async with self._begin() as connection:
            await connection.execute(
                update(outbox).where(outbox.c.channel == address.channel, outbox.c.person == address.person).values(due_at=self._now())
            )

    async def forget(self, address: Address) -> None:
        """Erase everything kept about a person, answered or not."""
        async with self._begin() as connection:
            await self._erase(connection, address, inbox, outbox, conversations)

    async def withdraw(self, sender: Address, id: str) -> None:
        """Erase a message that is not answered yet. Its key stays: the platform may send it again."""
        it_or_an_edit = or_(inbox.c.message_id == id, inbox.c.message_id.startswith(f"{id}:", autoescape=True))
        mine = and_(inbox.c.channel == sender.channel, it_or_an_edit, inbox.c.person == sender.person)
        async with self._begin() as connection:
            await connection.execute(
                update(inbox).where(mine, inbox.c.done_at.is_(None)).values(done_at=self._now(), body=None, person=None)
            )

    async def pause(self, address: Address, seconds: float) -> None:
        """A consultant writes to this person for so long, or until `resume`."""
        async with self._begin() as connection:
            await self._upsert(connection, address, {"slots": {}}, {"paused_until": self._now() + seconds})

    async def resume(self, address: Address) -> None:
        async with self._begin() as connection:
            await connection.execute(update(conversations).where(_of(address)).values(paused_until=None))

    async def release_leases(self) -> None:
        """For a single process at its start: what a dead predecessor had claimed is due now."""
        async with self._begin() as connection:
            await connection.execute(update(inbox).where(inbox.c.done_at.is_(None)).values(due_at=func.min(inbox.c.due_at, self._now())))
            await connection.execute(update(outbox).values(due_at=func.min(outbox.c.due_at, self._now())))

    async def sweep(self) -> None:
        """Erase what has outlived its purpose."""
        async with self._begin() as connection:
            await retention.sweep(connection, self._now())
        if self.engine.dialect.name == "sqlite":
            async with self.engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def message_due_in(self) -> float | None:
        """Seconds until the next message may be claimed; None: nothing is open."""
        return await self._due_in(inbox)

    async def reply_due_in(self) -> float | None:
        return await self._due_in(outbox)

    async def open_rows(self) -> tuple[int, int]:
        """How many messages wait for an answer and how many replies for delivery."""
        async with self._begin() as connection:
            messages = await connection.execute(select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None)))
            replies = await connection.execute(select(func.count()).select_from(outbox))
            return int(messages.scalar_one()), int(replies.scalar_one())

    async def close(self) -> None:
        await self.engine.dispose()

    async def _due_in(self, table: Table) -> float | None:
        async with self._begin() as connection:
            due = await queue.next_due(connection, table)
            return None if due is None else max(0.0, due - self._now())

    async def _postpone(self, table: Table, job: Job, seconds: float) -> None:
        async with self._begin() as connection:
            await queue.postpone(connection, table, job.id, job.attempt, self._now() + seconds)

    async def _conversation(self, connection: AsyncConnection, address: Address) -> Conversation:
        row = (await connection.execute(select(conversations).where(_of(address)))).mappings().first()
        if row is None:
            return Conversation(address)
        return Conversation(address, retention.remembered(row["slots"], self._now() - row["updated_at"]), row["paused_until"])

    async def _erase(self, connection: AsyncConnection, address: Address, *tables: Table) -> None:
        for table in tables:
            await connection.execute(delete(table).where(table.c.channel == address.channel, table.c.person == address.person))

    async def _save(self, connection: AsyncConnection, conversation: Conversation) -> None:
        """The slots alone: whether a consultant writes may have changed since the conversation was read."""
        if conversation.slots:
            await self._upsert(connection, conversation.address, {}, {"slots": dict(conversation.slots)})
        else:
            nothing_left = and_(_of(conversation.address), conversations.c.paused_until.is_(None))
            await connection.execute(delete(conversations).where(nothing_left))

    async def _upsert(self, connection: AsyncConnection, address: Address, first: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        values = {**values, "updated_at": self._now()}
        row = {"channel": address.channel, "person": address.person, **first, **values}
        added = self._dialect.insert(conversations).values(row)
        await connection.execute(added.on_conflict_do_update(index_elements=["channel", "person"], set_=values))

    @property
    def _dialect(self) -> Any:
        """Both know ON CONFLICT, each by a construct of its own."""
        return postgresql if self.engine.dialect.name == "postgresql" else sqlite

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreDown(type(error.orig).__name__) from None


def _of(address: Address) -> ColumnElement[bool]:
    return and_(conversations.c.channel == address.channel, conversations.c.person == address.person)


def _reply(body: Mapping[str, Any]) -> Reply:
    return Reply(
        text=body["text"],
        language=Language(body["language"]),
        buttons=tuple(Button(**button) for button in body["buttons"]),
        contact=ContactCard(**body["contact"]) if body["contact"] else None,
    )
