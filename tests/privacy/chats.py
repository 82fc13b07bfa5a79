"""A chat through the real Store and the real Dialogue, whose understanding is said in advance and whose time is the test's."""

from datetime import datetime
from itertools import count
from typing import Any

from bot import content
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.i18n import WARSAW
from bot.store import Store
from bot.types import Address, Conversation, Language, Message, Understanding
from tests.conftest import Clock

OLENA, AHMED = Address("telegram", "98765432101"), Address("messenger", "98765432102")


class Chats:
    def __init__(self, store: Store, clock: Clock, found: content.Content) -> None:
        self.store, self._clock = store, clock
        self._understood = Understanding("greet", 1.0)
        act, actions = executor()
        self.dialogue = Dialogue(found, self._understand, act, actions, lambda: datetime.fromtimestamp(clock(), WARSAW))
        self._numbers = count(6543210001)

    async def _understand(self, _text: str) -> Understanding:
        return self._understood

    async def say(self, text: str, sender: Address = OLENA, hint: Language | None = None, **understood: Any) -> str:
        """What is read as the answer, once it was delivered."""
        defaults: dict[str, Any] = {"intent": "greet", "confidence": 1.0, "language": "pl", "language_confidence": 1.0}
        self._understood = Understanding(**defaults | understood)
        number = str(next(self._numbers))
        assert await self.store.receive(Message(f"1:{number}", sender, text, None, hint, original=number))
        await self.answer()
        return await self.delivered()

    async def answer(self) -> None:
        claimed = await self.store.next_message()
        assert claimed
        job, message, conversation = claimed
        turn = await self.dialogue.answer(message, conversation)
        assert await self.store.finish(job, turn, turn.replies)

    async def delivered(self) -> str:
        read = []
        while delivery := await self.store.next_reply():
            read.append(delivery[2].text)
            await self.store.delivered(delivery[0])
        return "\n\n".join(read)

    async def remembered(self, sender: Address = OLENA) -> Conversation:
        """As the next message of this person will find it. That message is forgotten again, unanswered."""
        await self.store.receive(Message(f"2:{next(self._numbers)}", sender, "?"))
        claimed = await self.store.next_message()
        assert claimed
        await self.store.withdraw(sender, claimed[1].id)
        return claimed[2]
