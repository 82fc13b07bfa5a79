"""Messenger, by Meta's webhook and the Send API: a message of a page is stored before it is confirmed, a reply is one call.

Nothing of a delivery is read before its signature is checked. It never uses a message tag, so it writes in the 24 hours
after a person wrote and at no other time.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.base import Gone, Limits, Mailbox, Refused, Shown, TryLater, Unavailable, pause_after
from bot.channels.messenger_events import NAME, Event, GivenBack, Happened, TakenOver, Withdrawn, events_in, happened
from bot.channels.messenger_graph import Clock, Graph, Sleep
from bot.channels.messenger_messages import LIMITS, message_for
from bot.channels.messenger_profile import set_profile
from bot.channels.webhooks import body_of, is_json, is_one_of, parsed, signature, unavailable
from bot.i18n import N_
from bot.i18n import gettext as _
from bot.settings import ChannelSettings, keys_in
from bot.telemetry import log, where
from bot.types import Message, Profiles, Reply

PATH = "/messenger"
CONSULTANT_HAS_IT = 24 * 3600.0  # seconds after the last thing a consultant did
_log = log("messenger")


class MessengerSettings(ChannelSettings):
    page_token: SecretStr = Field(SecretStr(""), description=N_("access token of the Facebook page; empty: no Messenger"))
    app_secret: SecretStr = Field(SecretStr(""), description=N_("secret of the Meta app; while it is changed: new,old"))
    verify_token: SecretStr = Field(SecretStr(""), description=N_("the word you type beside the webhook address at Meta"))
    page_id: str = Field("", pattern=r"^\d*$", description=N_("number of the Facebook page; empty: the page of the token"))
    graph_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://graph.facebook.com"), description=N_("root of the Graph API, without a version (a test server)")
    )

    @field_validator("app_secret", "verify_token")
    @classmethod
    def _is_complete(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("page_token") and not keys_in(secret):
            raise ValueError(_("BOT_MESSENGER_PAGE_TOKEN needs it: anybody could write to the webhook otherwise"))
        return secret


class Messenger:
    name: ClassVar[str] = NAME
    limits: ClassVar[Limits] = LIMITS
    settings: ClassVar = MessengerSettings

    def __init__(
        self,
        token: str,
        secrets: Sequence[str],
        verify_token: str,
        page_id: str,
        graph_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Of several app secrets all are believed, and the first is used."""
        self._secrets, self._verify_token, self._page_id, self._sleep = secrets, verify_token, page_id, sleep
        self._page = page_id or "me"
        self._graph = Graph(token, secrets[0], graph_url, transport, clock, sleep)

    @classmethod
    def from_settings(cls, own: MessengerSettings) -> Self:
        token, word = own.page_token.get_secret_value(), own.verify_token.get_secret_value()
        return cls(token, keys_in(own.app_secret), word, own.page_id, str(own.graph_url))

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        async def verify(request: Request) -> Response:
            asked = request.query_params
            if asked.get("hub.mode") != "subscribe" or not is_one_of(asked.get("hub.verify_token", ""), [self._verify_token]):
                return Response(status_code=403)
            return PlainTextResponse(asked.get("hub.challenge", ""), headers={"X-Content-Type-Options": "nosniff"})

        async def webhook(request: Request) -> Response:
            if not is_json(request):
                raise HTTPException(415)
            raw = await body_of(request)
            signatures = [f"sha256={signature(raw, secret)}" for secret in self._secrets]
            if not is_one_of(request.headers.get("X-Hub-Signature-256", ""), signatures):
                return Response(status_code=403)
            body = parsed(raw)
            if not isinstance(body, dict):
                raise HTTPException(400)
            try:
                # What is not of a page is confirmed too: Meta repeats everything else, and in the end switches the webhook off.
                for event in events_in(body, self._page_id):
                    await self._take(event, mailbox)
            except Unavailable:
                return unavailable()
            return PlainTextResponse("EVENT_RECEIVED")

        return [Route(PATH, verify, methods=["GET"]), Route(PATH, webhook, methods=["POST"])]

    async def run(self, mailbox: Mailbox) -> None:
        """Nothing is polled: only see whether token and page fit, so that an operator need not wait for a person to find out."""
        failures = 0
        while True:
            try:
                page = await self._graph("GET", "me?fields=id,name")
                break
            except TryLater as error:
                failures += 1
                seconds = error.seconds or pause_after(failures)
                do = error.do or "nothing; it is tried again by itself"
                _log.warning("messenger.unavailable", reason=str(error), retry_in=seconds, do=do)
                await self._sleep(seconds)
            except (Refused, Gone) as error:
                _log.error("call.refused", reason=str(error), do="compare BOT_MESSENGER_PAGE_TOKEN with docs/operators.md")
                return
        if self._page_id and page.get("id") != self._page_id:
            _log.error("messenger.other_page", do="compare BOT_MESSENGER_PAGE_ID with the page of BOT_MESSENGER_PAGE_TOKEN")
        else:
            _log.info("messenger.ready")

    async def send(self, person: str, reply: Reply) -> None:
        await self._post(person, messaging_type="RESPONSE", message=message_for(reply))

    async def profile(self, wanted: Profiles, *, dry_run: bool) -> list[Shown]:
        return await set_profile(self._graph, wanted, page=self._page, dry_run=dry_run)

    async def typing(self, person: str) -> None:
        with contextlib.suppress(TryLater, Refused, Gone):
            await self._post(person, sender_action="typing_on")

    async def close(self) -> None:
        await self._graph.close()

    async def _post(self, person: str, **what: Any) -> None:
        await self._graph("POST", f"{self._page}/messages", {"recipient": {"id": person}, **what})

    async def _take(self, event: Event, mailbox: Mailbox) -> None:
        try:
            what = happened(event)
        except Exception as error:  # whatever a shape that we do not know raises; its neighbours are read all the same
            _log.warning("event.unreadable", error=where(error), do="nothing; if it repeats, report the place named in `error`")
            return
        if what:
            await _keep(what, mailbox)


async def _keep(what: Happened, mailbox: Mailbox) -> None:
    match what:
        case Message():
            await mailbox.receive(what)
        case Withdrawn(sender, id):
            await mailbox.withdraw(sender, id)
        case TakenOver(person):
            await mailbox.pause(person, CONSULTANT_HAS_IT)
        case GivenBack(person):
            await mailbox.resume(person)
