"""Viber, with httpx: a webhook in, one call of the REST Bot API a reply out. It has no long polling and no typing.

An event is confirmed only after it is stored, and nothing of it is read before its signature is checked. The token goes
into a header alone, never into an address, a log or an error.
"""

import asyncio
import html
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Self

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.base import Gone, Limits, Mailbox, Refused, TryLater, Unavailable, pause_after, utf16
from bot.channels.viber_events import NAME, kind_of, message_from, person_who_left, welcome_for
from bot.channels.webhooks import body_of, is_one_of, parsed, signature, unavailable
from bot.i18n import N_
from bot.i18n import gettext as _
from bot.settings import ChannelSettings
from bot.telemetry import log
from bot.types import Button, Reply

SENDER = "IOM Kraków · bot"  # at most 28 characters
EVENTS = ["conversation_started", "unsubscribed", "failed"]  # messages come without being asked for
ROWS = 12  # of a keyboard
NARROW = 16  # titles up to this many characters fit two in a row
CONTACT_NAME = 28
LONG = 300.0  # seconds, for what only the operator can mend
NOTHING = "nothing; it is tried again by itself"
_log = log("viber")


class ViberSettings(ChannelSettings):
    token: SecretStr = Field(SecretStr(""), description=N_("token of the Viber bot; empty: no Viber"))
    webhook_url: AnyHttpUrl | None = Field(None, description=N_("public https address of this bot; Viber has no long polling"))
    api_url: AnyHttpUrl = Field(AnyHttpUrl("https://chatapi.viber.com"), description=N_("root of the Viber API (a test server)"))

    @field_validator("webhook_url")
    @classmethod
    def _has_a_webhook(cls, url: AnyHttpUrl | None, info: ValidationInfo) -> AnyHttpUrl | None:
        if info.data.get("token") and url is None:
            raise ValueError(_("BOT_VIBER_TOKEN needs it: Viber sends messages to a public https address only"))
        return url


