"""Following a share: who earned the orders, and how far it went."""
