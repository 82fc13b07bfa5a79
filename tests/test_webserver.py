"""The web server as `bot run` makes it, and people who open connections and take their time."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from bot.app import web
from bot.channels import CHANNELS, webhooks
from bot.channels.viber import Viber
from bot.channels.webhooks import body_of
from bot.service import Service
from bot.store import Store, StoreDown
from bot.webserver import LARGEST_HEAD, SPARE_FILES, AddressTaken, Bounds, bound, config_for
from tests.channels.kits import KITS
from tests.fakes.mailbox import Mailbox

SOON = 30.0  # seconds after which a test that waits has failed
HASTY = Bounds(head=0.05, stalled=0.05)
VIBER = b"POST /viber HTTP/1.1\r\nHost: x\r\nX-Viber-Content-Signature: 0\r\n"


@dataclass
class Serving:
    port: int
    state: ServerState

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def connect(self, sent: bytes = b"") -> "Caller":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return Caller(reader, writer)


@dataclass
class Caller:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def everything(self) -> bytes:
        """What comes until we are hung up on."""
        came = b""
        async with asyncio.timeout(SOON):
            try:
                while more := await self.reader.read(65_536):
                    came += more
            except ConnectionError:
                pass
            finally:
                self.writer.transport.abort()
        return came

    async def head(self) -> bytes:
        async with asyncio.timeout(SOON):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def dawdle(self, piece: bytes) -> bytes:
        """Send a piece again and again until nobody takes it any more; what came meanwhile."""
        listening = asyncio.create_task(self.everything())
        while not listening.done():
            self.writer.write(piece)
            await asyncio.wait([listening], timeout=0.005)
        return await listening


@asynccontextmanager
async def serving(app: Any, bounds: Bounds | None = None) -> AsyncIterator[Serving]:
    config, state = config_for(app, bounds), ServerState()
    config.load()
    make = cast(Callable[..., asyncio.Protocol], config.http_protocol_class)
    server = await asyncio.get_running_loop().create_server(
        lambda: make(config=config, server_state=state, app_state={}), "127.0.0.1", 0, backlog=config.backlog
    )
    try:
        yield Serving(server.sockets[0].getsockname()[1], state)
    finally:
        server.close()
        for connection in list(state.connections):
            cast(Any, connection).transport.abort()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
async def routes() -> AsyncIterator[Sequence[BaseRoute]]:
    """The webhook of Viber, which must read a body before it knows who sent it, and something quick."""
    viber = Viber("canary-token", "http://127.0.0.1:1", "https://bot.example.org")

    async def quick(_request: Request) -> Response:
        return PlainTextResponse("quick")

    yield [*viber.routes(Mailbox()), Route("/", quick)]
    await viber.close()


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_whoever_never_sends_a_whole_request_is_hung_up_on(routes: Sequence[BaseRoute], begun: bytes) -> None:
    async with serving(Starlette(routes=routes), HASTY) as server:
        assert await (await server.connect(begun)).everything() == b""


async def test_headers_that_trickle_without_end_are_hung_up_on(routes: Sequence[BaseRoute]) -> None:
    async with serving(Starlette(routes=routes), HASTY) as server:
        caller = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert await caller.dawdle(b"X: y\r\n") in (b"", b"HTTP/1.1 400")


async def test_a_second_request_that_trickles_is_hung_up_on(routes: Sequence[BaseRoute]) -> None:
    async with serving(Starlette(routes=routes), HASTY) as server:
        caller = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await caller.head()).startswith(b"HTTP/1.1 200")
        assert b"HTTP" not in await caller.dawdle(b"G")


async def test_a_head_of_any_size_is_refused(routes: Sequence[BaseRoute]) -> None:
    async with serving(Starlette(routes=routes)) as server:
        caller = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * (LARGEST_HEAD + 70_000))
        assert (await caller.everything()).startswith(b"HTTP/1.1 400 ")


async def test_a_body_that_trickles_is_ended_with_408(routes: Sequence[BaseRoute], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "SLOWEST_BODY", 0.05)
    async with serving(Starlette(routes=routes)) as server:
        caller = await server.connect(VIBER + b"Content-Length: 1000000\r\n\r\n")
        answer = await caller.dawdle(b"{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer.lower()


async def test_a_body_that_goes_on_after_its_refusal_is_hung_up_on(routes: Sequence[BaseRoute]) -> None:
    async with serving(Starlette(routes=routes), HASTY) as server:
        caller = await server.connect(VIBER + b"Content-Length: 100000000\r\n\r\n")
        assert (await caller.dawdle(b"x" * 1000)).startswith(b"HTTP/1.1 413 ")


async def test_whoever_takes_nothing_of_the_answer_is_hung_up_on() -> None:
    ended = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        ended.set()

    async with serving(app, HASTY) as server:
        caller = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(SOON):
            await ended.wait()
        assert not server.state.connections
        caller.writer.transport.abort()


async def test_two_hundred_slow_callers_hold_little_and_others_are_served(routes: Sequence[BaseRoute]) -> None:
    """Each announces a megabyte and stops in its middle: more than all bodies together may hold."""
    many, sent, free = 200, 500_000, webhooks.ROOM.free
    async with serving(Starlette(routes=routes)) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        gc.collect()
        tracemalloc.start()
        callers = [await server.connect(VIBER + b"Content-Length: 1000000\r\n\r\n" + b"x" * sent) for _ in range(many)]
        async with asyncio.timeout(SOON):
            await asyncio.gather(*(caller.writer.drain() for caller in callers))
            while webhooks.ROOM.free > sent:
                assert (await client.get("/")).text == "quick"
        held, _peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        small = await client.post("/viber", content=b"{}", headers={"X-Viber-Content-Signature": "0"})
        assert (small.status_code, webhooks.ROOM.free >= 0) == (403, True)
        assert held < free + many * 200_000
        for caller in callers:
            caller.writer.transport.abort()
        async with asyncio.timeout(SOON):
            while webhooks.ROOM.free < free:
                assert (await client.get("/")).text == "quick"


async def test_a_body_that_finds_no_room_comes_again_later() -> None:
    room = webhooks.Room(free=100_000)

    async def take(request: Request) -> Response:
        return PlainTextResponse(str(len(await body_of(request, room=room))))

    app = Starlette(routes=[Route("/", take, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        answers = [await client.post("/", content=b"x" * size) for size in (10, 150_000, 170_000, 65_536)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "5"
    assert room.free == 100_000


async def test_too_many_connections_are_refused_and_room_is_made_again(routes: Sequence[BaseRoute]) -> None:
    async with serving(Starlette(routes=routes), Bounds(connections=3)) as server:
        waiting = [await server.connect(b"GET /") for _ in range(3)]
        refused = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await refused.everything()).startswith(b"HTTP/1.1 503 ")
        waiting += [await server.connect() for _ in range(SPARE_FILES)]
        assert await (await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).everything() == b""
        for caller in waiting:
            caller.writer.transport.abort()
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client, asyncio.timeout(SOON):
            while (await client.get("/")).status_code == 503:
                pass
            assert (await client.get("/")).text == "quick"


async def test_nobody_leaves_the_bounds_by_asking_for_a_websocket(routes: Sequence[BaseRoute]) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    async with serving(Starlette(routes=routes), HASTY) as server:
        caller = await server.connect(b"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n")
        assert (await caller.head()).startswith(b"HTTP/1.1 200 ")
        assert b"quick" in await caller.dawdle(b"G")


@pytest.mark.parametrize("head", [b"\x16\x03\x01\x02\x00\x01", b"GET /\0 HTTP/1.1", b"GET http://[ HTTP/1.1", b"X" * 100])
async def test_what_is_no_request_is_refused_in_few_words(routes: Sequence[BaseRoute], head: bytes) -> None:
    async with serving(Starlette(routes=routes), HASTY) as server:
        answer = await (await server.connect(head + b"\r\nHost: x\r\nConnection: close\r\n\r\n")).everything()
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
        assert len(answer) < 250


class Nowhere(Store):
    """A store that is down, or fails in a way that nobody thought of."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def open_rows(self) -> tuple[int, int]:
        raise self.error


