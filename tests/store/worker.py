"""A replica as a process of its own, for `test_replicas`: it answers what it can until it is killed.

Its clock goes faster than others, so that nobody has to wait a minute for the lease of one that was killed.
"""

import asyncio
import sys
import time

from bot.store import Job, Store
from bot.store.database import engine_for
from bot.types import Conversation, Language, Message, Reply, Turn

FASTER = 20.0


def fast() -> float:
    return time.time() * FASTER


def answered(message: Message, conversation: Conversation) -> Turn:
    """What is remembered after it: every message of this person so far. One that was lost, doubled or out of order shows there."""
    seen = [*conversation.slots.get("language", ()), message.text]  # this slot lives for longest
    return Turn(Conversation(conversation.address, {"language": seen}), (Reply(message.text, Language.PL),), "utter_echo")


async def answer(store: Store, job: Job, message: Message, conversation: Conversation) -> bool:
    turn = answered(message, conversation)
    return await store.finish(job, turn, turn.replies)


async def work(store: Store) -> None:
    while True:
        if claimed := await store.next_message():
            await answer(store, *claimed)
        else:
            await asyncio.sleep(0.02)


async def main(url: str) -> None:
    store = Store(engine_for(url), fast)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(work(store))
        print("working", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
