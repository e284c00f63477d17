"""The kernel: what every context stands on, and not one business word.

ids, clock, money, errors, events, outbox, bus, db, coalesce, wire and children. Nothing in here
imports anything from the contexts above.
"""
