"""What is kept of one person: to be handed out to them, and to be taken away."""

from yaohe.outside.people.service import People

__all__ = ["People"]
