"""A reply may wait for its person without being due, and what is to be erased is found without reading the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN, DONE = sa.text("done_at IS NULL"), sa.text("done_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.alter_column("due_at", existing_type=sa.Float, nullable=True)
        outbox.drop_index("outbox_due")
        outbox.create_index("outbox_due", ["due_at", "id"])
    op.drop_index("inbox_due", "inbox")
    op.create_index("inbox_due", "inbox", ["due_at", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("inbox_done", "inbox", ["done_at"], sqlite_where=DONE, postgresql_where=DONE)
    op.add_column("conversations", sa.Column("erase_at", sa.Float, nullable=False, server_default="0"))
    op.create_index("conversations_erase", "conversations", ["erase_at"])
    op.drop_index("conversations_updated", "conversations")
