"""The demo: a shop that is really live. A host encoded on the spot, a small honest crowd, goods.

Everything goes through the front: the host publishes to the RTMP port as an encoder would, the
crowd speaks HTTP and WebSocket as phones do. Nothing here is known to any other room of the house.
"""
