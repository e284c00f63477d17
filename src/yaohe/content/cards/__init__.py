"""Cards: the picture a share is seen by in a chat or a feed."""
