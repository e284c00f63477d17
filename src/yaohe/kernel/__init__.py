"""The kernel: what every context stands on, and not one business word.

ids, clock, money, text, errors, events and bus; db with raw and migrating; coalesce, outbox, steps
and relay, lease, spool; children, datadir and postgres; wire. Nothing in here imports anything
from the contexts above.
"""
