"""What the databases say they do for each statement of the store, and which of them read a whole table.

It looks at one message from its coming to its end, so it changes the store that it is given. What a plan takes in time it does not know.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, zip_longest
from typing import Any

from sqlalchemy import event

from bot.store import Store
from bot.store.database import is_shared
from bot.store.tables import DONE, metadata
from bot.types import Address, Conversation, Language, Message, Reply, Turn

# How many replies wait, and which of them wait for too long: asked once in a while, of a table that holds nothing else.
OF_ALL_REPLIES = ("health", "give up")
_TABLES = {*metadata.tables, "earlier"}  # an alias, as `store.queue` calls it
# An index of the open rows alone may be read from its beginning, in its order: what is done, and grows, is not in it.
_OF_OPEN = {
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["postgresql"]["where"] not in (None, DONE)
}
_SQLITE = re.compile(r"^(SCAN|SEARCH) (\w+)(?: AS \w+)?(?: USING (?:COVERING )?INDEX (\w+))?(.*)")
_POSTGRES = re.compile(r"(?:Seq Scan|(?:Index|Index Only|Bitmap Index) Scan(?: Backward)? using (\w+)) on (\w+)")
# As good as all of it: everything of one channel, or everything that is older.
_WIDE = re.compile(r"\((?:channel=|rowid<)\?\)$|^Index Cond: (?!.* AND )\(\(?channel\b|AUTOMATIC")
numbers = count(1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked, of which statement, and the lines in which the database says what it would do."""

    name: str
    statement: str
    lines: Sequence[str]

    @property
    def scans(self) -> list[str]:
        """Lines that read everything there is of a table."""
        known = self.name in OF_ALL_REPLIES and "FROM outbox" in self.statement
        return [] if known else [*whole_tables_in(self.lines)]

    def __str__(self) -> str:
        return "\n  ".join((f"{self.name}: {self.statement[:90]} ...", *self.lines))


def whole_tables_in(lines: Sequence[str]) -> Iterator[str]:
    sorted_first = any("TEMP B-TREE FOR ORDER BY" in line for line in lines)
    for line, following in zip_longest(map(str.strip, lines), map(str.strip, lines[1:]), fillvalue=""):
        if found := _SQLITE.match(line):
            how, table, index, condition = found.groups()
            narrow = how == "SEARCH" and not _WIDE.search(condition)
            in_order = index in _OF_OPEN and how == "SCAN" and not sorted_first
        elif found := _POSTGRES.search(line):
            index, table = found.groups()
            narrow = bool(index) and following.startswith("Index Cond:") and not _WIDE.search(following)
            in_order = index in _OF_OPEN and not following.startswith("Index Cond:")
        else:
            continue
        if table in _TABLES and not narrow and not in_order:
            yield line


async def plans(store: Store) -> list[Plan]:
    """Of everything that a message meets, and of what is done once in a while."""
    number = next(numbers)
    person = Address("telegram", f"plan{number}")
    said: list[tuple[str, Any]] = []
    found: list[Plan] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not statement.startswith(("SELECT pg_", "EXPLAIN", "PRAGMA", "BEGIN")):
            said.append((statement, parameters[0] if many else parameters))

    async def ask(name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        said.clear()
        answer = await work()
        for statement, parameters in list(said):
            found.append(Plan(name, " ".join(statement.split()), await _explained(store, statement, parameters)))
        return answer

    event.listen(store.engine.sync_engine, "before_cursor_execute", remember)
    try:
        await ask("receive a message", lambda: store.receive(Message(f"plan{number}", person, "hello")))
        job, *_rest = await ask("claim a message", store.next_message)
        turn = Turn(Conversation(person, {"language": "uk", "topic": "x"}), (Reply("hello", Language.PL),), "utter_x")
        await ask("finish a message", lambda: store.finish(job, turn, turn.replies))
        job, *_rest = await ask("claim a reply", store.next_reply)
        await ask("a reply is delivered", lambda: store.delivered(job))
        here = [Address("web", "w1"), Address("web", "w2")]
        await ask("claim a reply of somebody who is here", lambda: store.next_reply(here))
        await ask("who has waited long", lambda: store.long_waiting(60.0))
        await ask("receive a call for help", lambda: store.receive(Message(f"help{number}", person, "112"), urgent=True))
        job, *_rest = await ask("claim a call for help", store.next_message)
        await ask("when is the next message due", store.message_due_in)
        await ask("when is the next reply due", store.reply_due_in)
        await ask("pause for a consultant", lambda: store.pause(person, 1.0))
        await ask("withdraw", lambda: store.withdraw(person, f"plan{number}"))
        await ask("forget", lambda: store.forget(person))
        await ask("give up", lambda: store.give_up(86400.0))
        await ask("sweep", store.sweep)
        await ask("health", store.open_rows)
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", remember)
    return found


async def _explained(store: Store, statement: str, parameters: Any) -> list[str]:
    explain = "EXPLAIN " if is_shared(store.engine) else "EXPLAIN QUERY PLAN "
    async with store.engine.connect() as connection:
        return [str(row[-1]) for row in await connection.exec_driver_sql(explain + statement, parameters)]
