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
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import event, text

from bot.store import Store
from bot.store.database import engine_for, is_shared, migrate
from bot.types import Address, Conversation, Language, Message, Reply, Turn
from tests import postgres

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 200
WAITING = 10_000  # people whose replies wait for them, and messages that are being answered by others
T = TypeVar("T")
numbers = count(10**6)


def numbered(shared: bool, last: int) -> str:
    if shared:
        return f"SELECT n FROM generate_series(1, {last}) AS n"
    return f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s"


async def fill(store: Store, people: int) -> None:
    """Conversations of the last weeks and the keys of the last days; beside them always as much that waits."""
    shared, now = is_shared(store.engine), time.time()
    everybody, some = numbered(shared, people), numbered(shared, WAITING)
    slots = """'{"language": "uk", "language_chosen": true}'"""
    body = """'{"text": "hello", "payload": null, "hint": null, "original": "", "edited": false}'"""
    reply = """'{"text": "hello", "language": "pl", "buttons": [], "contact": null}'"""
    statements = [
        "INSERT INTO inbox (channel, message_id, received_at, due_at, attempt, done_at) "
        f"SELECT 'telegram', 'm' || n, {now} - n % 250000, {now}, 1, {now} - n % 250000 FROM ({everybody}) AS s",
        "INSERT INTO conversations (channel, person, slots, updated_at, erase_at) "
        f"SELECT 'telegram', 'p' || n, {slots}, {now} - n % 7000000, {now} + 1000 + n % 7000000 FROM ({everybody}) AS s",
        "INSERT INTO inbox (channel, message_id, person, body, received_at, due_at, attempt) "
        f"SELECT 'telegram', 'w' || n, 'w' || n / 3, {body}, {now}, {now} + 100000, 1 FROM ({some}) AS s",
        f"INSERT INTO outbox (channel, person, body, created_at, attempt) SELECT 'web', 'w' || n / 3, {reply}, {now}, 0 FROM ({some}) AS s",
    ]
    async with store.engine.begin() as connection:
        if shared:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in statements:
            await connection.execute(text(statement))
    if shared:
        async with store.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))


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


async def plans(store: Store) -> None:
    """What the database does for each statement that has to find something."""
    said: list[tuple[str, Any]] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(("SELECT pg_", "EXPLAIN", "PRAGMA")):
            said.append((statement, parameters))

    asks: dict[str, Callable[[], Awaitable[object]]] = {
        "claim a message": store.next_message,
        "claim a reply": store.next_reply,
        "claim a reply of somebody who is here": lambda: store.next_reply([Address("web", "w1"), Address("web", "w2")]),
        "when is the next message due": store.message_due_in,
        "when is the next reply due": store.reply_due_in,
        "sweep": store.sweep,
        "health": store.open_rows,
    }
    event.listen(store.engine.sync_engine, "before_cursor_execute", remember)
    for name, ask in asks.items():
        said.clear()
        await ask()
        for statement, parameters in list(said):
            print(f"    {name}: {' '.join(statement.split())[:70]} ...")
            async with store.engine.connect() as connection:
                explain = "EXPLAIN " if is_shared(store.engine) else "EXPLAIN QUERY PLAN "
                for row in await connection.exec_driver_sql(explain + statement, parameters):
                    print(f"      {row[-1]}")
    event.remove(store.engine.sync_engine, "before_cursor_execute", remember)


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
        await plans(stores[1])
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
