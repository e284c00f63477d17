"""Merging: orders, coupons and waits of a guest become their account's visitor's."""
