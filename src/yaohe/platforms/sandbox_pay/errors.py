"""What the sandbox gateway refuses, in the words and with the statuses WeChat Pay has for it.

SandboxNo
├── Unsigned          SIGN_ERROR           401  the request is not the shop's
├── Misshapen         PARAM_ERROR          400
├── PaymentUnknown    ORDER_NOT_EXIST      404
├── RefundUnknown     RESOURCE_NOT_EXISTS  404
├── PathUnknown       NOT_FOUND            404
├── IdReused          INVALID_REQUEST      400  the same id for something else
├── PaymentPaid       ORDERPAID            400
├── PaymentClosed     ORDER_CLOSED         400
├── NothingToRefund   NOT_ENOUGH           403  not paid, or not that much is left
└── NoBill            NO_STATEMENT_EXIST   400
"""

from __future__ import annotations


class SandboxNo(Exception):
    code = "INVALID_REQUEST"
    status = 400


class Unsigned(SandboxNo):
    code = "SIGN_ERROR"
    status = 401


class Misshapen(SandboxNo):
    code = "PARAM_ERROR"


class PaymentUnknown(SandboxNo):
    code = "ORDER_NOT_EXIST"
    status = 404


class RefundUnknown(SandboxNo):
    code = "RESOURCE_NOT_EXISTS"
    status = 404


class PathUnknown(SandboxNo):
    code = "NOT_FOUND"
    status = 404


class IdReused(SandboxNo):
    pass


class PaymentPaid(SandboxNo):
    code = "ORDERPAID"


class PaymentClosed(SandboxNo):
    code = "ORDER_CLOSED"


class NothingToRefund(SandboxNo):
    code = "NOT_ENOUGH"
    status = 403


class NoBill(SandboxNo):
    code = "NO_STATEMENT_EXIST"
