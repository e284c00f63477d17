"""WeChat as the shop's people and programs meet it: whether it is connected and what is wrong."""
