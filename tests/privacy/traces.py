"""Looking for what must not be kept: in every column of every table, in files and in text, in each form that words can take there."""

import json
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine


def forms_of(words: str) -> set[bytes]:
    """UTF-8, UTF-16, and JSON that is nothing but ASCII, in either case of its digits."""
    escaped = json.dumps(words)[1:-1]
    upper = "".join(f"\\u{part[:4].upper()}{part[4:]}" if number else part for number, part in enumerate(escaped.split("\\u")))
    return {words.encode(), words.encode("utf-16-le"), words.encode("utf-16-be"), escaped.encode(), upper.encode()}


def found(words: Iterable[str], within: bytes) -> list[str]:
    """Those of the words that stand there, in any form."""
    return [word for word in words if any(form in within for form in forms_of(word))]


def files_of(database: Path) -> bytes:
    """The database of SQLite as it lies on the disk, with its write-ahead log."""
    return b"\n".join(file.read_bytes() for file in sorted(database.parent.glob(f"{database.name}*")))


async def everything_in(engine: AsyncEngine) -> bytes:
    """Every column of every row of every table that the database has, known to the bot or not."""
    async with engine.connect() as connection:
        rows = await connection.run_sync(_rows)
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


def _rows(connection: Connection) -> list[tuple[object, ...]]:
    tables = inspect(connection).get_table_names()
    assert {"inbox", "outbox", "conversations"} <= set(tables)
    return [tuple(row) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
