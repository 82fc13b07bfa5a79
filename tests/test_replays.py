"""Somebody who recorded a delivery and sends it again, signature and all, after it was answered."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.channels import CHANNELS
from bot.service import Service
from bot.store import Store
from bot.store.database import engine_for, migrate
from bot.store.tables import inbox, outbox
from bot.types import Conversation, Language, Message, Reply, Turn
from tests.channels.kits import KITS, Kit, within


async def answer(message: Message, conversation: Conversation) -> Turn:
    return Turn(conversation, (Reply("Dzień dobry", Language.PL),), "utter_greet")


class Bot:
    """A channel before a real store. It works when it is told to."""

    def __init__(self, kit: Kit, store: Store) -> None:
        self.kit, self.store = kit, store
        self.service = Service(
            store,
            answer,
            lambda conversation: Turn(conversation, (), "utter_apology"),
            lambda message, conversation: Reply("", Language.PL),
            {kit.channel.name: kit.channel},
            1,
        )
        self.client = within(kit.channel, self.service.mailbox)

    async def post(self, delivery: Any) -> httpx.Response:
        request = self.kit.client.build_request("POST", self.kit.path, json=delivery if not isinstance(delivery, bytes) else None)
        body = delivery if isinstance(delivery, bytes) else request.content
        headers = dict(self.kit.signed(body))
        if "Cookie" in headers:  # over https it has another name
            headers["Cookie"] = headers["Cookie"].replace("chat=", "__Host-chat=")
        return await self.client.post(self.kit.path, content=body, headers=headers)

    async def work(self) -> int:
        """Answer and deliver all there is; how many replies went out."""
        sent = 0
        while answering := await self.service._claim_message():
            await answering()
        while delivering := await self.service._claim_reply():
            await delivering()
            sent += 1
        return sent


@pytest.fixture(params=sorted(CHANNELS))
async def bot(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bot]:
    store = Store(engine_for(f"sqlite+aiosqlite:///{tmp_path}/bot.sqlite3"))
    await migrate(store.engine)
    async with KITS[request.param]() as kit:
        made = Bot(kit, store)
        async with made.client:
            yield made
    await store.close()


async def rows(store: Store) -> tuple[int, int]:
    async with store.engine.connect() as connection:
        counts = [(await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in (inbox, outbox)]
    return counts[0], counts[1]


@pytest.mark.parametrize("kind", ["said", "pressed"])
async def test_a_delivery_that_was_answered_is_confirmed_again_and_changes_nothing(bot: Bot, kind: str) -> None:
    delivery = bot.kit.says("szef nie płaci") if kind == "said" else bot.kit.presses("/fair_work/unpaid_wages")
    first = await bot.post(delivery)
    assert first.is_success
    assert await bot.work() == 1
    before = await rows(bot.store)
    for _ in range(3):
        again = await bot.post(delivery)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert await bot.work() == 0
    assert await rows(bot.store) == before == (1, 0)


async def test_a_delivery_signed_for_another_body_is_refused(bot: Bot) -> None:
    signed = bot.kit.signed(b'{"old": 1}')
    if bot.kit.channel.name in ("telegram", "web"):  # who sends, not what is sent, is proved there
        return
    response = await bot.client.post(bot.kit.path, content=b'{"new": 1}', headers=signed)
    assert response.status_code == 403
    assert await rows(bot.store) == (0, 0)
