"""Clicks: opens of a share by another visitor, confirmed by the page or the room."""
