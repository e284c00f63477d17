"""Where a visitor's page is open is asked by room: their hits are found by visitor and room, the
newest first. The one index serves the click of a share as well."""

from __future__ import annotations

from alembic import op

revision = "10_hits_by_visitor"
down_revision = "09_shelf_products"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index hits_by_visitor on sharing.hits (visitor_id, room_id, at)"
        " where not is_bot and method = 'GET' and visitor_id <> ''"
    )
    op.execute("drop index sharing.hits_of_people")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
