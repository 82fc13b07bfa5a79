"""How long what is kept about people is kept, and erasing it after that. What is promised in `utter_privacy` is held here."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import conversations, inbox

HOUR, DAY = 3600.0, 86400.0
TOPIC_LIFE, LANGUAGE_LIFE, KEY_LIFE = 24 * HOUR, 90 * DAY, 72 * HOUR


def remembered(slots: Mapping[str, Any], idle: float) -> dict[str, Any]:
    """What is left of the slots of somebody who has been silent for `idle` seconds."""
    if idle > LANGUAGE_LIFE:
        return {}
    return dict(slots) if idle <= TOPIC_LIFE else {name: slots[name] for name in ("language", "language_chosen") if name in slots}


async def sweep(connection: AsyncConnection, now: float) -> None:
    """Erase what has outlived its purpose: topics, languages, keys of old messages."""
    await connection.execute(delete(inbox).where(inbox.c.done_at < now - KEY_LIFE))
    await connection.execute(delete(conversations).where(conversations.c.updated_at < now - LANGUAGE_LIFE))
    for row in (await connection.execute(select(conversations).where(conversations.c.updated_at < now - TOPIC_LIFE))).mappings().all():
        kept = remembered(row["slots"], now - row["updated_at"])
        if kept != row["slots"]:
            same = and_(*(conversations.c[key] == row[key] for key in ("channel", "person", "updated_at")))
            await connection.execute(update(conversations).where(same).values(slots=kept))
