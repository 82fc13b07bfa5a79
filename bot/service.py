"""The two loops: answer what came in, deliver what goes out.

The only place that catches everything, because only here it is known what a failure costs. It decides and says nothing itself.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import ParamSpec, TypeVar

from bot import telemetry
from bot.channels.base import Channel, Gone, Refused, TryLater, pause_after
from bot.channels.splitting import parts
from bot.loops import LONGEST_WAIT, claiming, every
from bot.mailbox import StoreMailbox
from bot.presence import Presence
from bot.store import Job, Store, StoreDown
from bot.store.notices import Notices
from bot.telemetry import log, where, who
from bot.types import Address, Answer, Conversation, Message, Reply, Turn

BACKOFF = 2.0  # seconds, to the power of the attempt
TRIES = 3  # before the person hears that we could not
GIVE_UP = 24 * 3600.0  # a reply older than this helps nobody
SWEEP = 600.0
DELIVERIES = 16
NOTICEABLE = 1.0  # seconds an answer may take before the person sees that it is coming
ANSWER_WITHIN = 10.0  # seconds after which it counts as failed: what never ends must not keep a worker
STORE_AGAIN = 1.0  # seconds between two tries to write while the store is down
_log = log("service")

P = ParamSpec("P")
T = TypeVar("T")

Apologise = Callable[[Conversation], Turn]


class Service:
    def __init__(
        self,
        store: Store,
        answer: Answer,
        apologise: Apologise,
        channels: Mapping[str, Channel],
        workers: int,
        notices: Notices | None = None,
    ) -> None:
        """`notices`: of other replicas, and for them."""
        self._store, self._answer, self._apologise, self._channels = store, answer, apologise, channels
        self._presence, self._notices = Presence(channels), notices
        self._answers = asyncio.Semaphore(workers)
        self._deliveries = asyncio.Semaphore(DELIVERIES)
        self._message_came = asyncio.Event()
        self._reply_came = asyncio.Event()
        self._stopping = asyncio.Event()
        self._typing: set[asyncio.Task[None]] = set()
        self._unrecorded: set[int] = set()  # replies that went out while the store could not keep that
        self.mailbox = StoreMailbox(store, self._message_is_here, self._look_after)

    async def run(self) -> None:
        """Until `stop`. What is under way then is finished, so that no transaction is cut off."""
        stopping = self._stopping
        listening = asyncio.create_task(self._notices.run(self._message_came.set, self._look_after)) if self._notices else None
        async with asyncio.TaskGroup() as tasks:
            messages, replies = self._store.message_due_in, self._store.reply_due_in
            tasks.create_task(claiming(self._claim_message, messages, self._answers, self._message_came, stopping))
            tasks.create_task(claiming(self._claim_reply, replies, self._deliveries, self._reply_came, stopping))
            tasks.create_task(every(SWEEP, self._sweep, stopping))
            tasks.create_task(every(LONGEST_WAIT, self._look_around, stopping))
        if listening:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await self.mailbox.close()

    def stop(self) -> None:
        self._stopping.set()
        self._message_came.set()
        self._reply_came.set()

    def _message_is_here(self) -> None:
        self._message_came.set()
        if self._notices:
            self._notices.message_came()

    def _reply_is_here(self, address: Address) -> None:
        self._look_after(address)
        if self._notices:
            self._notices.reply_came(address if self._presence.holds(address.channel) else None)

    def _look_after(self, address: Address | None) -> None:
        if address:
            self._presence.look_after(address)
        self._reply_came.set()

    async def _look_around(self) -> None:
        """For what nobody told us."""
        self._presence.look_after_everybody()
        self._reply_came.set()

    async def _claim_message(self) -> Callable[[], Awaitable[None]] | None:
        claimed = await self._store.next_message()
        return partial(self.answer_message, *claimed) if claimed else None

    async def _claim_reply(self) -> Callable[[], Awaitable[None]] | None:
        while here := self._presence.take():
            try:
                claimed = await self._store.next_reply(here)
            except StoreDown:
                self._presence.put_back(here)
                raise
            if claimed:
                self._presence.put_back(here)
                return partial(self.deliver_reply, *claimed)
        claimed = await self._store.next_reply()
        return partial(self.deliver_reply, *claimed) if claimed else None

    async def answer_message(self, job: Job, message: Message, conversation: Conversation) -> None:
        person, channel = who(message.sender), message.sender.channel
        started = time.perf_counter()
        noticed = asyncio.get_running_loop().call_later(NOTICEABLE, self._show_typing, message.sender)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                turn = await self._answer(message, conversation)
        except Exception as error:
            telemetry.failures_total.labels(channel).inc()
            _log.error("answer.failed", person=person, attempt=job.attempt, error=where(error), do="report the place named in `error`")
            if job.attempt < TRIES:
                await self._surely(self._store.postpone_message, job, BACKOFF**job.attempt)
                return
            turn = self._apologise(conversation)
        finally:
            noticed.cancel()
        seconds = time.perf_counter() - started
        replies, held = self._fitting(turn, channel), self._presence.holds(channel)
        finished = await self._surely(self._store.finish, job, turn, replies, when_here=held)
        if not finished:
            _log.warning("answer.late", person=person, do="nothing; another worker answered")
            return
        self._record(turn, channel, person, seconds)
        if replies:
            self._reply_is_here(message.sender)

    def _show_typing(self, sender: Address) -> None:
        if (channel := self._channels.get(sender.channel)) and not self._stopping.is_set():  # else the channel may be closed already
            task = asyncio.create_task(channel.typing(sender.person))
            self._typing.add(task)
            task.add_done_callback(self._typing.discard)

    def _fitting(self, turn: Turn, channel: str) -> list[Reply]:
        limits = self._channels[channel].limits if channel in self._channels else None
        return [part for reply in turn.replies for part in (parts(reply, limits) if limits else [reply])]

    def _record(self, turn: Turn, channel: str, person: str, seconds: float) -> None:
        understanding = turn.understanding
        language = turn.replies[0].language.value if turn.replies else ""
        telemetry.messages_total.labels(channel, turn.action, language).inc()
        telemetry.answer_seconds.observe(seconds)
        if understanding and understanding.crisis:
            telemetry.crises_total.labels(channel, understanding.crisis.value).inc()
        _log.info("answer.done", person=person, channel=channel, language=language, ms=round(seconds * 1000, 1))

    async def deliver_reply(self, job: Job, address: Address, reply: Reply) -> None:
        if job.id in self._unrecorded:  # its lease ran out meanwhile
            await self._store.delivered(job)
            return
        channel = self._channels.get(address.channel)
        person = who(address)
        outcome = "sent"
        try:
            if channel is None:
                raise TryLater("channel is off", 60)
            await channel.send(address.person, reply)
        except TryLater as error:
            if job.age < GIVE_UP:
                await self._postpone(job, address, error)
                return
            outcome = "given_up"
        except Refused as error:
            outcome = "refused"
            _log.error("reply.refused", person=person, channel=address.channel, reason=str(error), do=error.do)
        except Gone as error:
            outcome = "gone"
            _log.info("reply.gone", person=person, channel=address.channel, reason=str(error))
            await self._store.forget(address)
        except Exception as error:
            if self._stopping.is_set():  # its channel was closed under it; the next start sends it
                await self._store.postpone_reply(job, 0.0)
                return
            outcome = "refused" if job.attempt >= TRIES else "failed"
            _log.error("reply.failed", person=person, channel=address.channel, error=where(error), do="report the place named in `error`")
            if outcome == "failed":
                await self._surely(self._store.postpone_reply, job, BACKOFF**job.attempt)
                return
        await self._record_delivery(job)
        self._presence.look_after(address)  # for the next one
        telemetry.replies_total.labels(address.channel, outcome).inc()
        _log.info("reply.done", person=person, channel=address.channel, outcome=outcome, age=round(job.age, 1))

    async def _postpone(self, job: Job, address: Address, error: TryLater) -> None:
        wait = self._wait(error, job, address)
        person, reason = who(address), str(error)
        if error.do:
            _log.warning("reply.postponed", person=person, channel=address.channel, reason=reason, retry_in=wait, do=error.do)
        else:
            _log.info("reply.postponed", person=person, channel=address.channel, reason=reason, retry_in=wait)
        telemetry.replies_total.labels(address.channel, "postponed").inc()
        await self._surely(self._store.postpone_reply, job, wait)
        if wait is None:
            self._reply_is_here(address)  # perhaps where this person is connected now

    async def _record_delivery(self, job: Job) -> None:
        """What is gone must not go again, whatever the store does meanwhile."""
        try:
            await self._store.delivered(job)
        except StoreDown:
            self._unrecorded.add(job.id)
            await self._surely(self._store.delivered, job)

    def _wait(self, error: TryLater, job: Job, address: Address) -> float | None:
        """Seconds until the next try; None: until this person is here."""
        if self._presence.holds(address.channel) and not self._presence.has(address):
            return None
        return error.seconds if error.seconds is not None else pause_after(job.attempt)

    async def _surely(self, write: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write it as soon as the store can: left to the next lease, it would be done twice, or a minute late."""
        while True:
            try:
                return await write(*args, **kwargs)
            except StoreDown:
                if self._stopping.is_set():
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), STORE_AGAIN)

    async def _sweep(self) -> None:
        try:
            await self._store.sweep()
            self.mailbox.stores = True
            for address in await self._store.give_up(GIVE_UP):
                telemetry.replies_total.labels(address.channel, "given_up").inc()
                _log.info("reply.done", person=who(address), channel=address.channel, outcome="given_up", age=GIVE_UP)
            messages, replies = await self._store.open_rows()
            telemetry.waiting_messages.set(messages)
            telemetry.waiting_replies.set(replies)
        except StoreDown:
            raise
        except Exception as error:  # it erases and counts: people are answered all the same
            _log.error("sweep.failed", error=where(error), do="check the disk; if it repeats, report the place named in `error`")
