"""Pictures of products. The rule guarded here: what visitors load was encoded by us, never what somebody uploaded."""

from __future__ import annotations

from io import BytesIO
from uuid import uuid4

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, UnidentifiedImageError

from livecommerce.errors import BadInput

UPLOAD_BYTES = 15 * 1024 * 1024
PIXELS = 40_000_000
LONGEST_SIDE = 1600
QUALITY = 84
# SVG is left out on purpose: it carries scripts. Drawings come from our own static files.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


class BadPicture(BadInput):
    code = "picture.unreadable"
    message = "This picture cannot be read. Send a JPEG, PNG, WebP or AVIF of at most 15 MB."


def encoded(upload: File[bytes]) -> ContentFile[bytes]:
    """Encode a picture anew as WebP: upright, at most 1600 pixels, without the camera's notes of place and owner."""
    if upload.size > UPLOAD_BYTES:
        raise BadPicture(fields={"image": "More than 15 MB."})
    try:
        with Image.open(upload, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                raise BadPicture(fields={"image": "More than 40 million pixels."})
            upright = ImageOps.exif_transpose(picture)
            clean = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as broken:
        raise BadPicture from broken
    clean.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    out = BytesIO()
    # A new image has no metadata; `exif=b""` keeps Pillow from carrying any over.
    clean.save(out, "WEBP", quality=QUALITY, method=4, exif=b"")
    return ContentFile(out.getvalue(), name=f"{uuid4().hex}.webp")
