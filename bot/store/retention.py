"""How long what is kept about people is kept, and erasing it after that. What is promised in `utter_privacy` is held here."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import try_lock
from bot.store.sealing import Sealing
from bot.store.tables import conversations, inbox, sent
from bot.types import Address

HOUR, DAY = 3600.0, 86400.0
TOPIC_LIFE, LANGUAGE_LIFE, KEY_LIFE = 24 * HOUR, 90 * DAY, 72 * HOUR
SENT_LIFE = 48 * HOUR  # after that no platform takes anything back
AT_ONCE = 1000  # conversations in one transaction
_LONG_LIVED = ("language", "language_chosen")


def remembered(slots: Mapping[str, Any], idle: float) -> dict[str, Any]:
    """What is left of the slots of somebody who has been silent for `idle` seconds."""
    if idle > LANGUAGE_LIFE:
        return {}
    return dict(slots) if idle <= TOPIC_LIFE else {name: slots[name] for name in _LONG_LIVED if name in slots}


async def sweep(connection: AsyncConnection, sealing: Sealing, now: float) -> bool:
    """Erase what has outlived its purpose: topics, languages, keys of old messages, numbers of what was sent. True: there may be more."""
    if not await try_lock(connection, "sweep"):
        return False  # another replica does it
    await connection.execute(delete(inbox).where(inbox.c.done_at < now - KEY_LIFE))
    await connection.execute(delete(sent).where(sent.c.sent_at <= now - SENT_LIFE))
    outlived = conversations.c.erase_at < now
    await connection.execute(delete(conversations).where(outlived, conversations.c.updated_at < now - LANGUAGE_LIFE))
    rows = (await connection.execute(select(conversations).where(outlived).limit(AT_ONCE).with_for_update())).mappings().all()
    if rows:
        left = [
            {
                "of_channel": row["channel"],
                "of_person": row["person"],
                "slots": _without_what_outlived(sealing, row, now),
                # whoever was paused or written by an older version may have a topic that is not old yet
                "erase_at": row["updated_at"] + (LANGUAGE_LIFE if now - row["updated_at"] > TOPIC_LIFE else TOPIC_LIFE),
            }
            for row in rows
        ]
        same = (conversations.c.channel == bindparam("of_channel"), conversations.c.person == bindparam("of_person"))
        await connection.execute(update(conversations).where(*same).values(slots=bindparam("slots"), erase_at=bindparam("erase_at")), left)
    return len(rows) == AT_ONCE


def _without_what_outlived(sealing: Sealing, row: RowMapping, now: float) -> Any:
    address, slots = sealing.open(Address(row["channel"], row["person"]), row["slots"])
    return sealing.seal(address, remembered(slots, now - row["updated_at"]))


def erase_at(slots: Mapping[str, Any], now: float) -> float:
    """When something of what is remembered now has to be erased."""
    return now + (LANGUAGE_LIFE if set(slots) <= set(_LONG_LIVED) else TOPIC_LIFE)
