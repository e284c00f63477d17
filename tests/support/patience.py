"""How long a test waits for what must happen: so long that a loaded machine is never the reason.

A wait ends with its event, so a green run costs none of this. What has to be fast is measured by
`make bench`; no test fails because it took a while.
"""

from __future__ import annotations

PATIENCE_S = 60.0
PATIENCE_MS = 60_000
