"""The two loops: answer what came in, and see that what goes out is delivered (`bot.delivery`).

The only places that catch everything, because only here it is known what a failure costs. It decides and says nothing itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from bot import telemetry
from bot.channels.base import Channel, TakesBack
from bot.channels.splitting import parts
from bot.delivery import GIVE_UP, Delivery
from bot.loops import LONGEST_WAIT, claiming, every, surely
from bot.mailbox import StoreMailbox
from bot.presence import Presence
from bot.store import Job, Store, StoreDown
from bot.store.notices import Notices
from bot.telemetry import log, where, who
from bot.types import Address, Answer, Conversation, Message, Reply, Turn

BACKOFF = 2.0  # seconds, to the power of the attempt
TRIES = 3  # before the person hears that we could not
SWEEP = 600.0
TRACES = 2.0  # seconds until what was erased is in no file any more
DELIVERIES = 16
NOTICEABLE = 1.0  # seconds an answer may take before the person sees that it is coming
WAITED = 60.0  # seconds until somebody hears that their answer is coming
LOOK_FOR_WAITING = 15.0
ANSWER_WITHIN = 8.0  # seconds after which it failed for good: what never ends must not keep a worker, nor the person's next message
_log = log("service")

Apologise = Callable[[Conversation], Turn]
Reassure = Callable[[Message, Conversation], Reply]


class Service:
    def __init__(
        self,
        store: Store,
        answer: Answer,
        apologise: Apologise,
        reassure: Reassure,
        channels: Mapping[str, Channel],
        workers: int,
        notices: Notices | None = None,
    ) -> None:
        """`notices`: of other replicas, and for them."""
        self._store, self._channels = store, channels
        self._answer, self._apologise, self._reassure = answer, apologise, reassure
        self._presence, self._notices = Presence(channels), notices
        self._answers = asyncio.Semaphore(workers)
        self._deliveries = asyncio.Semaphore(DELIVERIES)
        self._message_came = asyncio.Event()
        self._reply_came = asyncio.Event()
        self._stopping = asyncio.Event()
        self._typing: set[asyncio.Task[None]] = set()
        self._traces = False  # whether something was answered or delivered since they were erased
        self._delivery = Delivery(store, channels, self._presence, self._reply_is_here, self._stopping)
        self.mailbox = StoreMailbox(store, self._message_is_here, self._look_after)

    async def run(self) -> None:
        """Until `stop`. What is under way then is finished, so that no transaction is cut off."""
        stopping = self._stopping
        listening = asyncio.create_task(self._listen(self._notices)) if self._notices else None
        async with asyncio.TaskGroup() as tasks:
            messages, replies = self._store.message_due_in, self._store.reply_due_in
            tasks.create_task(claiming(self._claim_message, messages, self._answers, self._message_came, stopping))
            tasks.create_task(claiming(self._claim_reply, replies, self._deliveries, self._reply_came, stopping))
            tasks.create_task(every(SWEEP, self._sweep, stopping))
            tasks.create_task(every(TRACES, self._erase_traces, stopping))
            tasks.create_task(every(LONGEST_WAIT, self._look_around, stopping))
            tasks.create_task(every(LOOK_FOR_WAITING, self._tell_who_waits, stopping))
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
        self._missed()

    def _missed(self) -> None:
        """Whatever may have come that nobody told us."""
        self._message_came.set()
        self._presence.look_after_everybody()
        self._reply_came.set()

    async def _listen(self, notices: Notices) -> None:
        await notices.run(self._message_came.set, self._look_after, self._missed)

    async def _erase_traces(self) -> None:
        if self._traces:
            self._traces = False
            await self._store.erase_traces()

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
                return partial(self._deliver, *claimed)
        claimed = await self._store.next_reply()
        return partial(self._deliver, *claimed) if claimed else None

    async def _deliver(self, job: Job, address: Address, reply: Reply) -> None:
        await self._delivery.deliver(job, address, reply)
        self._traces = True

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
            if job.attempt < TRIES and not isinstance(error, TimeoutError):  # it would take its time again, and the next message waits
                await surely(partial(self._store.postpone_message, job, BACKOFF**job.attempt), self._stopping)
                return
            turn = self._apologise(conversation)
        finally:
            noticed.cancel()
        seconds = time.perf_counter() - started
        replies, held = self._fitting(turn.replies, channel), self._presence.holds(channel)
        number = message.original if isinstance(self._channels.get(channel), TakesBack) else ""
        finished = await surely(partial(self._store.finish, job, turn, replies, when_here=held, number=number), self._stopping)
        if not finished:
            _log.warning("answer.late", person=person, do="nothing; another worker answered")
            return
        self._traces = True
        self._record(turn, channel, person, seconds)
        if replies:
            self._reply_is_here(message.sender)

    async def _tell_who_waits(self) -> None:
        for message, conversation in await self._store.long_waiting(WAITED):
            sender = message.sender
            replies = self._fitting([self._reassure(message, conversation)], sender.channel)
            await self._store.say(sender, replies, when_here=self._presence.holds(sender.channel))
            self._reply_is_here(sender)
            _log.info("answer.coming", person=who(sender), channel=sender.channel)

    def _show_typing(self, sender: Address) -> None:
        if (channel := self._channels.get(sender.channel)) and not self._stopping.is_set():  # else the channel may be closed already
            task = asyncio.create_task(channel.typing(sender.person))
            self._typing.add(task)
            task.add_done_callback(self._typing.discard)

    def _fitting(self, replies: Iterable[Reply], channel: str) -> list[Reply]:
        limits = self._channels[channel].limits if channel in self._channels else None
        return [part for reply in replies for part in (parts(reply, limits) if limits else [reply])]

    def _record(self, turn: Turn, channel: str, person: str, seconds: float) -> None:
        understanding = turn.understanding
        language = turn.replies[0].language.value if turn.replies else ""
        telemetry.messages_total.labels(channel, turn.action, language).inc()
        telemetry.answer_seconds.observe(seconds)
        if understanding and understanding.crisis:
            telemetry.crises_total.labels(channel, understanding.crisis.value).inc()
        _log.info("answer.done", person=person, channel=channel, language=language, ms=round(seconds * 1000, 1))

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
