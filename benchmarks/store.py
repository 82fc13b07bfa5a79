"""How long the store takes with a thousand, a hundred thousand and a million people in it, on both databases in one run.

    python -m benchmarks.store             some minutes; PostgreSQL comes from the package of the tests, synced to the disk as it should be
    python -m benchmarks.store --plans     also what the databases say they do

It asserts nothing. Run it when the machine has nothing else to do. The times must not grow with the number of people: compare the ratios.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from itertools import count
from typing import TypeVar

from benchmarks.filled import SIZES, WAITING, fill
from benchmarks.plans import plans
from bot.store import Store
from bot.store.database import engine_for, migrate
from bot.types import Address, Conversation, Language, Message, Reply, Turn
from tests import postgres

ROUNDS = 200
T = TypeVar("T")
numbers = count(10**6)


class Times:
    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}

    async def take(self, name: str, work: Awaitable[T]) -> T:
        started = time.perf_counter()
        result = await work
        self.of.setdefault(name, []).append(1000 * (time.perf_counter() - started))
        return result


async def one_message(store: Store, times: Times) -> None:
    number = next(numbers)
    person = Address("telegram", f"p{number % 900}")
    await times.take("receive", store.receive(Message(f"b{number}", person, "hello")))
    claimed = await times.take("claim", store.next_message())
    assert claimed
    turn = Turn(Conversation(person, {"language": "uk", "topic": "x"}), (Reply("hello", Language.PL),), "utter_x")
    await times.take("finish", store.finish(claimed[0], turn, turn.replies))
    delivery = await times.take("claim reply", store.next_reply())
    assert delivery
    await times.take("delivered", store.delivered(delivery[0]))
    await times.take("nothing due", store.next_message())
    await times.take("due in", store.message_due_in())
    await times.take("web reply", store.next_reply([Address("web", f"w{WAITING + number}")]))


async def forget_somebody(store: Store, times: Times) -> None:
    """From the wish to the moment when nothing is left but the answer to it."""
    number = next(numbers)
    person = Address("telegram", f"p{number % 900}")

    async def whole() -> None:
        await store.receive(Message(f"f{number}", person, "/forget"))
        claimed = await store.next_message()
        assert claimed
        reply = Reply("done", Language.PL)
        assert await store.finish(claimed[0], Turn(Conversation(person), (reply,), "action_forget", forget=True), [reply])

    await times.take("forget", whole())
    delivery = await store.next_reply()
    assert delivery
    await store.delivered(delivery[0])


async def measure(stores: list[Store]) -> list[dict[str, float]]:
    """In turn, so that all of them meet the same moments of the machine."""
    times = [Times() for _ in stores]
    for number in range(ROUNDS):
        for store, taken in zip(stores, times, strict=True):
            await one_message(store, taken)
            if number % 20 == 0:
                await forget_somebody(store, taken)
                await taken.take("health", store.open_rows())
                await taken.take("sweep", store.sweep())
    return [{name: statistics.median(values) for name, values in taken.of.items()} for taken in times]


async def run(kind: str, urls: list[str]) -> None:
    stores = [Store(engine_for(url)) for url in urls]
    for store, size in zip(stores, SIZES, strict=True):
        await migrate(store.engine)
        await fill(store, size)
    await measure(stores)  # warm
    figures = await measure(stores)
    print(f"{kind:<16}" + "".join(f"{size:>18,}" for size in SIZES))
    for what, first in figures[0].items():
        print(f"  {what:<14}" + "".join(f"{found[what]:>11.2f} ({found[what] / first:.1f})" for found in figures))
    if "--plans" in sys.argv:
        print(*await plans(stores[1]), sep="\n")
    for store in stores:
        await store.close()


async def main() -> None:
    print(f"people in the database; median milliseconds of {ROUNDS}, in brackets how many times as long as with the fewest")
    with tempfile.TemporaryDirectory() as directory:
        await run("sqlite", [f"sqlite+aiosqlite:///{directory}/{size}.sqlite3" for size in SIZES])
    with postgres.server(durable=True) as server:
        async with server.new() as one, server.new() as two, server.new() as three:
            await run("postgresql", [one, two, three])


if __name__ == "__main__":
    asyncio.run(main())
