"""What one person may have of a coupon in a day and in a show, and what a room and a show may give
of its total. A coupon remembers where, in which show and on which day of the shop it was claimed,
and by which name."""

from __future__ import annotations

from alembic import op

revision = "45_couponlimits"
down_revision = "44_stripe"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.coupon_templates
        add column per_day integer check (per_day > 0),
        add column per_show integer check (per_show > 0)
    """,
    """
    alter table commerce.coupons
        add column room_id text,
        add column show text,
        add column day date,
        add column claimed_by text
    """,
    """
    create table commerce.coupon_rooms (
        template_id text not null references commerce.coupon_templates (id),
        room_id text not null,
        shop_id text not null,
        total integer check (total > 0),
        show_total integer check (show_total > 0),
        claimed integer not null check (claimed >= 0),
        primary key (template_id, room_id),
        check (claimed <= total),
        check (show_total <= total)
    ) with (fillfactor = 50)
    """,
    # `total` is the number that held when the last one was given.
    """
    create table commerce.coupon_shows (
        template_id text not null,
        room_id text not null,
        show text not null,
        shop_id text not null,
        total integer,
        claimed integer not null check (claimed >= 0),
        primary key (template_id, room_id, show),
        foreign key (template_id, room_id) references commerce.coupon_rooms on delete cascade,
        check (claimed <= total)
    ) with (fillfactor = 50)
    """,
    "alter table campaigns.share_offers add column show_at timestamptz",
    """
    update campaigns.share_offers o set show_at = r.started_at
      from live.rooms r where r.id = o.room_id
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
