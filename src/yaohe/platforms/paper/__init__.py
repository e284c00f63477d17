"""Paper: what pages about paying are drawn on, the shop's own and the sandbox's."""

from yaohe.platforms.paper.page import document, headers, policy, price

__all__ = ["document", "headers", "policy", "price"]
