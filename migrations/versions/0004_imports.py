"""Imports: runs are kept; what a hundred thousand rows would wait for goes.

Texts are named by an id of their own, so that they can be written before their change has its
number; what the journal's lock waits for, and the index of words, lose the keys that the engines
would ask row by row.
"""

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations.base import BatchOperations

revision = "0004"
down_revision = "0003"

NAME = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)

INTERVALS = (
    ("from_seq", "change", "seq"),
    ("to_seq", "change", "seq"),
    ("ref", "recommendation", "ref"),
    ("place", "place", "slug"),
)


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", NAME, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("file", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("others", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=True),
        sa.Column("reversed_at", MOMENT, nullable=True),
        sa.Column("reversed_by", sa.String(100), nullable=True),
        sa.Column("reversed_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_at_id"), "import_run", ["at", "id"])
    op.create_table(
        "import_place",
        sa.Column("run", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["import_run.id"], name=op.f("fk_import_place_run_import_run")
        ),
        sa.PrimaryKeyConstraint("run", "place", name=op.f("pk_import_place")),
    )
    with op.batch_alter_table("journal_text") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_journal_text_seq_change"), type_="foreignkey")
        batch_op.alter_column(
            "seq",
            new_column_name="id",
            existing_type=sa.Integer(),
            type_=NAME,
            existing_nullable=False,
            postgresql_using="seq::text",
        )
    with op.batch_alter_table("change") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_change_place_place"), type_="foreignkey")
        batch_op.add_column(sa.Column("texts", NAME, nullable=True))
    with op.batch_alter_table("recommendation_interval") as batch_op:
        for column, table, _ in INTERVALS:
            batch_op.drop_constraint(
                batch_op.f(f"fk_recommendation_interval_{column}_{table}"), type_="foreignkey"
            )
    with _words(with_rowid=False) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendation_word_ref"))
        batch_op.drop_constraint(
            batch_op.f("fk_recommendation_word_ref_recommendation"), type_="foreignkey"
        )


def downgrade() -> None:
    with _words(with_rowid=True) as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_recommendation_word_ref_recommendation"),
            "recommendation",
            ["ref"],
            ["ref"],
            ondelete="RESTRICT",
        )
        batch_op.create_index(batch_op.f("ix_recommendation_word_ref"), ["ref"])
    with op.batch_alter_table("recommendation_interval") as batch_op:
        for column, table, referred in INTERVALS:
            batch_op.create_foreign_key(
                batch_op.f(f"fk_recommendation_interval_{column}_{table}"),
                table,
                [column],
                [referred],
                ondelete="RESTRICT",
            )
    _name_texts_by_number()
    with op.batch_alter_table("change") as batch_op:
        batch_op.drop_column("texts")
        batch_op.create_foreign_key(
            batch_op.f("fk_change_place_place"), "place", ["place"], ["slug"]
        )
    with op.batch_alter_table("journal_text") as batch_op:
        batch_op.alter_column(
            "id",
            new_column_name="seq",
            existing_type=NAME,
            type_=sa.Integer(),
            existing_nullable=False,
            postgresql_using="id::integer",
        )
    with op.batch_alter_table("journal_text") as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_journal_text_seq_change"),
            "change",
            ["seq"],
            ["seq"],
            ondelete="RESTRICT",
        )
    op.drop_table("import_place")
    op.drop_index(op.f("ix_import_run_at_id"), "import_run")
    op.drop_table("import_run")


def _words(*, with_rowid: bool) -> AbstractContextManager[BatchOperations]:
    """The index of words, which SQLite keeps in its key alone where it has no row ids."""
    return op.batch_alter_table(
        "recommendation_word",
        recreate="always" if op.get_context().dialect.name == "sqlite" else "auto",
        table_kwargs={"sqlite_with_rowid": with_rowid},
    )


def _name_texts_by_number() -> None:
    """Texts get back the number of their change for a name."""
    op.execute(
        "UPDATE journal_text SET id = CAST(change.seq AS VARCHAR(100)) "
        "FROM change WHERE change.texts = journal_text.id"
    )
