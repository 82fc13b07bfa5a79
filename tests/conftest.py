"""What all tests share: a clock that stands still, and the real model, trained once, and a real PostgreSQL."""

import io
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from bot import content, nlu, telemetry
from bot.settings import ROOT
from bot.types import Understanding
from tests import postgres, running
from tests.postgres import Postgres


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class Records:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.fields: dict[str, dict[str, object]] = {}

    def info(self, event: str, **fields: object) -> None:
        self.events.append(event)
        self.fields[event] = fields

    warning = error = info


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Where the trained model is kept between runs, under the hash of its examples."""
    directory = ROOT / ".bot"
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture(scope="session")
def own_content() -> content.Content:
    return content.read(ROOT)


@pytest.fixture(scope="session")
def read(own_content: content.Content, data_dir: Path) -> Callable[[str], Understanding]:
    """The real understanding, as the bot has it."""
    return nlu.reader(own_content.examples, data_dir)


@pytest.fixture
def heard(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Everything that the process writes, its log at the most talkative level."""
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    telemetry.configure("json", level="DEBUG")
    (handler,) = cast(list[logging.StreamHandler[Any]], logging.getLogger().handlers)
    handler.setStream(log := io.StringIO())  # pytest changes the standard error between this fixture and its test
    yield lambda: log.getvalue() + "".join(capfd.readouterr())
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(level)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres.server() as running:
        yield running


@pytest.fixture
async def postgres_url(postgres_server: Postgres) -> AsyncIterator[str]:
    """A database without rows on a real PostgreSQL."""
    async with postgres_server.empty() as url:
        yield url


@pytest.fixture
def environment(tmp_path: Path, data_dir: Path, own_content: content.Content) -> dict[str, str]:
    nlu.reader(own_content.examples, data_dir)  # the model is there before the process starts
    (tmp_path / "models").symlink_to(data_dir / "models")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    return {**clean, "BOT_DATA_DIR": str(tmp_path), "BOT_PORT": str(running.free_port()), "BOT_LOG": "json", "LANGUAGE": "en"}
