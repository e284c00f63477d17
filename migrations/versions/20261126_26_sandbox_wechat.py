"""The sandbox gateway speaks WeChat Pay's language: ways, several refunds of a payment, events.
Payments of the shop know by which way they are paid, when the gateway says that the money came,
and when it is to be asked; the cashier is asked for when somebody opens it."""

from __future__ import annotations

from alembic import op

revision = "26_sandbox_wechat"
down_revision = "25_captions"
branch_labels = None
depends_on = None

STATEMENTS = (
    # What was canceled at the cashier can be paid again, as at the real one; the shop asks.
    "update sandbox_pay.payments set state = 'closed' where state = 'canceled'",
    """
    alter table sandbox_pay.payments
        add column way text not null default 'h5',
        add column site text not null default '',
        add column paid_at timestamptz,
        drop column return_url,
        drop constraint payments_state_check,
        add constraint payments_state_check
            check (state in ('open', 'paid', 'closed', 'refunded'))
    """,
    "update sandbox_pay.payments set paid_at = ended_at where state in ('paid', 'refunded')",
    """
    alter table sandbox_pay.refunds
        drop constraint refunds_payment_id_key,
        add column state text not null default 'done'
            check (state in ('pending', 'failed', 'done')),
        add column notify_url text not null default '',
        add column due_at timestamptz,
        add column done_at timestamptz
    """,
    "update sandbox_pay.refunds set done_at = created_at",
    "create index refunds_payment on sandbox_pay.refunds (payment_id)",
    "create index refunds_due on sandbox_pay.refunds (due_at) where state <> 'done'",
    # Notices of before are in another language, which nobody reads any more.
    "update sandbox_pay.notices set given_up_at = now() where delivered_at is null",
    "alter table sandbox_pay.notices add column event_type text not null default ''",
    """
    alter table commerce.payments
        add column way text check (way in ('h5', 'native', 'jsapi')),
        add column subject text,
        add column captured_at timestamptz,
        add column ask_at timestamptz,
        drop column cashier_url
    """,
    "create index payments_ask on commerce.payments (ask_at) where state = 'open'",
    """
    alter table commerce.refunds
        add column returned_at timestamptz,
        drop constraint refunds_state_check,
        add constraint refunds_state_check
            check (state in ('due', 'requested', 'failed', 'done'))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
