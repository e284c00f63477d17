"""What can be wrong about a kept bill.

NotFound 404
├── BillNotKept          bill_not_kept          no such day of such a gateway was looked at
└── DifferenceNotFound   difference_not_found   also when it is gone since bill and books agree
"""

from __future__ import annotations

from yaohe.kernel.errors import NotFound


class BillNotKept(NotFound):
    code = "bill_not_kept"
    message = "The bill of this day has not been looked at."


class DifferenceNotFound(NotFound):
    code = "difference_not_found"
    message = "There is no such difference (any more). Load the day again."
