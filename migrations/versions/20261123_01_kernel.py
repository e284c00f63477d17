"""The kernel's tables: outbox, inbox, the relay's place, leases."""

from alembic import op

revision = "01_kernel"
down_revision = None


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")


_STATEMENTS = (
    # Facts, written by the transaction that makes them true. `position` is dense and follows
    # the commits; the relay assigns it.
    """
    CREATE TABLE kernel.outbox (
        event_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        shop_id   text NOT NULL,
        aggregate text NOT NULL,
        type      text NOT NULL,
        body      jsonb NOT NULL,
        at        timestamptz NOT NULL DEFAULT clock_timestamp(),
        xact_id   xid8 NOT NULL DEFAULT pg_current_xact_id(),
        position  bigint
    ) WITH (fillfactor = 80)
    """,
    "CREATE UNIQUE INDEX outbox_position ON kernel.outbox (position) WHERE position IS NOT NULL",
    "CREATE INDEX outbox_waiting ON kernel.outbox (event_id) WHERE position IS NULL",
    # What each step has applied: noted in the same transaction as the effect.
    """
    CREATE TABLE kernel.inbox (
        event_id bigint NOT NULL,
        step     text NOT NULL,
        at       timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (event_id, step)
    )
    """,
    # How far the relay has come: `assigned` is the last position given, and every fact up to
    # `done` was applied by every step.
    """
    CREATE TABLE kernel.relay (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        assigned bigint NOT NULL DEFAULT 0,
        done     bigint NOT NULL DEFAULT 0
    )
    """,
    "INSERT INTO kernel.relay DEFAULT VALUES",
    """
    CREATE TABLE kernel.leases (
        name    text PRIMARY KEY,
        owner   text NOT NULL,
        token   bigint NOT NULL,
        expires timestamptz NOT NULL
    )
    """,
)
