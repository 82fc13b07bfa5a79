"""Each test of the store runs on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store
from bot.store.database import engine_for, migrate
from tests.conftest import Clock


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"


@pytest.fixture
async def store(url: str, clock: Clock) -> AsyncIterator[Store]:
    store = Store(engine_for(url), clock)
    await migrate(store.engine)
    yield store
    await store.close()
