"""What slow callers cost: memory of the web server, and how long others wait meanwhile. Linux only.

    python benchmarks/slow.py [--callers 200] [--bytes 500000]

Each caller announces a megabyte to the webhook of Viber, sends some of it and stops. The server is in a process of its own, made as
`bot run` makes it, without the model.
"""

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

HEAD = b"POST /viber HTTP/1.1\r\nHost: x\r\nX-Viber-Content-Signature: 0\r\nContent-Length: 1000000\r\n\r\n"
ASKED = 50


async def serve() -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from bot.channels.viber import Viber
    from bot.webserver import config_for
    from tests.fakes.mailbox import Mailbox

    async def quick(_request: object) -> PlainTextResponse:
        return PlainTextResponse("quick")

    routes = [*Viber("token", "http://127.0.0.1:1", "https://bot.example.org").routes(Mailbox()), Route("/", quick)]
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        print(listening.getsockname()[1], flush=True)
        await uvicorn.Server(config_for(Starlette(routes=routes))).serve([listening])


def megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError


async def asked(port: int) -> float:
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:40]
    return 1000 * (time.perf_counter() - began)


async def attack(pid: int, port: int, callers: int, size: int) -> None:
    alone = [await asked(port) for _ in range(ASKED)]
    before = megabytes(pid)
    slow = []
    for _ in range(callers):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"x" * size)
        slow.append(writer)
    waits, most = [], before
    for _ in range(ASKED):
        waits.append(await asked(port))
        most = max(most, megabytes(pid))
    each = 1024 * (most - before) / callers
    print(f"{callers} callers, {size} bytes each: {before:.0f} MB before, {most:.0f} MB at most ({each:.0f} KB a caller)")
    print(f"others wait {statistics.median(alone):.1f} ms alone, {statistics.median(waits):.1f} ms meanwhile, {max(waits):.1f} ms at most")
    for writer in slow:
        writer.transport.abort()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=500_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            asyncio.run(attack(server.pid, int(server.stdout.readline()), given.callers, given.bytes))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
