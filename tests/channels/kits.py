"""One kit a channel: how a person reaches it, how its platform is faked, and how that platform fails. `test_contract` runs them all.

A new channel adds its kit here; the contract refuses a channel without one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette

from bot.channels.base import Channel
from bot.channels.messenger import Messenger
from bot.channels.telegram import Telegram
from bot.channels.viber import Viber
from bot.channels.webchat import WebChat
from bot.channels.webhooks import signature
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_webhook import Signing, body_of, headers_for
from tests.fakes.mailbox import Mailbox
from tests.fakes.telegram import FakeTelegram
from tests.fakes.viber import FakeViber
from tests.fakes.webchat import MailboxInMemory, Served

PUBLIC = "https://bot.example.org"


@dataclass
class Kit:
    """`post` sends a body as the platform does; `signed` makes its headers. `troubles` makes the next call fail, by name."""

    channel: Channel
    mailbox: Mailbox
    person: str
    client: httpx.AsyncClient
    path: str
    says: Callable[[str], Any]
    presses: Callable[[str], Any]
    sends_a_photo: Callable[[], Any] | None  # None: nobody can
    signed: Callable[[bytes], dict[str, str]]
    unsigned: list[dict[str, str]]
    received: Callable[[], int]  # messages that the person sees
    refusals: Callable[[], list[str]] = list
    troubles: dict[str, Callable[[], object]] = field(default_factory=dict)
    leaves: Callable[[], object] | None = None

    async def post(self, content: Any) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await self.client.post(self.path, content=body, headers=self.signed(body))


def within(channel: Channel, mailbox: Mailbox) -> httpx.AsyncClient:
    app = Starlette(routes=list(channel.routes(mailbox)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=True), base_url=PUBLIC)


@asynccontextmanager
async def telegram() -> AsyncIterator[Kit]:
    mailbox = Mailbox()
    number = iter(range(1000, 2000))
    async with FakeTelegram("123456:canary-token") as fake:
        channel, person = Telegram(fake.token, fake.url, PUBLIC, "canary-secret"), fake.person(7)
        chat, sender = {"id": 7, "type": "private"}, {"id": 7, "is_bot": False, "first_name": "O"}

        def message(**content: Any) -> dict[str, Any]:
            return {"update_id": next(number), "message": {"message_id": 1, "date": 1_800_000_000, "chat": chat, "from": sender, **content}}

        def pressed(payload: str) -> dict[str, Any]:
            return {"update_id": next(number), "callback_query": {"id": "1", "from": sender, "chat_instance": "1", "data": payload}}

        photo = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
        header = "X-Telegram-Bot-Api-Secret-Token"
        async with within(channel, mailbox) as client:
            yield Kit(
                channel,
                mailbox,
                "7",
                client,
                "/telegram",
                lambda text: message(text=text),
                pressed,
                lambda: message(photo=photo),
                lambda _body: {"Content-Type": "application/json", header: "canary-secret"},
                [{}, {header: ""}, {header: "canary-secre"}, {header: "canary-secret "}],
                lambda: len(fake.sent(person)),
                lambda: fake.refusals,
                {
                    "rate limit": lambda: fake.faults.too_many_requests("sendMessage", retry_after=35),
                    "500": lambda: fake.faults.server_error("sendMessage"),
                    "HTML 502": lambda: fake.faults.bad_gateway("sendMessage"),
                    "reset": lambda: fake.faults.reset("sendMessage"),
                    "lost reply": lambda: fake.faults.drop_reply("sendMessage"),
                },
                lambda: fake.block(person),
            )
            await channel.close()


@asynccontextmanager
async def messenger() -> AsyncIterator[Kit]:
    mailbox = Mailbox()
    number = iter(range(1000, 2000))
    async with FakeGraph(access_token="canary-token", app_secret="canary-secret") as graph:
        channel, person = Messenger(graph.access_token, [graph.app_secret], "canary-word", graph.page_id, graph.url), graph.person()

        def page(**event: Any) -> bytes:
            happened = {"sender": {"id": person}, "recipient": {"id": graph.page_id}, "timestamp": next(number), **event}
            return body_of({"object": "page", "entry": [{"id": graph.page_id, "time": 1, "messaging": [happened]}]})

        def message(**content: Any) -> bytes:
            return page(message={"mid": f"m_{next(number)}", **content})

        image = {"type": "image", "payload": {"url": "https://example.org/1"}}
        async with within(channel, mailbox) as client:
            yield Kit(
                channel,
                mailbox,
                person,
                client,
                "/messenger",
                lambda text: message(text=text),
                lambda payload: page(postback={"mid": f"m_{next(number)}", "title": "x", "payload": payload}),
                lambda: message(attachments=[image]),
                lambda body: headers_for(body, "canary-secret"),
                [headers_for(b"{not json", "canary-secret", way) for way in Signing if way is not Signing.BOTH],
                lambda: len(graph.sent(person)),
                lambda: graph.refusals,
                {
                    "rate limit": lambda: graph.faults.rate_limit("messages"),
                    "500": lambda: graph.faults.server_error("messages"),
                    "HTML 502": lambda: graph.faults.bad_gateway("messages"),
                    "reset": lambda: graph.faults.reset("messages"),
                    "lost reply": lambda: graph.faults.drop_reply("messages"),
                },
                lambda: graph.block(person),
            )
            await channel.close()


@asynccontextmanager
async def viber() -> AsyncIterator[Kit]:
    mailbox = Mailbox()
    number = iter(range(1000, 2000))
    app = Starlette()
    async with FakeViber("canary-token", webhook_transport=httpx.ASGITransport(app)) as fake:
        channel, person = Viber("canary-token", fake.url, PUBLIC), fake.person(subscribed=True)
        app.router.routes += channel.routes(mailbox)
        await channel.run(mailbox)

        def message(**content: Any) -> dict[str, Any]:
            sender = {"id": person.id, "name": "O", "api_version": 10}
            head = {"event": "message", "timestamp": 1_800_000_000_000, "message_token": next(number), "sender": sender}
            return head | {"message": {"type": "text", **content}, "silent": False}

        def says(text: str) -> dict[str, Any]:
            person.unanswered = 0
            return message(text=text)

        header = "X-Viber-Content-Signature"
        async with within(channel, mailbox) as client:
            yield Kit(
                channel,
                mailbox,
                person.id,
                client,
                "/viber",
                says,
                lambda payload: message(text=payload),
                lambda: message(type="picture", media="https://example.org/1"),
                lambda body: {"Content-Type": "application/json", header: signature(body, "canary-token")},
                [{}, {header: ""}, {header: signature(b"{not json", "other")}, {header: signature(b"{not json", "canary-token")[:-1]}],
                lambda: len(person.sent),
                lambda: fake.refusals,
                {
                    "rate limit": lambda: fake.faults.status("send_message", 12),
                    "500": lambda: fake.faults.http("send_message", 500),
                    "HTML 502": lambda: fake.faults.bad_gateway("send_message"),
                    "reset": lambda: fake.faults.reset("send_message"),
                    "lost reply": lambda: fake.faults.drop_reply("send_message"),
                },
                lambda: fake.faults.status("send_message", 6),
            )
            await channel.close()


@asynccontextmanager
async def web() -> AsyncIterator[Kit]:
    """A browser that listens; its cookie stands for the signature."""
    mailbox, seen = MailboxInMemory(), []
    async with Served(WebChat(), mailbox) as served, served.browser() as browser, browser.listen() as events:
        json_type = {"Content-Type": "application/json"}
        cookie = json_type | {"Cookie": f"chat={browser.client.cookies['chat']}"}
        await browser.post(text="who am I")
        person = mailbox.messages.pop().sender.person
        assert (await events.next()).name == "connected"

        async def listen() -> None:
            while True:
                seen.append(await events.next())

        listening = asyncio.create_task(listen())
        async with httpx.AsyncClient(base_url=served.url, trust_env=False) as client:
            yield Kit(
                served.chat,
                mailbox,
                person,
                client,
                "/messages",
                lambda text: {"id": str(uuid4()), "text": text},
                lambda payload: {"id": str(uuid4()), "payload": payload},
                None,
                lambda _body: cookie,
                [json_type, json_type | {"Cookie": "chat=1"}, cookie | {"Origin": "https://evil.example"}],
                lambda: len(seen),
            )
        listening.cancel()


KITS: dict[str, Callable[[], AbstractAsyncContextManager[Kit]]] = {
    "telegram": telegram,
    "messenger": messenger,
    "viber": viber,
    "web": web,
}
