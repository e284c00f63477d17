"""What is refused to a browser that may not be remembered.

NotAllowed 403
└── ConsentNeeded     consent_needed      this needs to know who asks, and nobody said it may
"""

from __future__ import annotations

from yaohe.kernel.errors import NotAllowed


class ConsentNeeded(NotAllowed):
    code = "consent_needed"
    message = "This needs your browser to be remembered. Accept that first, then do it again."
