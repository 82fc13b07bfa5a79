"""Four tables. Three columns make a queue of two of them: `due_at`, `attempt`, and for the inbox `done_at`.

Times are seconds since 1970. A done message keeps neither text nor person, only the key that makes a repeat harmless.
A reply without `due_at` waits for its person to connect. What is urgent passes everything else of its person.
"""

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, String, Table, false, text

LONGEST_KEY = 255  # of a message
ERASED = {"body": None, "person": None, "urgent": False}  # of a done message
OPEN, DONE = text("done_at IS NULL"), text("done_at IS NOT NULL")

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("message_id", String(LONGEST_KEY), nullable=False),
    Column("person", String(128)),
    Column("body", JSON(none_as_null=True)),
    Column("received_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("done_at", Float),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Column("told", Boolean, nullable=False, server_default=false()),  # that the answer is coming
    Index("inbox_once", "channel", "message_id", unique=True),
    Index("inbox_open", "channel", "person", "id", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("inbox_due", "due_at", "id", sqlite_where=OPEN, postgresql_where=OPEN),
    Index(
        "inbox_urgent",
        "channel",
        "person",
        sqlite_where=text("urgent = 1 AND done_at IS NULL"),
        postgresql_where=text("urgent AND done_at IS NULL"),
    ),
    Index(
        "inbox_untold",
        "received_at",
        "id",
        sqlite_where=text("told = 0 AND done_at IS NULL"),
        postgresql_where=text("NOT told AND done_at IS NULL"),
    ),
    Index("inbox_done", "done_at", sqlite_where=DONE, postgresql_where=DONE),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("person", String(128), nullable=False),
    Column("body", JSON(none_as_null=True), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("due_at", Float),
    Column("attempt", Integer, nullable=False, default=0),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Index("outbox_person", "channel", "person", "id"),
    Index("outbox_due", "due_at", "id"),
    Index("outbox_urgent", "channel", "person", sqlite_where=text("urgent = 1"), postgresql_where=text("urgent")),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("person", String(128), primary_key=True),
    Column("slots", JSON(none_as_null=True), nullable=False),
    Column("paused_until", Float),
    Column("updated_at", Float, nullable=False),
    Column("erase_at", Float, nullable=False, server_default="0"),
    Index("conversations_erase", "erase_at"),
)

sent = Table(
    "sent",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("person", String(128), primary_key=True),
    Column("message_id", String(LONGEST_KEY), primary_key=True),
    Column("sent_at", Float, nullable=False),
    Index("sent_age", "sent_at"),
)
