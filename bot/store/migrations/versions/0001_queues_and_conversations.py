"""Inbox, outbox and conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN = sa.text("done_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(128), nullable=False),
        sa.Column("person", sa.String(128)),
        sa.Column("body", sa.JSON(none_as_null=True)),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("done_at", sa.Float),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_once", "inbox", ["channel", "message_id"], unique=True)
    op.create_index("inbox_open", "inbox", ["channel", "person", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("inbox_due", "inbox", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_person", "outbox", ["channel", "person", "id"])
    op.create_index("outbox_due", "outbox", ["due_at"])
    op.create_table(
        "conversations",
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("person", sa.String(128), primary_key=True),
        sa.Column("slots", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("paused_until", sa.Float),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_index("conversations_updated", "conversations", ["updated_at"])


def downgrade() -> None:
    for table in ("conversations", "outbox", "inbox"):
        op.drop_table(table)
