"""A store with many people in it. It knows the columns of the tables, so that no other benchmark has to."""

import time

from sqlalchemy import text

from bot.store import Store
from bot.store.database import is_shared

SIZES = (1_000, 100_000, 1_000_000)
WAITING = 10_000  # people whose replies wait for them, and messages that are being answered by others


async def fill(store: Store, people: int, waiting: int = WAITING) -> None:
    """Conversations of the last weeks and the keys of the last days; beside them always as much that waits.

    What waits falls due when a bot starts on SQLite: fill nothing of it for one that shall run.
    """
    shared, now = is_shared(store.engine), time.time()
    everybody, some = _numbered(shared, people), _numbered(shared, waiting)
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
    statements.append(
        "INSERT INTO sent (channel, person, message_id, sent_at) "
        f"SELECT 'telegram', 'p' || n, n, {now} - n % 170000 FROM ({everybody}) AS s"
    )
    async with store.engine.begin() as connection:
        if shared:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in statements:
            await connection.execute(text(statement))
    if shared:
        async with store.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))


def _numbered(shared: bool, last: int) -> str:
    if shared:
        return f"SELECT n FROM generate_series(1, {last}) AS n"
    return f"WITH RECURSIVE s(n) AS (SELECT 1 WHERE 1 <= {last} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s"
