"""What can be wrong about a recording.

NotFound ── NothingRecorded   404 nothing_recorded
"""

from __future__ import annotations

from yaohe.kernel.errors import NotFound


class NothingRecorded(NotFound):
    code = "nothing_recorded"
    message = "Nothing of this room is recorded, or it is no longer kept."
