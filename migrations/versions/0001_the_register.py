"""The register: all nouns, the journal with its head and texts, and the rows of as-of."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAME = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
    )
    op.create_table(
        "party",
        sa.Column("slug", NAME, nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "organisation",
                "board",
                "team",
                "post",
                "person",
                name="party_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation", NAME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["party.slug"],
            name=op.f("fk_party_organisation_party"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_party")),
    )
    op.create_table(
        "place",
        sa.Column("slug", NAME, nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("ons_code", sa.String(9), nullable=True),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_place")),
    )
    op.create_table(
        "reply",
        sa.Column("principal", sa.String(100), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.String(1000), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_reply")),
    )
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_made_at"), ["made_at"], unique=False)

    op.create_table(
        "source",
        sa.Column("slug", NAME, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("publisher", sa.String(300), nullable=True),
        sa.Column("published", sa.String(40), nullable=True),
        sa.Column("url", sa.String(2000), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "primary",
                "secondary",
                name="source_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("licence", sa.String(300), nullable=True),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_source")),
    )
    op.create_table(
        "theme",
        sa.Column("slug", NAME, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_theme")),
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("place", NAME, nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(64), nullable=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["place"], ["place.slug"], name=op.f("fk_change_place_place")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_change")),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_subject_seq"), ["subject", "seq"], unique=False)

    op.create_table(
        "inspection",
        sa.Column("slug", NAME, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column(
            "framework",
            sa.Enum(
                "unannounced",
                "slac",
                "sif",
                "lscb_review",
                "focused_visit",
                "ilacs",
                "jtai",
                "send",
                "youth_justice",
                "jar",
                "other",
                name="framework",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("inspectorates", sa.JSON(), nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("fieldwork", sa.String(40), nullable=True),
        sa.Column("fieldwork_earliest", sa.Date(), nullable=True),
        sa.Column("fieldwork_latest", sa.Date(), nullable=True),
        sa.Column("published", sa.String(40), nullable=True),
        sa.Column("published_earliest", sa.Date(), nullable=True),
        sa.Column("published_latest", sa.Date(), nullable=True),
        sa.Column("judgements", sa.JSON(), nullable=False),
        sa.Column(
            "no_priority_action_stated",
            sa.Enum(
                "yes",
                "no",
                "not_said",
                name="stated",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("response_due_stated", sa.String(40), nullable=True),
        sa.Column("stated_count", sa.Integer(), nullable=True),
        sa.Column("held_count", sa.Integer(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_inspection_place_place"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_inspection")),
    )
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inspection_place"), ["place"], unique=False)

    op.create_table(
        "token",
        sa.Column("id", NAME, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "viewer",
                "contributor",
                "lead",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("party", NAME, nullable=True),
        sa.Column("places", sa.JSON(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["party"], ["party.slug"], name=op.f("fk_token_party_party"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
    )
    op.create_table(
        "journal_text",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("part", NAME, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"], ["change.seq"], name=op.f("fk_journal_text_seq_change"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("seq", "part", name=op.f("pk_journal_text")),
    )
    op.create_table(
        "recommendation",
        sa.Column("ref", NAME, nullable=False),
        sa.Column("inspection", NAME, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column(
            "framework",
            sa.Enum(
                "unannounced",
                "slac",
                "sif",
                "lscb_review",
                "focused_visit",
                "ilacs",
                "jtai",
                "send",
                "youth_justice",
                "jar",
                "other",
                name="framework",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("place", NAME, nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("number_as_printed", sa.String(300), nullable=True),
        sa.Column("section", sa.String(300), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "recommendation",
                "area_for_development",
                "area_for_improvement",
                "area_for_priority_action",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("kind_as_printed", sa.String(300), nullable=True),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("addressees", sa.JSON(), nullable=False),
        sa.Column("addressees_as_printed", sa.String(300), nullable=True),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "high",
                "normal",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "response",
            sa.Enum(
                "not_recorded",
                "awaiting",
                "accepted",
                "accepted_in_part",
                "noted",
                "not_accepted",
                name="response",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "in_progress",
                "blocked",
                "implemented",
                "verified",
                "closed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("status_rank", sa.Integer(), nullable=False),
        sa.Column("status_since", sa.Date(), nullable=True),
        sa.Column(
            "closure_reason",
            sa.Enum(
                "implemented",
                "superseded",
                "no_longer_applicable",
                "not_accepted",
                "risk_accepted",
                name="closure_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("assured_until", sa.Date(), nullable=True),
        sa.Column("claimed_by", sa.String(100), nullable=True),
        sa.Column("owner", NAME, nullable=True),
        sa.Column("organisation", NAME, nullable=True),
        sa.Column("contributors", sa.JSON(), nullable=False),
        sa.Column("due_on", sa.String(40), nullable=True),
        sa.Column("due_earliest", sa.Date(), nullable=True),
        sa.Column("due_latest", sa.Date(), nullable=True),
        sa.Column("original_due_on", sa.String(40), nullable=True),
        sa.Column("original_due_latest", sa.Date(), nullable=True),
        sa.Column("times_moved", sa.Integer(), nullable=False),
        sa.Column("evidence_count", sa.Integer(), nullable=False),
        sa.Column("action_count", sa.Integer(), nullable=False),
        sa.Column(
            "assurance",
            sa.Enum(
                "none",
                "self_reported",
                "checked",
                "independent",
                "inspector_confirmed",
                name="assurance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("undermined", sa.Boolean(), nullable=False),
        sa.Column("reraised", sa.Boolean(), nullable=False),
        sa.Column("regressed", sa.Boolean(), nullable=False),
        sa.Column("times_reraised", sa.Integer(), nullable=False),
        sa.Column("lineage", NAME, nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("import_id", sa.String(40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (closure_reason IS NOT NULL)",
            name=op.f("ck_recommendation_closure"),
        ),
        sa.CheckConstraint("ordinal BETWEEN 1 AND 9999", name=op.f("ck_recommendation_ordinal")),
        sa.ForeignKeyConstraint(
            ["inspection"],
            ["inspection.slug"],
            name=op.f("fk_recommendation_inspection_inspection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["party.slug"],
            name=op.f("fk_recommendation_organisation_party"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["party.slug"],
            name=op.f("fk_recommendation_owner_party"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["place"],
            ["place.slug"],
            name=op.f("fk_recommendation_place_place"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_recommendation")),
    )
    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recommendation_due_latest"), ["due_latest"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_recommendation_inspection_ordinal"),
            ["inspection", "ordinal"],
            unique=True,
        )
        batch_op.create_index(batch_op.f("ix_recommendation_lineage"), ["lineage"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_recommendation_organisation_status"),
            ["organisation", "status"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_recommendation_owner"), ["owner"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_recommendation_place_raised_on"), ["place", "raised_on"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_recommendation_raised_on_inspection_ordinal"),
            ["raised_on", "inspection", "ordinal"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_recommendation_status_updated_at"),
            ["status", "updated_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_recommendation_updated_at_inspection_ordinal"),
            ["updated_at", "inspection", "ordinal"],
            unique=False,
        )

    op.create_table(
        "assignment",
        sa.Column("id", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("party", NAME, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "accountable",
                "contributor",
                "verifier",
                name="part",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["party"], ["party.slug"], name=op.f("fk_assignment_party_party"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_assignment_place_place"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_assignment_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_party"), ["party"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_ref"), ["ref"], unique=False)
        batch_op.create_index(
            "uq_assignment_accountable",
            ["ref"],
            unique=True,
            sqlite_where=sa.text("role = 'accountable' AND ended_at IS NULL"),
            postgresql_where=sa.text("role = 'accountable' AND ended_at IS NULL"),
        )
        batch_op.create_index(
            "uq_assignment_open",
            ["ref", "party", "role"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "evidence",
        sa.Column("id", NAME, nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("ref", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "audit",
                "performance_data",
                "policy",
                "procedure",
                "training",
                "minutes",
                "case_sample",
                "child_or_family_feedback",
                "practitioner_feedback",
                "external_review",
                "inspection_finding",
                "other",
                name="evidence_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "activity",
                "output",
                "outcome",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "bearing",
            sa.Enum(
                "supports",
                "mixed",
                "undermines",
                name="bearing",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("observed", sa.String(40), nullable=True),
        sa.Column("observed_earliest", sa.Date(), nullable=True),
        sa.Column("observed_latest", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.String(40), nullable=True),
        sa.Column("valid_until_latest", sa.Date(), nullable=True),
        sa.Column("link", sa.String(2000), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("provided_by", NAME, nullable=True),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "review",
            sa.Enum(
                "submitted",
                "accepted",
                "rejected",
                name="review",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("review_reason", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.String(100), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_from", NAME, nullable=True),
        sa.Column("supersedes", NAME, nullable=True),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("recorded_from", NAME, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_evidence_place_place"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["provided_by"],
            ["party.slug"],
            name=op.f("fk_evidence_provided_by_party"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_evidence_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["supersedes"],
            ["evidence.id"],
            name=op.f("fk_evidence_supersedes_evidence"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("key", name=op.f("uq_evidence_key")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_evidence_supersedes")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_evidence_ref_recorded_at"), ["ref", "recorded_at"], unique=False
        )

    op.create_table(
        "link",
        sa.Column("id", NAME, nullable=False),
        sa.Column("later", NAME, nullable=False),
        sa.Column("earlier", NAME, nullable=False),
        sa.Column("low", NAME, nullable=False),
        sa.Column("high", NAME, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reiterates",
                "broadens",
                "narrows",
                "supersedes",
                "relates_to",
                name="link_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "basis",
            sa.Enum(
                "stated_by_inspector",
                "analyst",
                "machine",
                name="basis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "confirmed",
                "rejected",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "strength",
            sa.Enum(
                "strong",
                "moderate",
                "partial",
                name="strength",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("order_certain", sa.Boolean(), nullable=False),
        sa.Column("asserted_by", sa.String(100), nullable=False),
        sa.Column("asserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.String(100), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("later <> earlier", name=op.f("ck_link_self")),
        sa.ForeignKeyConstraint(
            ["earlier"],
            ["recommendation.ref"],
            name=op.f("fk_link_earlier_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["later"],
            ["recommendation.ref"],
            name=op.f("fk_link_later_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_link_asserted_at_id"), ["asserted_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_link_earlier_state"), ["earlier", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_link_later_state"), ["later", "state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_link_low_high_kind"), ["low", "high", "kind"], unique=True
        )

    op.create_table(
        "move",
        sa.Column("ref", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status_before",
            sa.Enum(
                "open",
                "in_progress",
                "blocked",
                "implemented",
                "verified",
                "closed",
                name="status_before",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "in_progress",
                "blocked",
                "implemented",
                "verified",
                "closed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "closure_reason",
            sa.Enum(
                "implemented",
                "superseded",
                "no_longer_applicable",
                "not_accepted",
                "risk_accepted",
                name="closure_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column(
            "rests_on",
            sa.Enum(
                "activity",
                "output",
                "outcome",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_move_place_place"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_move_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("ref", "number", name=op.f("pk_move")),
    )
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_move_made_at"), ["made_at"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(100), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"], ["place.slug"], name=op.f("fk_note_place_place"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_note_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_ref"), ["ref"], unique=False)

    op.create_table(
        "recommendation_interval",
        sa.Column("ref", NAME, nullable=False),
        sa.Column("from_seq", sa.Integer(), nullable=False),
        sa.Column("to_seq", sa.Integer(), nullable=True),
        sa.Column("place", NAME, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "in_progress",
                "blocked",
                "implemented",
                "verified",
                "closed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "closure_reason",
            sa.Enum(
                "implemented",
                "superseded",
                "no_longer_applicable",
                "not_accepted",
                "risk_accepted",
                name="closure_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("owner", NAME, nullable=True),
        sa.Column("organisation", NAME, nullable=True),
        sa.Column("due_on", sa.String(40), nullable=True),
        sa.Column("due_earliest", sa.Date(), nullable=True),
        sa.Column("due_latest", sa.Date(), nullable=True),
        sa.Column("original_due_on", sa.String(40), nullable=True),
        sa.Column("original_due_latest", sa.Date(), nullable=True),
        sa.Column("times_moved", sa.Integer(), nullable=False),
        sa.Column("status_since", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("regressed", sa.Boolean(), nullable=False),
        sa.Column(
            "assurance",
            sa.Enum(
                "none",
                "self_reported",
                "checked",
                "independent",
                "inspector_confirmed",
                name="assurance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence_count", sa.Integer(), nullable=False),
        sa.Column(
            "response",
            sa.Enum(
                "not_recorded",
                "awaiting",
                "accepted",
                "accepted_in_part",
                "noted",
                "not_accepted",
                name="response",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_seq"],
            ["change.seq"],
            name=op.f("fk_recommendation_interval_from_seq_change"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["place"],
            ["place.slug"],
            name=op.f("fk_recommendation_interval_place_place"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_recommendation_interval_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["to_seq"],
            ["change.seq"],
            name=op.f("fk_recommendation_interval_to_seq_change"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("ref", "from_seq", name=op.f("pk_recommendation_interval")),
    )
    with op.batch_alter_table("recommendation_interval", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recommendation_interval_to_seq_ref"), ["to_seq", "ref"], unique=False
        )

    op.create_table(
        "recommendation_theme",
        sa.Column("theme", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_recommendation_theme_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["theme"],
            ["theme.slug"],
            name=op.f("fk_recommendation_theme_theme_theme"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("theme", "ref", name=op.f("pk_recommendation_theme")),
    )
    with op.batch_alter_table("recommendation_theme", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recommendation_theme_ref"), ["ref"], unique=False)

    op.create_table(
        "recommendation_word",
        sa.Column("word", NAME, nullable=False),
        sa.Column("ref", NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["ref"],
            ["recommendation.ref"],
            name=op.f("fk_recommendation_word_ref_recommendation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("word", "ref", name=op.f("pk_recommendation_word")),
    )
    with op.batch_alter_table("recommendation_word", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recommendation_word_ref"), ["ref"], unique=False)
    # The one row that every writer locks last.
    head = sa.table("head", sa.column("id"), sa.column("seq"), sa.column("hash"), sa.column("at"))
    op.execute(head.insert().values(id=1, seq=0, hash="0" * 64, at=""))


def downgrade() -> None:
    with op.batch_alter_table("recommendation_word", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendation_word_ref"))

    op.drop_table("recommendation_word")
    with op.batch_alter_table("recommendation_theme", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendation_theme_ref"))

    op.drop_table("recommendation_theme")
    with op.batch_alter_table("recommendation_interval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendation_interval_to_seq_ref"))

    op.drop_table("recommendation_interval")
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_note_ref"))

    op.drop_table("note")
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_move_made_at"))

    op.drop_table("move")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_low_high_kind"))
        batch_op.drop_index(batch_op.f("ix_link_later_state"))
        batch_op.drop_index(batch_op.f("ix_link_earlier_state"))
        batch_op.drop_index(batch_op.f("ix_link_asserted_at_id"))

    op.drop_table("link")
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_evidence_ref_recorded_at"))

    op.drop_table("evidence")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_assignment_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_assignment_accountable",
            sqlite_where=sa.text("role = 'accountable' AND ended_at IS NULL"),
            postgresql_where=sa.text("role = 'accountable' AND ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_assignment_ref"))
        batch_op.drop_index(batch_op.f("ix_assignment_party"))

    op.drop_table("assignment")
    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendation_updated_at_inspection_ordinal"))
        batch_op.drop_index(batch_op.f("ix_recommendation_status_updated_at"))
        batch_op.drop_index(batch_op.f("ix_recommendation_raised_on_inspection_ordinal"))
        batch_op.drop_index(batch_op.f("ix_recommendation_place_raised_on"))
        batch_op.drop_index(batch_op.f("ix_recommendation_owner"))
        batch_op.drop_index(batch_op.f("ix_recommendation_organisation_status"))
        batch_op.drop_index(batch_op.f("ix_recommendation_lineage"))
        batch_op.drop_index(batch_op.f("ix_recommendation_inspection_ordinal"))
        batch_op.drop_index(batch_op.f("ix_recommendation_due_latest"))

    op.drop_table("recommendation")
    op.drop_table("journal_text")
    op.drop_table("token")
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inspection_place"))

    op.drop_table("inspection")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_change_subject_seq"))
        batch_op.drop_index(batch_op.f("ix_change_at"))

    op.drop_table("change")
    op.drop_table("theme")
    op.drop_table("source")
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_made_at"))

    op.drop_table("reply")
    op.drop_table("place")
    op.drop_table("party")
    op.drop_table("head")
    # On PostgreSQL the guards' function outlives the tables that used it.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS journal_is_append_only()")
