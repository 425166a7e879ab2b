"""Errata, and what was entered by mistake and voided."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NAME = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "erratum",
        sa.Column("id", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("citation", sa.JSON(), nullable=True),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_erratum_place_place"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_erratum_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erratum")),
    )
    with op.batch_alter_table("erratum", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_erratum_ref_recorded_at"), ["ref", "recorded_at"], unique=False
        )

    op.create_table(
        "voiding",
        sa.Column("id", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_by", sa.String(100), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_import", sa.String(40), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_voiding_place_place"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_voiding_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voiding")),
    )
    with op.batch_alter_table("voiding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_voiding_ref"), ["ref"], unique=False)
        batch_op.create_index(
            "uq_voiding_lasting",
            ["ref"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("voiding", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_voiding_lasting",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_voiding_ref"))

    op.drop_table("voiding")
    with op.batch_alter_table("erratum", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_erratum_ref_recorded_at"))

    op.drop_table("erratum")
