"""What replicas tell each other: that a message came, and for whom there is a reply. PostgreSQL's LISTEN and NOTIFY.

A notice is a hint and may be lost: whoever waits for one looks by itself every now and then. It never carries what was written.
"""

import asyncio
import json
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import StoreDown
from bot.store.standing import RECONNECT, Standing, standing
from bot.types import Address

MESSAGES, REPLIES = "bot_messages", "bot_replies"


class Notices:
    """Told by this replica, outside of the transactions of the store: a commit with a notice in it would wait for all others."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._untold: dict[tuple[str, str], None] = {}  # in their order, each once
        self._news = asyncio.Event()
        self.connected = asyncio.Event()

    def message_came(self) -> None:
        self._tell(MESSAGES, "")

    def reply_came(self, address: Address | None) -> None:
        """With an address: only whoever reaches this person can deliver it. Else nobody needs to know whose it is."""
        self._tell(REPLIES, json.dumps([address.channel, address.person]) if address else "")

    async def run(self, message_came: Callable[[], None], reply_came: Callable[[Address | None], None], missed: Callable[[], None]) -> None:
        """Until cancelled. The first two are called for everything that other replicas tell, `missed` after each pause in listening."""
        while True:
            try:
                async with standing(self._engine) as line:
                    await self._listen(line, message_came, reply_came)
                    missed()  # what was told before that is told no more
                    self.connected.set()
                    while True:
                        await line.until(self._news)
                        await self._say(line)
            except StoreDown:  # the store itself says so, and louder
                self.connected.clear()
                await asyncio.sleep(RECONNECT)

    async def _listen(self, line: Standing, message_came: Callable[[], None], reply_came: Callable[[Address | None], None]) -> None:
        own = line.driver.get_server_pid()

        def hear(_connection: object, teller: int, topic: str, text: str) -> None:
            if teller == own:
                return
            if topic == MESSAGES:
                message_came()
            else:
                reply_came(Address(*json.loads(text)) if text else None)

        for topic in (MESSAGES, REPLIES):
            await line.listen(topic, hear)

    async def _say(self, line: Standing) -> None:
        self._news.clear()
        while self._untold:
            topic, text = next(iter(self._untold))
            await line.execute("SELECT pg_notify($1, $2)", topic, text)
            self._untold.pop((topic, text), None)

    def _tell(self, topic: str, text: str) -> None:
        self._untold[topic, text] = None
        self._news.set()
