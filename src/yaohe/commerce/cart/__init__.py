"""Cart: what somebody means to buy, kept until they do. Words: cart, cart line."""
