"""Posters: the picture a share is saved and scanned by."""
