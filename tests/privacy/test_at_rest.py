"""Nothing that a person wrote is anywhere once it is answered: the real process, its database, files, log, metrics and last words."""

import asyncio
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import pytest

from bot.store import Store
from bot.store.database import engine_for, migrate
from bot.types import Address, Message
from tests.privacy.everybody import CRASHES, FAILS, PHONE, Platforms, everybody_writes, platforms
from tests.privacy.traces import everything_in, files_of, forms_of, found
from tests.privacy.troubled import COMMAND
from tests.running import running

LATIN, CYRILLIC = "kanarek7f3a", "канарка7f3a"


class Canaries:
    """Each text gets a word of its own, in turn of Latin and of Cyrillic letters."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers = count(10)

    def __call__(self, text: str) -> str:
        number = next(self._numbers)
        self.words.append(f"{(LATIN, CYRILLIC)[number % 2]}{number}x")
        return self.words[-1] if text == "x" else f"{text} {self.words[-1]}"


async def kept_by(url: str, folder: Path) -> bytes:
    engine = engine_for(url)
    try:
        rows = await everything_in(engine)
    finally:
        await engine.dispose()
    return rows + files_of(folder / "bot.sqlite3")


@pytest.mark.parametrize("words", ["kanarek", "канарка", 'he said "канарка"'])
async def test_what_waits_for_its_answer_would_be_found_in_whatever_letters(words: str, database: str, tmp_path: Path) -> None:
    store = Store(engine_for(database))
    await migrate(store.engine)
    await store.receive(Message("1", Address("telegram", "1"), f"… {words} …"))
    assert found([words], await everything_in(store.engine)) == [words]
    assert found([words], files_of(tmp_path / "bot.sqlite3")) == ([words] if database.startswith("sqlite") else [])
    await store.close()
    assert len(forms_of(words)) >= 3


@pytest.mark.parametrize(
    ("way", "style", "database"), [("webhook", "json", "sqlite"), ("polling", "text", "postgresql")], indirect=["database"]
)
async def test_nothing_that_anybody_wrote_is_left_once_it_is_answered(
    way: str, style: str, database: str, environment: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log, canaries = tmp_path / "log", Canaries()
    environment |= {"BOT_LOG": style, "BOT_DATABASE_URL": database}
    async with platforms(environment, way) as there, running(there.environment, log, COMMAND) as process:
        await everybody_writes(there, canaries)
        assert len(canaries.words) > 30
        async with httpx.AsyncClient(base_url=there.url, trust_env=False) as client:
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    while found([*canaries.words, PHONE], await kept_by(database, tmp_path)):  # until the log of SQLite is swept
                        await client.get("/health")
            assert found([*canaries.words, PHONE], await kept_by(database, tmp_path)) == []
            metrics = (await client.get("/metrics")).content
        crash(there, canaries)
        assert await process.wait() == 1
    written = log.read_bytes()
    assert found([*canaries.words, PHONE, FAILS, CRASHES], written + metrics + "".join(capfd.readouterr()).encode()) == []
    for said in (b"answer.failed", b"RuntimeError at", b"privacy/troubled.py", b"ValueError at"):
        assert said in written
    assert b"bot_failures_total" in metrics
    assert not any((there.telegram.refusals, there.graph.refusals, there.viber.refusals))


def crash(there: Platforms, canaries: Canaries) -> None:
    there.telegram.say(there.telegram.person(98765432109), canaries(CRASHES))
