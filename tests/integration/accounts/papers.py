"""Documents that tests upload: the smallest that are what they say."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"


def upload(content: bytes = PDF, media_type: str = "application/pdf", name: str = "Licence.pdf", **more: Any) -> dict[str, Any]:
    """What asks for it to be kept."""
    return {"name": name, "media_type": media_type, "content": b64encode(content).decode()} | more
