"""Puts the parts together: content, understanding, dialogue, store, channels, loops and the web server."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import uvicorn
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import content, nlu, telemetry
from bot.channels import channels_from
from bot.channels.base import Channel
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.profile import profiles_from
from bot.publishing import at_start, platforms
from bot.replies import missing_answers, untranslated
from bot.service import Service
from bot.settings import Settings
from bot.store import Store, StoreDown
from bot.store.database import engine_for, migrate

SEND_WITHIN = 5.0  # seconds at the end for what is being sent: a part that is broken off would be read twice
STOP_WITHIN = 5.0  # seconds after that for everything else
WARSAW = ZoneInfo("Europe/Warsaw")
_log = telemetry.log("app")


class ContentError(Exception):
    """Content that cannot be read; the text lists every place."""


def now() -> datetime:
    return datetime.now(WARSAW)


def steady_clock() -> Callable[[], float]:
    """Seconds since 1970 that pass evenly: when the machine's clock is set, no lease runs out early and nothing waits longer."""
    kind = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first counts the sleep of a machine too
    offset = time.time() - time.clock_gettime(kind)
    return lambda: offset + time.clock_gettime(kind)


def read_content(settings: Settings) -> content.Content:
    found = content.read(settings.content_dir)
    errors = [str(problem) for problem in found.problems if not problem.warning]
    errors += [f"responses/: {name} is missing" for name in missing_answers(found.responses)]
    if errors:
        raise ContentError("\n".join(errors))
    for place in untranslated(found.responses):
        _log.warning("content.untranslated", place=place, do="add the missing language there; until then people read it in Polish")
    return found


def build_dialogue(
    settings: Settings,
    found: content.Content | None = None,
    *,
    with_model: bool = True,
    progress: bool = True,
    clock: Callable[[], datetime] = now,
) -> Dialogue:
    """Everything between a text and its answer; trains first if the examples changed."""
    found = found or read_content(settings)
    understand = nlu.load(found.examples, settings.data_dir, with_model=with_model, progress=progress)
    act, actions = executor()
    return Dialogue(found, understand, act, actions, clock)


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM. `announce` gets the address of the web server once it listens."""
    found = read_content(settings)
    dialogue = build_dialogue(settings, found, progress=telemetry.on_terminal(settings.log))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = engine_for(settings.database)
    await migrate(engine)
    store = Store(engine, steady_clock())
    if engine.dialect.name == "sqlite":
        await store.release_leases()
    channels = channels_from(settings)
    service = Service(store, dialogue.answer, dialogue.apologise, channels, settings.workers)

    async def finish_sending() -> None:
        service.stop()
        await asyncio.wait({answering}, timeout=SEND_WITHIN)

    server = _Server(
        uvicorn.Config(
            web(service, store, channels),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            lifespan="off",
        ),
        announce,
        finish_sending,
        channels.values(),
    )
    answering = asyncio.create_task(service.run())
    listening = [asyncio.create_task(channel.run(service.mailbox)) for channel in channels.values()]
    wanted = profiles_from(found)
    listening += [asyncio.create_task(at_start(name, channel, wanted)) for name, channel in platforms(channels).items()]
    serving = asyncio.create_task(server.serve())
    await _first_failure_or(serving, answering, *listening)
    server.should_exit = True  # also when a loop ended by a mistake of ours: better a restart than a deaf bot
    await serving
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    service.stop()
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await answering
    finally:
        await store.close()
    for task in listening:
        if not task.cancelled():
            task.result()
    _log.info("stopped")


async def _first_failure_or(serving: asyncio.Task[None], *others: asyncio.Task[None]) -> None:
    """Until the server ends or one of the others fails; a channel that has nothing more to do may end."""
    waiting = {serving, *others}
    while serving in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if any(task.exception() for task in done if not task.cancelled()):
            return


class _Server(uvicorn.Server):
    """Says where it listens. At the end what is being sent is sent, and the channels are closed before it waits for their connections."""

    def __init__(
        self,
        config: uvicorn.Config,
        announce: Callable[[str], None],
        finish_sending: Callable[[], Awaitable[None]],
        channels: Iterable[Channel],
    ) -> None:
        super().__init__(config)
        self._announce, self._finish_sending, self._channels = announce, finish_sending, channels

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal as uvicorn does, but without raising it again: that would end us before the store is closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            _log.info("running", address=f"http://{host}:{port}")
            self._announce(f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._finish_sending()
        for channel in self._channels:
            await channel.close()
        await super().shutdown(sockets)


def web(service: Service, store: Store, channels: Mapping[str, Channel]) -> Starlette:
    async def health(_request: Request) -> Response:
        try:
            messages, replies = await store.open_rows()
            if not service.mailbox.stores:
                raise StoreDown
        except StoreDown:
            return JSONResponse({"status": "store down"}, status_code=503)
        return JSONResponse({"status": "ok", "waiting_messages": messages, "waiting_replies": replies})

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(telemetry.registry), media_type="text/plain; version=0.0.4")

    routes = [route for channel in channels.values() for route in channel.routes(service.mailbox)]
    return Starlette(routes=[Route("/health", health), Route("/metrics", metrics), *routes])
