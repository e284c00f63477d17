"""Consent: whether a browser may be remembered, asked where the shop's consent mode is strict."""

from yaohe.identity.consent.errors import ConsentNeeded, InAFrame
from yaohe.identity.consent.model import CONSENT_COOKIE, ConsentMode, decided

__all__ = ["CONSENT_COOKIE", "ConsentMode", "ConsentNeeded", "InAFrame", "decided"]
