"""Merging: what somebody did as a guest becomes their account's visitor's."""
