"""What can be wrong about a review.

NotFound 404 ── ReviewNotFound   review_not_found
Conflict 409
├── ReviewTooEarly               review_too_early   the order has not arrived
└── ReviewHidden                 review_hidden      the shop has hidden it, so it stays as it is
"""

from __future__ import annotations

from yaohe.kernel.errors import Conflict, NotFound


class ReviewNotFound(NotFound):
    code = "review_not_found"
    message = "There is no such review."


class ReviewTooEarly(Conflict):
    code = "review_too_early"
    message = "Review what has arrived: say that you have it first."


class ReviewHidden(Conflict):
    code = "review_hidden"
    message = "The shop has hidden this review. It cannot be changed."
