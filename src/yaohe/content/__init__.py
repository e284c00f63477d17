"""Content: the images the server draws."""
