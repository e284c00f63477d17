"""The documents' templates, as files beside this one."""

from __future__ import annotations

from pathlib import Path


def read_template(name: str) -> str:
    """A template without the note to its reader at the top."""
    text = (Path(__file__).parent / name).read_text()
    return text.partition("-->")[2].lstrip() if text.startswith("<!--") else text
