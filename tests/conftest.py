"""What all tests share: a clock that stands still, and the real model, trained once."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from bot import content, nlu, telemetry
from bot.settings import ROOT
from bot.types import Understanding


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
