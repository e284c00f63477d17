"""Shares: making them, marking them, reading them."""
