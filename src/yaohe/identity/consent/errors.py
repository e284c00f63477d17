"""What is refused to a browser for what may be known of it here.

NotAllowed 403
├── ConsentNeeded     consent_needed      this needs to know who asks, and nobody said it may
└── InAFrame          in_a_frame          not inside a page of another site: in the shop's own
"""

from __future__ import annotations

from yaohe.kernel.errors import NotAllowed


class ConsentNeeded(NotAllowed):
    code = "consent_needed"
    message = "This needs your browser to be remembered. Accept that first, then do it again."


class InAFrame(NotAllowed):
    code = "in_a_frame"
    message = "This is done on the shop's own page. Open the room there."
