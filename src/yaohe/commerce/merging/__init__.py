"""Merging: orders, coupons, waits and the cart of a guest become their account's visitor's."""
