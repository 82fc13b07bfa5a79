from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import content
from bot.store import Store
from bot.store.database import engine_for, migrate
from tests.conftest import Clock
from tests.privacy.chats import Chats


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"


@pytest.fixture
async def chats(database: str, clock: Clock, own_content: content.Content) -> AsyncIterator[Chats]:
    store = Store(engine_for(database), clock)
    await migrate(store.engine)
    yield Chats(store, clock, own_content)
    await store.close()
