"""The bot as a real process, and what it needs to know about a fake platform. Shared by tests and by `benchmarks.faults`."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.settings import ROOT
from tests.fakes.graph import FakeGraph
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.viber import FakeViber

# What each message is answered with: how its first reply begins, in Polish.
SCRIPT = {
    "mąż mnie bije, ma nóż": "Zadzwoń teraz: 112",  # first: a call for help passes what was said before it
    "/start": "Dzień dobry.",
    "szef nie zapłacił mi za wrzesień": "Oto, co warto",
    "/contact": "Oto, jak się",
    "/privacy": "Oto, co dzieje",
}
PRODUCT = ("bot", "run")
_LISTENS = re.compile(rb'"event": "running"|\] running ')  # in either style of the log
_NOT_OURS = ("BOT_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Ended(Exception):
    """The process ended before it listened. The text is the last line that it wrote."""

    def __init__(self, last: str, status: int) -> None:
        super().__init__(last)
        self.status = status


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment_in(folder: Path, data_dir: Path) -> dict[str, str]:
    """For a bot whose data lie in `folder`, with the trained model of `data_dir` and a free port."""
    (folder / "models").symlink_to((data_dir / "models").absolute())
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(_NOT_OURS)}
    return {**clean, "BOT_DATA_DIR": str(folder), "BOT_PORT": str(port), "BOT_LOG": "json", "LANGUAGE": "en"}


def web_address(environment: Mapping[str, str]) -> str:
    return f"http://127.0.0.1:{environment['BOT_PORT']}"


def telegram_settings(fake: FakeTelegram, way: str, environment: Mapping[str, str]) -> dict[str, str]:
    settings = {"BOT_TELEGRAM_TOKEN": fake.token, "BOT_TELEGRAM_API_URL": fake.url}
    if way == "webhook":
        settings |= {"BOT_TELEGRAM_WEBHOOK_URL": web_address(environment), "BOT_TELEGRAM_SECRET": "s3cret"}
    return {**environment, **settings}


def messenger_settings(graph: FakeGraph, environment: Mapping[str, str]) -> dict[str, str]:
    return {
        **environment,
        "BOT_MESSENGER_PAGE_TOKEN": graph.access_token,
        "BOT_MESSENGER_APP_SECRET": graph.app_secret,
        "BOT_MESSENGER_VERIFY_TOKEN": "word",
        "BOT_MESSENGER_PAGE_ID": graph.page_id,
        "BOT_MESSENGER_GRAPH_URL": graph.url,
    }


def viber_settings(fake: FakeViber, environment: Mapping[str, str]) -> dict[str, str]:
    return {
        **environment,
        "BOT_VIBER_TOKEN": fake.token,
        "BOT_VIBER_API_URL": fake.url,
        "BOT_VIBER_WEBHOOK_URL": "https://bot.example.org",
    }


@asynccontextmanager
async def running(
    environment: Mapping[str, str], log: Path, command: tuple[str, ...] = PRODUCT, start_within: float = 180.0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot, from the moment it says where it listens; Ended if it never does. Killed at the end, if it has not ended by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, env=dict(environment), stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stderr
    copying = None
    line = last = b""
    try:
        async with asyncio.timeout(start_within):
            while not _LISTENS.search(line):
                if not (line := await process.stderr.readline()):
                    raise Ended(last.decode(errors="replace").strip(), await process.wait())
                _append(log, last := line)
        copying = asyncio.create_task(_copy(process.stderr, log))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if copying:
            await copying


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
