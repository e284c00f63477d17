"""Staff: the people of the shop, how they sign in, and what they did (audit)."""
