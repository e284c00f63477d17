"""What notices and bills of gateways can end in.

AppError
├── NoticeUnsigned     notice_unsigned     401
├── NoticeStale        notice_stale        400
├── NoticeUnreadable   notice_unreadable   400
NotFound 404
├── GatewayUnknown     gateway_unknown
└── BillNotThere       bill_not_there
"""

from __future__ import annotations

from yaohe.kernel.errors import AppError, NotFound


class NoticeUnsigned(AppError):
    code = "notice_unsigned"
    status = 401
    message = "The signature of this payment notice does not match."


class NoticeStale(AppError):
    code = "notice_stale"
    status = 400
    message = "The time of this payment notice is too far from now."


class NoticeUnreadable(AppError):
    code = "notice_unreadable"
    status = 400
    message = "This payment notice has an unknown shape."


class GatewayUnknown(NotFound):
    code = "gateway_unknown"
    message = "This shop takes no payments through this gateway."


class BillNotThere(NotFound):
    code = "bill_not_there"
    message = "The gateway has no bill of this day (yet)."
