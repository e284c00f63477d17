"""Codec configurations as encoders send them: read, checked and named for players."""
