"""Clips: a stretch of a show as an MP4 that plays everywhere, cut by copying, nothing encoded."""
