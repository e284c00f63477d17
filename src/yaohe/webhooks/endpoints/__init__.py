"""Endpoints: addresses that are told, made and changed by staff."""

from yaohe.webhooks.endpoints.service import Endpoints, IssuedEndpoint

__all__ = ["Endpoints", "IssuedEndpoint"]
