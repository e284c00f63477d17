"""Visits: who is in a room, by which share, and how long they really watched."""
