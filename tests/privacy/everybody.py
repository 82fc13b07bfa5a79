"""All platforms around one running bot, and people who write to it by all of them, in every way in which words can come."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.fakes.graph import FakeGraph
from tests.fakes.graph_meta import Meta
from tests.fakes.telegram import FakeTelegram
from tests.fakes.viber import FakeViber
from tests.fakes.webchat import Browser
from tests.running import messenger_settings, telegram_settings, viber_settings, web_address

FAILS, CRASHES = "tu odpowiedź się psuje", "tu proces się kończy"  # what `tests.privacy.troubled` stumbles over
QUESTION, CRISIS = "szef nie zapłacił mi za wrzesień", "mąż mnie bije, ma nóż"
QUIET = {"status": "ok", "waiting_messages": 0, "waiting_replies": 0}
OLENA = 98765432101
PHONE = "+48987654321"

Words = Callable[[str], str]  # what somebody says instead


@dataclass
class Platforms:
    telegram: FakeTelegram
    graph: FakeGraph
    meta: Meta
    viber: FakeViber
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return web_address(self.environment)


class _Proxy(httpx.AsyncHTTPTransport):
    """Whatever https address Viber calls leads to the bot."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._port = int(environment["BOT_PORT"])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


@asynccontextmanager
async def platforms(environment: Mapping[str, str], way: str) -> AsyncIterator[Platforms]:
    """`way`: of Telegram, polling or webhook."""
    async with (
        FakeTelegram(allow_http_webhook=True) as telegram,
        FakeGraph() as graph,
        Meta(graph, f"{web_address(environment)}/messenger", attempts=50) as meta,
        FakeViber(webhook_transport=_Proxy(environment)) as viber,
    ):
        settings = viber_settings(viber, messenger_settings(graph, telegram_settings(telegram, way, environment)))
        yield Platforms(telegram, graph, meta, viber, settings)


async def everybody_writes(there: Platforms, words: Words) -> None:
    """And is answered: nothing waits afterwards."""
    async with httpx.AsyncClient(base_url=there.url, trust_env=False, timeout=20) as client:
        await client.get("/")
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(_listen(Browser(client)))
            await on_messenger(there, words)
            on_telegram(there, words)
            await until_it_is(client, lambda _health: there.viber.webhook is not None)
            await on_viber(there, words)
            for body in ({"text": words(QUESTION)}, {"payload": f"/start {words('x')}"}, {"text": words(CRISIS)}, {"text": words(FAILS)}):
                assert (await Browser(client).post(**body)).status_code == 202
            await there.telegram.until(lambda: not there.telegram.pending, timeout=60)
            await until_it_is(client, lambda health: health == QUIET)
            listening.cancel()


async def _listen(browser: Browser) -> None:
    async with browser.listen() as events:
        while True:
            async for _ in events.response.aiter_lines():
                pass


async def until_it_is(client: httpx.AsyncClient, so: Callable[[Any], bool]) -> None:
    """Asks the bot how it is, again and again."""
    async with asyncio.timeout(60):
        while not so((await client.get("/health")).json()):
            pass


def on_telegram(there: Platforms, words: Words) -> None:
    """Text, command, caption, edited message, button, shared phone number, crisis, and what cannot be answered."""
    fake, person = there.telegram, there.telegram.person(OLENA, "uk", words("Олена"))
    chat, sender = person.as_chat(), person.as_user() | {"last_name": words("Шевченко"), "username": words("olena")}

    def message(number: int, **content: object) -> dict[str, object]:
        return {"message_id": number, "date": int(time.time()), "chat": chat, "from": sender, **content}

    photo = [{"file_id": words("photo"), "file_unique_id": "b", "width": 1, "height": 1}]
    contact = {"phone_number": PHONE, "first_name": words("Олена"), "user_id": OLENA}
    fake.send_update({"message": message(7001, text=words(FAILS))})
    fake.send_update({"message": message(7002, text=words(QUESTION))})
    fake.send_update({"edited_message": message(7002, text=words("jak przedłużyć kartę pobytu?"), edit_date=int(time.time()))})
    fake.send_update({"message": message(7003, photo=photo, caption=words("що це за папір?"))})
    fake.send_update({"message": message(7004, contact=contact)})
    fake.send_update({"callback_query": {"id": "7005", "from": sender, "chat_instance": "1", "data": f"/help {words('x')}"}})
    fake.say(person, f"/start {words('x')}")
    fake.say(person, words(CRISIS))


async def on_messenger(there: Platforms, words: Words) -> None:
    """The first answer fails three times: what is taken back behind it was not answered yet."""
    meta, person, other = there.meta, there.graph.person(), there.graph.person()
    taken_back = meta.says(person, words("nie mów nikomu"))
    await meta.posts([meta.says(person, words(FAILS)), taken_back])
    await meta.unsends(person, taken_back.mid)
    await meta.says(person, words("tak"), quick_reply={"payload": f"/help {words('x')}"})
    await meta.taps(person, words("Tytuł"), f'/change_language{{"language":"{words("x")}"}}')
    await meta.follows_link(person, words("ref"))
    await meta.sends_attachment(person, "image", text=words("що тут написано?"))
    question = meta.says(other, words(QUESTION))
    await meta.posts([question])
    await meta.edits(other, question.mid, words("jak przedłużyć kartę pobytu?"))
    await meta.says(other, words(CRISIS))


async def on_viber(there: Platforms, words: Words) -> None:
    fake, person = there.viber, there.viber.person("98765432103AbCdEfGh==", subscribed=True)
    await fake.start(person, "x")
    await fake.say(person, words(QUESTION))
    await fake.picture(person, words("що це?"))
    await fake.send_message(person, type="contact", contact={"name": words("Олена"), "phone_number": PHONE})
    await fake.say(person, f"/help {words('x')}")
    await fake.say(person, words(CRISIS))
    await fake.say(person, words(FAILS))
