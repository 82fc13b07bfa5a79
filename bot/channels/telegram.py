"""Telegram, with python-telegram-bot: long polling or webhook in, one API call a reply out.

An update is confirmed only after it is stored. Nothing of an update is read before its secret is checked.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import Bot, LinkPreviewOptions, Update
from telegram.constants import ChatAction
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.base import Limits, Mailbox, Shown, Unavailable, pause_after
from bot.channels.telegram_deleting import delete
from bot.channels.telegram_errors import ASK_BOTFATHER, failure, seconds_of
from bot.channels.telegram_profile import set_profile
from bot.channels.telegram_replies import copy_keyboard, keyboard
from bot.channels.telegram_settings import TelegramSettings
from bot.channels.telegram_updates import NAME, AnswersRequest, UpdatesRequest, heard, update_from
from bot.channels.vcard import vcard
from bot.channels.webhooks import body_of, is_one_of, parsed, unavailable
from bot.telemetry import log, where
from bot.types import Profiles, Reply

os.environ.setdefault("PTB_TIMEDELTA", "1")  # retry_after as a timedelta; otherwise each 429 is also a warning
POLL_SECONDS = 50
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
LOOK_EVERY = 600.0  # seconds between two looks at how the webhook fares
MANY = 50  # updates that wait for us: from here on Telegram itself warns
_log = log("telegram")


class Telegram:
    name: ClassVar[str] = NAME
    limits: ClassVar[Limits] = Limits(text=4096, buttons=100, title=64, payload=64)
    settings: ClassVar = TelegramSettings

    def __init__(self, token: str, api_url: str, webhook_url: str | None, secret: str) -> None:
        self._url = f"{webhook_url.rstrip('/')}/telegram" if webhook_url else ""
        self._secret = secret
        self._bot_id = token.partition(":")[0]
        self._requests = (
            AnswersRequest(connection_pool_size=32, read_timeout=20),
            UpdatesRequest(connection_pool_size=1, read_timeout=POLL_SECONDS + 10),
        )
        sending, polling = self._requests
        self._bot = Bot(token, base_url=f"{api_url.rstrip('/')}/bot", request=sending, get_updates_request=polling)
        self._background: set[asyncio.Task[None]] = set()

    @classmethod
    def from_settings(cls, own: TelegramSettings) -> Self:
        url = str(own.webhook_url) if own.webhook_url else None
        return cls(own.token.get_secret_value(), str(own.api_url), url, own.secret.get_secret_value())

    @property
    def runs_alone(self) -> bool:
        """Telegram gives updates to one poller at a time."""
        return not self._url

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        if not self._url:
            return []

        async def webhook(request: Request) -> Response:
            if not is_one_of(request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""), [self._secret]):
                return Response(status_code=403)
            raw = parsed(await body_of(request))
            try:
                if update := update_from(raw):  # else confirmed all the same: sent again it is no more readable, and it blocks its chat
                    await self._receive(update, mailbox)
            except Unavailable:
                return unavailable()
            return Response(status_code=200)

        return [Route("/telegram", webhook, methods=["POST"])]

    async def run(self, mailbox: Mailbox) -> None:
        if self._url:
            if await self._until_done(
                lambda: self._bot.set_webhook(self._url, secret_token=self._secret, allowed_updates=ALLOWED_UPDATES, max_connections=40)
            ):
                _log.info("webhook.set")
                while True:
                    await asyncio.sleep(LOOK_EVERY)
                    await self.look_at_webhook()
            return
        await self._until_done(lambda: self._bot.delete_webhook(drop_pending_updates=False))
        _log.info("polling.started")
        await self._poll(mailbox)

    async def look_at_webhook(self) -> None:
        """Whether Telegram reaches us, in its own words of the error; they name our address and nothing else."""
        with contextlib.suppress(TelegramError):
            info = await self._bot.get_webhook_info()
            failed = info.last_error_date.timestamp() if info.last_error_date else 0.0
            stuck = info.pending_update_count and time.time() - failed < LOOK_EVERY
            if info.pending_update_count >= MANY or stuck or info.url != self._url:
                strange = "another webhook is set" if info.url else "no webhook is set"
                reason = strange if info.url != self._url else info.last_error_message or "none given"
                do = "see that BOT_TELEGRAM_WEBHOOK_URL reaches this bot by https, and that no other program set another webhook"
                _log.warning("webhook.failing", waiting=info.pending_update_count, reason=reason, do=do)

    async def send(self, person: str, reply: Reply) -> str | None:
        try:
            if reply.contact:
                card = reply.contact
                sent = await self._bot.send_contact(
                    int(person),
                    phone_number=card.phone,
                    first_name=card.name,
                    vcard=vcard(card),
                    reply_markup=copy_keyboard(card, reply.language),
                )
            else:
                sent = await self._bot.send_message(
                    int(person), reply.text, reply_markup=keyboard(reply.buttons), link_preview_options=LinkPreviewOptions(is_disabled=True)
                )
        except TelegramError as error:
            if trouble := failure(error):
                raise trouble from None
            return None
        return str(sent.message_id)

    async def take_back(self, person: str, numbers: Sequence[str]) -> None:
        await delete(self._bot, int(person), [int(number) for number in numbers if number.isdecimal()])

    async def profile(self, wanted: Profiles, *, dry_run: bool) -> list[Shown]:
        try:
            return await set_profile(self._bot, wanted, dry_run=dry_run)
        except TelegramError as error:
            if trouble := failure(error):
                raise trouble from None
            return []

    async def typing(self, person: str) -> None:
        with contextlib.suppress(TelegramError):
            await self._bot.send_chat_action(int(person), ChatAction.TYPING)

    async def close(self) -> None:
        for task in self._background:
            task.cancel()
        for request in self._requests:  # Bot.shutdown does nothing for a bot that never asked who it is
            await request.shutdown()

    async def _poll(self, mailbox: Mailbox) -> None:
        """The next offset confirms what came before it, so it moves only after a message is stored.

        After a quiet week the numbers begin anew, and maybe lower: an offset that only grew would then get the same batch for ever.
        """
        offset, failures = 0, 0
        while True:
            try:
                updates = await self._bot.get_updates(offset, timeout=POLL_SECONDS, allowed_updates=ALLOWED_UPDATES)
                for update in updates:
                    await self._receive(update, mailbox)
                    offset = update.update_id + 1 if update.update_id else offset
                failures = 0
            except (TelegramError, Unavailable) as error:
                failures += 1
                await self._pause(error, failures)

    async def _receive(self, update: Update, mailbox: Mailbox) -> None:
        message, left = heard(update, self._bot_id)
        if message:
            await mailbox.receive(message)
        if left:
            await mailbox.forget(left)
        # Even one that we do not understand: its button spins until it is answered.
        if update.callback_query and isinstance(update.callback_query.id, str):
            task = asyncio.create_task(self._answer_callback(update.callback_query.id))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _answer_callback(self, query: str) -> None:
        try:
            await self._bot.answer_callback_query(query)
        except TelegramError as error:  # too old, or answered before: the button stopped spinning long ago
            _log.info("callback.not_answered", error=where(error))

    async def _until_done(self, call: Callable[[], Awaitable[Any]]) -> bool:
        """False: Telegram refused, and will again."""
        failures = 0
        while True:
            try:
                await call()
                return True
            except BadRequest as error:
                _log.error(
                    "call.refused", error=where(error), do="compare BOT_TELEGRAM_WEBHOOK_URL and BOT_TELEGRAM_SECRET with docs/operators.md"
                )
                return False
            except TelegramError as error:
                failures += 1
                await self._pause(error, failures)

    async def _pause(self, error: Exception, failures: int) -> None:
        seconds = seconds_of(error) if isinstance(error, RetryAfter) else pause_after(failures)
        do = "nothing; it is tried again by itself"
        if isinstance(error, InvalidToken):
            do = ASK_BOTFATHER
        elif isinstance(error, Conflict):
            do = "stop the other program that reads this bot's messages, or give each its own token"
        _log.warning("telegram.unavailable", error=where(error), retry_in=seconds, do=do)
        await asyncio.sleep(seconds)
