"""Room for the ids that Meta gives to messages. SQLite knows no lengths."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("inbox", "message_id", type_=sa.String(255), existing_type=sa.String(128), existing_nullable=False)
