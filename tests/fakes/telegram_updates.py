"""Updates on their way to the bot: fetched by getUpdates, or delivered to its webhook by us.

A webhook gets the messages of one chat one at a time, in order, each until it answers 2xx; the presses of one person
are another such queue, so a press can overtake a message. After tdlib/telegram-bot-api: Client.cpp, WebhookActor.cpp.
"""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from .changes import Changes
from .telegram_parameters import UPDATES, Json, Refusal

NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
MAX_POLL = 50  # seconds
FUTURE = 11  # an offset so far beyond the last update belongs to numbers of before: the queue is then told from its beginning


class Delivery(NamedTuple):
    """One POST to the webhook. `status` is None when there was no answer."""

    update_id: int
    status: int | None


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret_token: str = ""
    max_connections: int = 40
    has_custom_certificate: bool = False
    ip_address: str = ""


@dataclass(slots=True)
class _Poll:
    ended_by: Refusal | None = None


@dataclass
class Updates:
    """`retry_delay` stands for Telegram's second; a `Retry-After` of the bot counts, but no longer than `max_retry_after`."""

    client: httpx.AsyncClient
    changes: Changes
    retry_delay: float
    max_retry_after: float
    pending: list[Json] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    allowed: frozenset[str] = UPDATES - NOT_BY_DEFAULT
    webhook: Webhook | None = None
    error: Json = field(default_factory=dict)  # the last_error_... of getWebhookInfo
    _last_id: int = 480_000_000
    _poll: _Poll = field(default_factory=_Poll)
    _lanes: dict[tuple[str, int], asyncio.Task[None]] = field(default_factory=dict)

    def add(self, update: Json) -> Json:
        kinds = update.keys() & UPDATES
        if len(kinds) != 1 or update.keys() - kinds - {"update_id"}:
            raise ValueError(f"an update has exactly one kind, and maybe an update_id: {sorted(update)}")
        self._last_id = update.get("update_id", self._last_id + 1)
        update = {"update_id": self._last_id, **update}
        if kinds <= self.allowed:
            self.queue(update)
        return update

    def queue(self, update: Json) -> None:
        self.pending.append(update)
        self.changes.happened()
        self._start_lanes()

    def allow(self, kinds: list[str] | None) -> None:
        """None keeps what was allowed before; an empty list is the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or UPDATES - NOT_BY_DEFAULT

    async def fetch(self, offset: int, limit: int, seconds: int) -> list[Json]:
        self.end_poll(conflict("terminated by other getUpdates request; make sure that only one bot instance is running"))
        if offset > self._last_id + FUTURE:
            offset = 0
        self.pending = self.pending[offset:] if offset < 0 else [update for update in self.pending if update["update_id"] >= offset]
        poll = self._poll = _Poll()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, MAX_POLL)):
                await self.changes.until(lambda: self.pending or poll.ended_by)
        if poll.ended_by:
            raise poll.ended_by
        return self.pending[: limit if 1 <= limit <= 100 else 100]

    def end_poll(self, reason: Refusal) -> None:
        self._poll.ended_by = reason
        self.changes.happened()

    def set_webhook(self, webhook: Webhook | None) -> None:
        if webhook == self.webhook:
            return
        if webhook:
            self.end_poll(conflict("terminated by setWebhook request"))
        self._stop_lanes()
        self.webhook, self.error = webhook, {}
        self._connections = asyncio.Semaphore(webhook.max_connections if webhook else 1)
        self._start_lanes()

    def drop(self, kind: str = "update_id") -> None:
        self.pending = [update for update in self.pending if kind not in update]

    async def close(self) -> None:
        lanes = self._stop_lanes()
        self.end_poll(Refusal(500, "Internal Server Error: restart"))
        for result in await asyncio.gather(*lanes, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def _start_lanes(self) -> None:
        for lane in {_lane(update) for update in self.pending} - self._lanes.keys() if self.webhook else ():
            self._lanes[lane] = asyncio.create_task(self._deliver_lane(lane))

    def _stop_lanes(self) -> list[asyncio.Task[None]]:
        lanes, self._lanes = list(self._lanes.values()), {}
        for task in lanes:
            task.cancel()
        return lanes

    async def _deliver_lane(self, lane: tuple[str, int]) -> None:
        while update := next((update for update in self.pending if _lane(update) == lane), None):
            await self._deliver(update)
            self.changes.happened()
        del self._lanes[lane]

    async def _deliver(self, update: Json) -> None:
        """Again and again: at once after the first failure, then after 2, 4, 8 ... 64 delays."""
        failures = 0
        while update in self.pending:
            async with self._connections:
                retry_after = await self._post(update)
            if retry_after is None:
                if update in self.pending:
                    self.pending.remove(update)
                return
            failures += 1
            delay = min(retry_after, self.max_retry_after) or (self.retry_delay * 2 ** min(failures - 1, 6) if failures > 1 else 0)
            await asyncio.sleep(delay)

    async def _post(self, update: Json) -> int | None:
        """None when the bot took it, else the seconds it asked us to wait."""
        assert self.webhook
        headers = {"Content-Type": "application/json"}
        if self.webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook.secret_token
        try:
            response = await self.client.post(self.webhook.url, content=json.dumps(update), headers=headers)
        except httpx.HTTPError as error:
            self._failed(update, None, f"{type(error).__name__}: {error}")
            return 0
        if response.is_success:
            self.deliveries.append(Delivery(update["update_id"], response.status_code))
            return None
        self._failed(update, response.status_code, f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}")
        wish = response.headers.get("Retry-After", "")
        return int(wish) if wish.isdecimal() else 0

    def _failed(self, update: Json, status: int | None, message: str) -> None:
        self.deliveries.append(Delivery(update["update_id"], status))
        self.error = {"last_error_date": int(time.time()), "last_error_message": message}
        self.changes.happened()


def conflict(reason: str) -> Refusal:
    return Refusal(409, f"Conflict: {reason}")


def _lane(update: Json) -> tuple[str, int]:
    kind = next(iter(update.keys() & UPDATES))
    content = update[kind]
    if kind in {"message", "edited_message", "channel_post", "edited_channel_post"}:
        return "message", content["chat"]["id"]
    owner = content.get("from") or content.get("user") or content.get("chat") or {}
    return kind, owner.get("id", 0)
