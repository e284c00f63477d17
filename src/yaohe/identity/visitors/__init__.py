"""Visitors: people without an account, known by a signed cookie and a friendly name."""