class Viber:
    name: ClassVar[str] = NAME
    # A keyboard has 12 rows of two buttons. A title may have 250 characters of HTML: 40 stay below that when each is written as `&quot;`.
    # 5000 characters beside 24 such buttons stay below the 30 kB of a whole request. An emoji counts two: nobody says what Viber counts.
    limits: ClassVar[Limits] = Limits(text=7000, buttons=24, title=40, payload=64, text_with_buttons=5000, size=utf16)
    settings: ClassVar = ViberSettings

    def __init__(self, token: str, api_url: str, webhook_url: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._token, self._sleep = token, sleep
        self._webhook_url = f"{webhook_url.rstrip('/')}/viber"
        # as bytes: a token that no header can hold fails at a call, without being quoted
        self._client = httpx.AsyncClient(base_url=f"{api_url.rstrip('/')}/pa/", headers={b"X-Viber-Auth-Token": token.encode()}, timeout=20)

    @classmethod
    def from_settings(cls, own: ViberSettings) -> Self:
        return cls(own.token.get_secret_value(), str(own.api_url), str(own.webhook_url))

    def routes(self, mailbox: Mailbox) -> Sequence[BaseRoute]:
        async def webhook(request: Request) -> Response:
            given = request.headers.get("X-Viber-Content-Signature", "")
            if not given or not is_one_of(given, [signature(body := await body_of(request), self._token)]):
                return Response(status_code=403)
            try:
                return await self._receive(parsed(body), mailbox)
            except Unavailable:
                return unavailable()

        return [Route("/viber", webhook, methods=["POST"])]

    async def run(self, mailbox: Mailbox) -> None:
        """Viber asks our webhook while we set it, so the first try may come before our own door is open."""
        body = {"url": self._webhook_url, "event_types": EVENTS, "send_name": False, "send_photo": False}
        failures = 0
        while True:
            try:
                await self._call("set_webhook", body)
                _log.info("webhook.set")
                return
            except (TryLater, Refused, Gone) as error:
                failures += 1
                asked = getattr(error, "seconds", None)
                seconds = pause_after(failures) if asked is None else asked
                _log.warning("viber.unavailable", reason=str(error), retry_in=seconds, do=getattr(error, "do", "") or NOTHING)
                await self._sleep(seconds)

    async def send(self, person: str, reply: Reply) -> None:
        await self._call("send_message", {"receiver": person, **content_of(reply)})

    async def typing(self, person: str) -> None:
        """Viber shows nothing of the kind."""

    async def close(self) -> None:
        await self._client.aclose()

    async def _receive(self, event: Any, mailbox: Mailbox) -> Response:
        """What we do not understand is confirmed all the same: sent again it is no more readable."""
        if message := message_from(event):
            await mailbox.receive(message)
        elif person := person_who_left(event):
            await mailbox.forget(person)
        elif welcome := welcome_for(event):
            return JSONResponse(content_of(welcome))
        elif kind_of(event) == "failed":
            _log.warning("delivery.failed", do="if it repeats, report it: the app refused what Viber's server had taken")
        elif kind_of(event) in ("", "message", "unsubscribed"):
            _log.warning("event.unreadable", do="nothing; if it repeats, report it")
        return Response(status_code=200)

    async def _call(self, method: str, body: dict[str, Any]) -> None:
        """Viber answers 200 whatever it thinks of a call; what it thinks stands in `status`."""
        try:
            response = await self._client.post(method, json=body)
        except httpx.HTTPError:
            raise TryLater("network") from None
        answer = parsed(response.content) if response.status_code == 200 else None
        status = answer.get("status") if isinstance(answer, dict) else None
        if not isinstance(status, int):
            raise TryLater(f"no answer, HTTP {response.status_code}")
        if status:
            raise failure(status)


def content_of(reply: Reply) -> dict[str, Any]:
    """A reply as Viber takes it, also as the welcome in the answer to an event. Nothing in it needs a new app."""
    if card := reply.contact:
        return {"sender": {"name": SENDER}, "type": "contact", "contact": {"name": card.name[:CONTACT_NAME], "phone_number": card.phone}}
    keys = {"keyboard": keyboard(reply.buttons)} if reply.buttons else {}
    return {"sender": {"name": SENDER}, "type": "text", "text": reply.text, **keys}


def keyboard(buttons: Sequence[Button]) -> dict[str, Any]:
    """Two in a row while all titles are short or the rows do not suffice, else one. Titles are HTML.

    `Silent` keeps the payload of a pressed button out of the chat.
    """
    short = len(buttons) > 3 and all(len(button.title) <= NARROW for button in buttons)
    columns = 3 if short or len(buttons) > ROWS else 6
    keys = [
        {
            "Columns": columns,
            "Rows": 1,
            "ActionType": "reply",
            "ActionBody": button.payload,
            "Text": html.escape(button.title),
            "Silent": True,
        }
        for button in buttons
    ]
    if columns == 3 and len(keys) % 2:
        keys[-1]["Columns"] = 6
    return {"Type": "keyboard", "DefaultHeight": False, "Buttons": keys}


def failure(status: int) -> TryLater | Refused | Gone:
    """What to do after a `status` of Viber. Whoever has only too old an app is refused and not erased: they may update it."""
    match status:
        case 1:
            return TryLater(
                "webhook not reached", do="compare BOT_VIBER_WEBHOOK_URL with docs/operators.md; Viber needs https and an answer of 200"
            )
        case 2:
            return TryLater("token refused", LONG, "check BOT_VIBER_TOKEN in the settings of the bot on Viber")
        case 5:
            return Gone("not on Viber")
        case 6:
            return Gone("not subscribed")
        case 7 | 8 | 9 | 15:
            return TryLater("account blocked", LONG, "ask Viber or your partner why the bot is blocked, suspended or not authorized")
        case 10:
            return TryLater("no webhook", LONG, "restart the bot: it sets the webhook at each start")
        case 11 | 13:
            return Refused("app too old", "nothing; the person's Viber is too old for bots")
        case 12:
            return TryLater("rate limit", 60.0)
        case 23 | 24:
            return TryLater("no balance", LONG, "pay for the bot's messages at Viber or your partner")
        case _:
            return Refused(f"status {status}")
