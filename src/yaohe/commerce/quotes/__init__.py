"""Quotes: what an order would cost now, with each coupon and without. Words: quote, sum."""
