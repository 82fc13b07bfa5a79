"""One reply to its person, and what becomes of it: sent, put back, or closed with the reason. It says nothing itself."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bot import telemetry
from bot.channels.base import Channel, Gone, Refused, TakesBack, TryLater, pause_after
from bot.loops import surely
from bot.presence import Presence
from bot.store import Job, Store, StoreDown
from bot.telemetry import log, where, who
from bot.types import Address, Reply

BACKOFF = 2.0  # seconds, to the power of the attempt
TRIES = 3  # after a mistake of ours
GIVE_UP = 24 * 3600.0  # a reply older than this helps nobody
_log = log("service")


class Delivery:
    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        presence: Presence,
        look_elsewhere: Callable[[Address], None],
        stopping: asyncio.Event,
    ) -> None:
        """`look_elsewhere`: this person is not connected here; perhaps another replica has them."""
        self._store, self._channels, self._presence = store, channels, presence
        self._look_elsewhere, self._stopping = look_elsewhere, stopping
        self._unrecorded: dict[int, str | None] = {}  # replies that went out while the store could not keep that, with their numbers

    async def deliver(self, job: Job, address: Address, reply: Reply) -> None:
        if job.id in self._unrecorded:  # its lease ran out meanwhile
            await self._store.delivered(job, self._unrecorded[job.id])
            return
        channel = self._channels.get(address.channel)
        person = who(address)
        outcome, number = "sent", None
        try:
            if channel is None:
                raise TryLater("channel is off", 60)
            if reply.clears:
                await self._clear(channel, address, reply.clears)
            number = await channel.send(address.person, reply)
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
                await surely(partial(self._store.postpone_reply, job, BACKOFF**job.attempt), self._stopping)
                return
        if not await self._record_delivery(job, number) and channel and number:
            await self._take_back(channel, address, number)
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
        await surely(partial(self._store.postpone_reply, job, wait), self._stopping)
        if wait is None:
            self._look_elsewhere(address)  # perhaps where this person is connected now

    async def _record_delivery(self, job: Job, number: str | None) -> bool:
        """What is gone must not go again, whatever the store does meanwhile. False: there was nothing to go any more."""
        try:
            return await self._store.delivered(job, number)
        except StoreDown:
            self._unrecorded[job.id] = number
            await surely(partial(self._store.delivered, job, number), self._stopping)
            return True

    async def _clear(self, channel: Channel, address: Address, numbers: Sequence[str]) -> None:
        """Whoever could not be helped here reads next how to do it themselves."""
        try:
            if isinstance(channel, TakesBack):
                await channel.take_back(address.person, numbers)
        except Refused as error:
            _log.error("chat.not_cleared", person=who(address), channel=address.channel, reason=str(error), do=error.do)

    async def _take_back(self, channel: Channel, address: Address, number: str) -> None:
        """It was on its way when its person wanted all to be forgotten, or another worker sent it too."""
        try:
            if isinstance(channel, TakesBack):
                await channel.take_back(address.person, [number])
        except Exception as error:  # one try: nothing about it is kept that could be tried again
            _log.info("reply.not_taken_back", person=who(address), channel=address.channel, error=where(error))

    def _wait(self, error: TryLater, job: Job, address: Address) -> float | None:
        """Seconds until the next try; None: until this person is here."""
        if self._presence.holds(address.channel) and not self._presence.has(address):
            return None
        return error.seconds if error.seconds is not None else pause_after(job.attempt)
