"""User agents: who is asking, and where a page is open."""

from yaohe.sharing.ua.model import Env, UaClass, classify, environment, is_prefetch
from yaohe.sharing.ua.programs import Kind
from yaohe.sharing.ua.shapes import kind_of

__all__ = ["Env", "Kind", "UaClass", "classify", "environment", "is_prefetch", "kind_of"]