@asynccontextmanager
async def whole(error: Exception | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Everything that `bot run` serves, on a real server."""
    store = Nowhere(error or StoreDown())
    channels = {}
    for name in CHANNELS:
        async with KITS[name]() as kit:
            channels[name] = kit.channel
    service = Service(store, cast(Any, None), cast(Any, None), cast(Any, None), channels, 1)
    async with (
        serving(web(service, store, channels)) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=SOON) as client,
    ):
        yield client


PATHS = {"/": "GET", "/chat.css": "GET", "/chat.js": "GET", "/messages": "POST", "/replies": "GET", "/health": "GET", "/metrics": "GET"}
PATHS |= {"/telegram": "POST", "/messenger": "GET POST", "/viber": "POST"}


async def test_every_path_takes_its_methods_and_no_other() -> None:
    async with whole() as client:
        for path, methods in PATHS.items():
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"):
                response = await client.request(method, path)
                taken = method in methods or (method == "HEAD" and "GET" in methods and path != "/replies")
                assert (response.status_code == 405) != taken, (method, path, response.status_code)
                if not taken:
                    assert set(response.headers["Allow"].replace(" ", "").split(",")) & set(methods.split())


async def test_no_answer_names_a_version_a_file_or_what_failed() -> None:
    async with whole(RuntimeError("canary-error")) as client:
        answers = [await client.get("/health")]
        for path in [*PATHS, "/nothing", "/..%2f..%2fetc/passwd", "/%00", "/telegram/", "//", "/static/../chat.js", "/docs", "/.env"]:
            answers += [await client.get(path), await client.post(path, content=b"{"), await client.put(path)]
        assert answers[0].status_code == 500
        for answer in answers:
            assert "server" not in answer.headers
            assert "x-powered-by" not in answer.headers
            told = answer.text if answer.status_code >= 400 else ""
            assert len(told) < 60
            assert not any(word in told for word in ("Traceback", "canary", "File", ".py", "Error:", "starlette", "uvicorn"))


async def test_a_second_path_to_the_same_thing_is_no_way_around() -> None:
    async with whole() as client:
        for path in ("/telegram/", "/viber/", "/messenger/", "/Viber", "/viber%2f", "/./viber"):
            response = await client.post(path, content=b"{}", follow_redirects=False)
            assert response.status_code in (307, 403, 404), path


async def test_an_address_is_taken_before_anybody_is_let_in() -> None:
    (one,) = await bound("127.0.0.1", 0)
    with one, pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*one.getsockname())


@pytest.mark.parametrize(("host", "reason"), [("127.0.0.1", "in use"), ("203.0.113.1", "assign"), ("no..name", "label")])
async def test_an_address_that_cannot_be_had_is_told_with_its_reason(host: str, reason: str) -> None:
    (one,) = await bound("127.0.0.1", 0)
    with one:
        one.listen()
        with pytest.raises(AddressTaken, match=reason):
            await bound(host, one.getsockname()[1])
