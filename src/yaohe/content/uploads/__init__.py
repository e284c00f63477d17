"""Pictures people give us: read in the sandbox, made anew, kept by what they show."""

from yaohe.content.uploads.service import BYTES_MAX, Kept, Uploads

__all__ = ["BYTES_MAX", "Kept", "Uploads"]
