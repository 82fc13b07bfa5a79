"""The bot as a process of its own, as an operator starts it, and what people say to it there."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.settings import ROOT
from tests.fakes.telegram import FakeTelegram, Person

# What each message is answered with: how its first reply begins, in Polish.
SCRIPT = {
    "/start": "Dzień dobry.",
    "szef nie zapłacił mi za wrzesień": "Oto, co warto",
    "/contact": "Oto, jak się",
    "/privacy": "Oto, co dzieje",
    "mąż mnie bije, ma nóż": "Zadzwoń teraz: 112",
}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def running(environment: dict[str, str], log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot, from the moment it says where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env=environment, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stderr
    try:
        async with asyncio.timeout(180), asyncio.TaskGroup() as tasks:
            while b'"event": "running"' not in (line := await process.stderr.readline()):
                assert line, log.read_text()
                _append(log, line)
            copying = tasks.create_task(_copy(process.stderr, log))
            yield process
            copying.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _copy(stream: asyncio.StreamReader, log: Path) -> None:
    while line := await stream.readline():
        _append(log, line)


def _append(log: Path, line: bytes) -> None:
    with log.open("ab") as file:
        file.write(line)


def answers(fake: FakeTelegram, person: Person) -> list[str]:
    """The first line of every reply that begins an answer of the script, in the order it came."""
    beginnings = tuple(SCRIPT.values())
    return [b for sent in fake.sent(person) if sent.text for b in beginnings if sent.text.startswith(b)]
