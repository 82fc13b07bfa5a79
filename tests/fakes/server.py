"""A server of one app on 127.0.0.1, whose connections a request can break. It knows no platform."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


class _Connection(H11Protocol):
    """uvicorn's, which lends its transport to the requests and writes no access log (it would name the token)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio always gives a Transport here
        super().connection_made(transport)
        self.app_state = {"transport": transport}
        self.access_log = False
        self.lost = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Yields the URL. uvicorn.Server is left out: it takes the signal handlers and sleeps 0.2 s at every stop."""
    config, state = uvicorn.Config(app, lifespan="off", log_config=None, proxy_headers=False), ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(config, state, {}), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in (connections := cast(set[_Connection], set(state.connections))):
            connection.transport.abort()
        await asyncio.gather(*(connection.lost.wait() for connection in connections), *state.tasks)
        await server.wait_closed()


def hang_up(request: Request, *, reset: bool = False) -> Response:
    """Close the connection without an answer; with `reset` as a crashed peer does it (RST)."""
    transport = cast(asyncio.Transport, request.state.transport)
    if reset:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    return Response()  # nobody reads it


async def hung_up(request: Request) -> None:
    """Returns when the caller has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
