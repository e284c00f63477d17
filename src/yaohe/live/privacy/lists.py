"""HLS lists of a private room: every address inside carries the ticket the list was asked with."""

from __future__ import annotations

import re
from typing import Final

_URI: Final = re.compile(r'URI="([^"?]+)"')


def with_ticket(playlist: str, ticket: str) -> str:
    """The list for a player that keeps no cookies. A ticket needs no escaping."""
    query = f"?ticket={ticket}"
    lines = []
    for line in playlist.split("\n"):
        if line.startswith("#"):
            lines.append(_URI.sub(lambda found: f'URI="{found[1]}{query}"', line))
        else:
            lines.append(line + query if line else line)
    return "\n".join(lines)
