"""Messages that reach the webhooks of a bot each at its time, whether or not earlier ones are confirmed: an open loop.

All times count from when a message was due, so that a bot that is slow cannot slow down its own examination. As the platforms do, the
messages of one person are sent one after another, and again until they are taken.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count

import httpx

from benchmarks.platforms import TELEGRAM
from benchmarks.writers import Said
from tests.fakes.graph_events import message
from tests.fakes.graph_webhook import body_of, headers_for
from tests.fakes.telegram_chats import Person

AGAIN_AFTER = 0.5  # seconds
FIRST_AFTER = 0.5  # seconds from now
PATIENCE = 300.0  # seconds until a message that nobody takes ends the run
KEPT = 3.0  # seconds that a connection may rest: the bot hangs up after five
POOLS = 32  # httpx looks at every connection of a pool for each request: one pool alone would make us late
_updates = count(480_000_001)
Route = Callable[[Said], int]


async def send(said: Sequence[Said], bots: Sequence[str], settings: Mapping[str, str], route: Route) -> None:
    """`bots`: their addresses, and `route` says which of them gets a message."""
    lanes: dict[str, asyncio.Task[None]] = {}
    requests = [_request(one, settings) for one in said]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEPT)
    context = ssl.create_default_context()  # of which nothing is used, and each client would make its own
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=PATIENCE, trust_env=False, verify=context))
            for _ in range(POOLS)
        ]
        began = time.monotonic() + FIRST_AFTER
        for one, (path, body, headers) in zip(said, requests, strict=True):
            one.due, one.bot = began + one.after, route(one)
            await asyncio.sleep(one.due - time.monotonic())
            one.fired = time.monotonic()
            client = clients[one.number % POOLS]
            request = client.build_request("POST", bots[one.bot] + path, content=body, headers=headers)
            lanes[one.person] = tasks.create_task(_deliver(client, one, request, lanes.get(one.person)))


async def _deliver(client: httpx.AsyncClient, one: Said, request: httpx.Request, before: asyncio.Task[None] | None) -> None:
    if before:
        await before
    while not await _taken(client, request):
        if time.monotonic() > one.due + PATIENCE:
            raise TimeoutError(f"the bot at {request.url} takes no messages")
        one.again += 1
        await asyncio.sleep(AGAIN_AFTER)
    one.taken = time.monotonic()


async def _taken(client: httpx.AsyncClient, request: httpx.Request) -> bool:
    try:
        return (await client.send(request)).is_success
    except httpx.TransportError:
        return False


def _request(one: Said, settings: Mapping[str, str]) -> tuple[str, bytes, dict[str, str]]:
    if one.channel == TELEGRAM:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": settings["BOT_TELEGRAM_SECRET"]}
        return "/telegram", _update(one), headers
    body = _event(one, settings["BOT_MESSENGER_PAGE_ID"])
    return "/messenger", body, headers_for(body, settings["BOT_MESSENGER_APP_SECRET"])


def _update(one: Said) -> bytes:
    person = Person(int(one.person), one.language)
    head = {"message_id": one.number + 1, "date": int(time.time()), "from": person.as_user(), "chat": person.as_chat()}
    return json.dumps({"update_id": next(_updates), "message": {**head, "text": one.text}}).encode()


def _event(one: Said, page: str) -> bytes:
    now = int(1000 * time.time())
    said = {"sender": {"id": one.person}, "recipient": {"id": page}, "timestamp": now} | message(f"m_load-{next(_updates)}", one.text)
    return body_of({"object": "page", "entry": [{"id": page, "time": now, "messaging": [said]}]})
