"""Bills: every day's bill of the gateway beside our books, kept with where they differ.

Its words: bill, difference, explained. Nothing here moves money or changes an order.
"""

from yaohe.commerce.bills.model import Bill, KeptDifference

__all__ = ["Bill", "KeptDifference"]
