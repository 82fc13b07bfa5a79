"""A call for help passes the rest of its person; somebody who waits is told so once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

URGENT_SQLITE, URGENT_POSTGRESQL = "urgent = 1", "urgent"
OPEN = " AND done_at IS NULL"


def upgrade() -> None:
    for table, also in (("inbox", OPEN), ("outbox", "")):
        op.add_column(table, sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
        op.create_index(
            f"{table}_urgent",
            table,
            ["channel", "person"],
            sqlite_where=sa.text(URGENT_SQLITE + also),
            postgresql_where=sa.text(URGENT_POSTGRESQL + also),
        )
    op.add_column("inbox", sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index(
        "inbox_untold",
        "inbox",
        ["received_at", "id"],
        sqlite_where=sa.text("told = 0" + OPEN),
        postgresql_where=sa.text("NOT told" + OPEN),
    )
