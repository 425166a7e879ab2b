"""Accountability: actions, successions, contributors' own progress, bank holidays."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NAME = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "bank_holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_bank_holiday")),
    )
    op.create_table(
        "action",
        sa.Column("id", NAME, nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("place", NAME, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "in_progress",
                "done",
                "cancelled",
                name="action_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("owner", NAME, nullable=True),
        sa.Column("organisation", NAME, nullable=True),
        sa.Column("contributors", sa.JSON(), nullable=False),
        sa.Column("due_on", sa.String(40), nullable=True),
        sa.Column("due_earliest", sa.Date(), nullable=True),
        sa.Column("due_latest", sa.Date(), nullable=True),
        sa.Column("original_due_on", sa.String(40), nullable=True),
        sa.Column("original_due_latest", sa.Date(), nullable=True),
        sa.Column("times_moved", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["party.slug"],
            name=op.f("fk_action_organisation_party"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner"], ["party.slug"], name=op.f("fk_action_owner_party"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_action_place_place"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action")),
        sa.UniqueConstraint("key", name=op.f("uq_action_key")),
    )
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_action_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_action_owner"), ["owner"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_action_place_created_at"), ["place", "created_at"], unique=False
        )

    op.create_table(
        "succession",
        sa.Column("predecessor", NAME, nullable=False),
        sa.Column("successor", NAME, nullable=False),
        sa.Column("took_place", sa.String(40), nullable=True),
        sa.Column("took_place_earliest", sa.Date(), nullable=True),
        sa.Column("took_place_latest", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["predecessor"],
            ["party.slug"],
            name=op.f("fk_succession_predecessor_party"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["successor"],
            ["party.slug"],
            name=op.f("fk_succession_successor_party"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("predecessor", "successor", name=op.f("pk_succession")),
    )
    with op.batch_alter_table("succession", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_succession_successor"), ["successor"], unique=False)

    op.create_table(
        "action_note",
        sa.Column("id", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(100), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["action"],
            ["action.id"],
            name=op.f("fk_action_note_action_action"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_action_note_place_place"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_note")),
    )
    with op.batch_alter_table("action_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_note_action"), ["action"], unique=False)

    op.create_table(
        "action_serves",
        sa.Column("action", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["action"],
            ["action.id"],
            name=op.f("fk_action_serves_action_action"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_action_serves_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("action", "ref", name=op.f("pk_action_serves")),
    )
    with op.batch_alter_table("action_serves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_serves_ref"), ["ref"], unique=False)

    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "progress",
                sa.Enum(
                    "not_started",
                    "under_way",
                    "done",
                    name="progress",
                    native_enum=False,
                    create_constraint=True,
                    length=40,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("progress_note", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("progress_by", sa.String(100), nullable=True))
        batch_op.add_column(sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.add_column(sa.Column("action", NAME, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_evidence_action_action"),
            "action",
            ["action"],
            ["id"],
            ondelete="RESTRICT",
        )

    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link", NAME, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_move_link_link"), "link", ["link"], ["id"], ondelete="RESTRICT"
        )

    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "contributors_progress",
                sa.Enum(
                    "not_started",
                    "under_way",
                    "done",
                    name="progress",
                    native_enum=False,
                    create_constraint=True,
                    length=40,
                ),
                nullable=True,
            )
        )

    # Contributors that are there have not said anything yet.
    assignment = sa.table(
        "assignment",
        sa.column("ref"),
        sa.column("role"),
        sa.column("ended_at"),
        sa.column("progress"),
    )
    recommendation = sa.table(
        "recommendation", sa.column("ref"), sa.column("contributors_progress")
    )
    lasting = sa.and_(assignment.c.role == "contributor", assignment.c.ended_at.is_(None))
    op.execute(
        assignment.update().where(assignment.c.role == "contributor").values(progress="not_started")
    )
    op.execute(
        recommendation.update()
        .where(recommendation.c.ref.in_(sa.select(assignment.c.ref).where(lasting)))
        .values(contributors_progress="not_started")
    )


def downgrade() -> None:
    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_recommendation_progress"), type_="check")
        batch_op.drop_column("contributors_progress")

    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_move_link_link"), type_="foreignkey")
        batch_op.drop_column("link")

    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_evidence_action_action"), type_="foreignkey")
        batch_op.drop_column("action")

    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_assignment_progress"), type_="check")
        batch_op.drop_column("progress_at")
        batch_op.drop_column("progress_by")
        batch_op.drop_column("progress_note")
        batch_op.drop_column("progress")

    with op.batch_alter_table("action_serves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_serves_ref"))

    op.drop_table("action_serves")
    with op.batch_alter_table("action_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_note_action"))

    op.drop_table("action_note")
    with op.batch_alter_table("succession", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_succession_successor"))

    op.drop_table("succession")
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_place_created_at"))
        batch_op.drop_index(batch_op.f("ix_action_owner"))
        batch_op.drop_index(batch_op.f("ix_action_created_at_id"))

    op.drop_table("action")
    op.drop_table("bank_holiday")
