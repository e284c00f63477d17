"""User agents: who is asking, and where a page is open."""

from yaohe.platforms.ua.model import Env, UaClass, classify, environment, is_prefetch
from yaohe.platforms.ua.programs import Kind
from yaohe.platforms.ua.shapes import kind_of

__all__ = ["Env", "Kind", "UaClass", "classify", "environment", "is_prefetch", "kind_of"]
