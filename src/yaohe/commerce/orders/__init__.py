"""Orders: what somebody buys; stock and coupon are held until it is paid or ends."""
