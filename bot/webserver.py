"""The web server: uvicorn, with bounds for whoever opens connections and then takes their time. It knows no route and no channel.

A platform or a proxy never comes near these bounds. What they are for: nobody can hold memory, connections or open files for nothing.
"""

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.telemetry import log

LARGEST_HEAD = 16 * 1024  # bytes of a request line and its headers; ours and those of all platforms have less than 2 KB
SPARE_FILES = 128  # for the database, the calls to the platforms, and what Python opens
_log = log("app")


@dataclass(frozen=True, slots=True)
class Bounds:
    """`head`: seconds until a connection has sent a whole request head. `stalled`: seconds in which it takes nothing of what we send.

    `idle`: seconds between two requests. From `connections` on a request is answered with 503, a little later nobody is let in. Each
    connection may hold 200 KB, so that many of them leave room in the 2 GB of docker-compose.yml.
    """

    head: float = 10.0
    stalled: float = 30.0
    idle: float = 5.0
    connections: int = 4000


class AddressTaken(Exception):
    """The server cannot listen where it is told to. The text is the reason."""


async def bound(host: str, port: int) -> list[socket.socket]:
    """Sockets that have their address already and let nobody in before the server listens: a second bot ends here, before it touches
    what the first one has stored.
    """
    try:
        binding = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port, start_serving=False)
    except (socket.gaierror, UnicodeError) as error:  # no host is, or could be, called so
        raise AddressTaken(str(error)) from None
    except OSError as error:  # asyncio's text repeats the address
        raise AddressTaken(os.strerror(error.errno or 0)) from None
    sockets = [one.dup() for one in binding.sockets]
    binding.close()
    return sockets


def config_for(app: ASGIApp, bounds: Bounds | None = None) -> uvicorn.Config:
    bounds = bounds or Bounds()
    connections = min(bounds.connections, max(_files(bounds.connections + 2 * SPARE_FILES) - 2 * SPARE_FILES, 16))
    return uvicorn.Config(
        app,
        http=_connection(bounds, connections),
        ws="none",  # else a connection that asks for a WebSocket leaves the class above, and with it the bounds
        log_config=None,
        access_log=False,  # it would name the addresses of people
        server_header=False,
        limit_concurrency=connections,
        backlog=256,  # connections that wait to be accepted; a thousand proxies would not fill it
        timeout_keep_alive=int(bounds.idle),
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        lifespan="off",
    )


def _files(wanted: int) -> int:
    """How many files and connections this process may have open, after asking for more than the usual 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= allowed:
        return allowed
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError):
        return soft
    return allowed


def _connection(bounds: Bounds, connections: int) -> type[asyncio.Protocol]:
    class Connection(H11Protocol):
        """uvicorn waits for a request head and for a slow reader without end; this one does not."""

        _head: asyncio.TimerHandle | None = None
        _stalled: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio always gives a Transport here
            super().connection_made(transport)
            if len(self.connections) > connections + SPARE_FILES:
                transport.abort()
            else:
                self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stalled = self.loop.call_later(bounds.stalled, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._stalled:
                self._stalled.cancel()

        def connection_lost(self, exc: Exception | None) -> None:
            for timer in (self._head, self._stalled):
                if timer:
                    timer.cancel()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """The clock runs while there is no request under way. A body that goes on after its answer begins none."""
            if self.cycle is not None and not self.cycle.response_complete:
                if self._head:
                    self._head.cancel()
                self._head = None
            elif self._head is None:
                self._head = self.loop.call_later(bounds.head, self.transport.abort)

    return Connection


class Server(uvicorn.Server):
    """Says where it listens. At the end `close` is awaited before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None], close: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(config)
        self._announce, self._close = announce, close

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
        await self._close()
        await super().shutdown(sockets)
