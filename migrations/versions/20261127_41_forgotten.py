"""Visitors who were forgotten, until what was still under way about them is taken away as well."""

from __future__ import annotations

from alembic import op

revision = "41_forgotten"
down_revision = "40_couponkinds"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table identity.forgotten (
        visitor_id text primary key,
        at timestamptz not null default now()
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
