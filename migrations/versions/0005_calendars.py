"""Calendars: secret addresses for those that send no credentials."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NAME = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "calendar_address",
        sa.Column("id", NAME, nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("places", sa.JSON(), nullable=True),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_address")),
    )
    op.create_index(op.f("ix_calendar_address_made_by"), "calendar_address", ["made_by"])
    op.create_index(op.f("ix_calendar_address_digest"), "calendar_address", ["digest"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_calendar_address_digest"), "calendar_address")
    op.drop_index(op.f("ix_calendar_address_made_by"), "calendar_address")
    op.drop_table("calendar_address")
