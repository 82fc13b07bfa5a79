"""What stands in a chat is known by its numbers for two days, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent",
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("person", sa.String(128), primary_key=True),
        sa.Column("message_id", sa.String(255), primary_key=True),
        sa.Column("sent_at", sa.Float, nullable=False),
    )
    op.create_index("sent_age", "sent", ["sent_at"])
