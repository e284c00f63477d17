"""Addresses: where a buyer's parcels go, kept so that the next order needs no typing."""
