"""Hits: every fetch of a share link, people and programs alike."""
