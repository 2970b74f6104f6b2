"""`python -m tests.label_picture`: the picture in docs/labels.md, made of a sample's label as a label printer would print it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pymupdf
from PIL import Image

from services.logistics.application.label import labels
from services.logistics.application.label_printing import pdf
from tests.unit.logistics.parcels import consignment

PICTURE = Path(__file__).parents[1] / "docs" / "label.png"
DOTS_AN_INCH = 150


def picture() -> bytes:
    """PNG, in 16 shades of grey."""
    page = pymupdf.open(stream=pdf(labels(consignment())))[0]
    image = Image.open(BytesIO(page.get_pixmap(dpi=DOTS_AN_INCH, colorspace=pymupdf.csGRAY).tobytes("png")))
    out = BytesIO()
    image.quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    PICTURE.write_bytes(picture())
