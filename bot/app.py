"""Puts the parts together: content, understanding, dialogue, store, channels, loops and the web server."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import telemetry
from bot.channels import channels_from
from bot.channels.base import Channel, HoldsConnections, RunsAlone
from bot.editions import Editions, edition_from, next_edition
from bot.publishing import show
from bot.service import Service
from bot.settings import Settings
from bot.store import Store, StoreDown
from bot.store.alone import alone
from bot.store.database import engine_for, is_shared, migrate
from bot.store.notices import Notices
from bot.webserver import Server, bound, config_for

RETRY_STORE = 2.0  # seconds
SEND_WITHIN = 5.0  # seconds at the end for what is being sent: a part that is broken off would be read twice
STOP_WITHIN = 5.0  # seconds after that for everything else
_log = telemetry.log("app")


def steady_clock() -> Callable[[], float]:
    """Seconds since 1970 that pass evenly: when the machine's clock is set, no lease runs out early and nothing waits longer."""
    kind = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first counts the sleep of a machine too
    offset = time.time() - time.clock_gettime(kind)
    return lambda: offset + time.clock_gettime(kind)


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM. `announce` gets the address of the web server once it listens."""
    sockets = await bound(settings.host, settings.port)
    asked_again = asyncio.Event()
    if not sys.stderr.isatty():  # else a hang-up says that the terminal is gone, and ends us as ever
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked_again.set)
    first = edition_from(settings, progress=telemetry.on_terminal(settings.log))
    editions = Editions(first, partial(next_edition, settings))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(engine_for(settings.database, settings.workers), steady_clock(), settings.store_keys)
    shared = is_shared(store.engine)
    await ready(store)
    if not shared:
        await store.release_leases()
    channels = channels_from(settings)
    if not settings.store_keys and not all(isinstance(channel, HoldsConnections) for channel in channels.values()):
        _log.warning("store.unsealed", do="set BOT_STORE_KEY: whoever gets hold of the database reads in it who wrote")
    notices = Notices(store.engine) if shared else None
    service = Service(store, editions.answer, editions.apologise, editions.reassure, channels, settings.workers, notices)

    async def come_to_an_end() -> None:
        """What is being sent is sent, and nothing new is begun, before the channels are closed."""
        service.stop()
        await asyncio.wait({answering}, timeout=SEND_WITHIN)
        await close(channels)

    server = Server(config_for(web(service, store, channels)), announce, come_to_an_end)
    answering = asyncio.create_task(service.run())
    listening = [asyncio.create_task(_run(channel, service, store)) for channel in channels.values()]
    listening.append(asyncio.create_task(keep_current(editions, asked_again, channels)))
    serving = asyncio.create_task(server.serve(sockets))
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


async def keep_current(editions: Editions, asked_again: asyncio.Event, channels: Mapping[str, Channel]) -> None:
    """Platforms show what the edition of now says; whenever it is asked for, the next one takes its place."""
    while True:
        async with asyncio.TaskGroup() as tasks:
            showing = tasks.create_task(show(channels, editions.now.profiles))
            renewed = False
            while not renewed:
                await asked_again.wait()
                asked_again.clear()
                renewed = await editions.renew()
            showing.cancel()


async def close(channels: Mapping[str, Channel]) -> None:
    for channel in channels.values():
        await channel.close()


async def ready(store: Store) -> None:
    """A server that is not there yet is waited for, as it may start with us; a file that cannot be written is not."""
    while True:
        try:
            await migrate(store.engine)
            if resealed := await store.reseal():
                _log.info("store.resealed", rows=resealed, do="take the old key out of BOT_STORE_KEY if there is one")
            return
        except StoreDown as error:
            if not is_shared(store.engine):
                raise
            _log.error("store.down", error=str(error), do="check that PostgreSQL runs, and BOT_DATABASE_URL")
            await asyncio.sleep(RETRY_STORE)


async def _run(channel: Channel, service: Service, store: Store) -> None:
    if isinstance(channel, RunsAlone) and channel.runs_alone:
        await alone(store.engine, channel.name, lambda: channel.run(service.mailbox))
    else:
        await channel.run(service.mailbox)


async def _first_failure_or(serving: asyncio.Task[None], *others: asyncio.Task[None]) -> None:
    """Until the server ends or one of the others fails; a channel that has nothing more to do may end."""
    waiting = {serving, *others}
    while serving in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if any(task.exception() for task in done if not task.cancelled()):
            return


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
