"""What the synthetic show is made of: scenes rasterised once, and the insert with the product of the moment.

ffmpeg draws our SVG files itself (its librsvg); nothing of this is needed to watch a real show.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.contrib.staticfiles import finders
from PIL import Image, ImageDraw, ImageFont

from streams.video.ffmpeg import ffmpeg_path

INSERT_SIZE = 184
_PICTURE_SIZE = 138
_SMOOTH = 4
_PAPER, _RING = (250, 244, 232, 240), (255, 255, 255, 255)
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


# All faces of our scenes are one drawing; these turn its smile and its open eyes into other looks.
Look = Literal["smile", "talk", "blink"]
_LOOKS: dict[Look, tuple[tuple[str, str], ...]] = {
    "smile": (),
    "talk": (
        ("M-18 33c11 4 25 4 36 0-2 19-34 19-36 0Z", "M-15 33c9 4 21 4 30 0-1 27-29 27-30 0Z"),
        ("M-15 34.5c10 3 20 3 30 0l-2 4.4c-8 2.4-18 2.4-26 0Z", "M-12 34.5c8 3 16 3 24 0l-2 4c-7 2.2-13 2.2-20 0Z"),
        ("M-12 43.4c7 5 17 5 24 0-5 6-19 6-24 0Z", "M-10 48.6c6 5 14 5 20 0-4 6-16 6-20 0Z"),
    ),
    "blink": (('rx="5" ry="6.2"', 'rx="8" ry="1.3"'), ('r="1.7" fill="#fff"', 'r="0" fill="#fff"')),
}


def drawn(art: str, *, width: int, height: int = 0, look: Look = "smile") -> Path | None:
    """A static SVG as PNG, at least this wide and high, made once; None where this ffmpeg cannot draw SVG."""
    source = finders.find(art)
    if not isinstance(source, str):
        return None
    folder = Path(settings.DATA_DIR) / "stage"
    target = folder / f"{Path(art).stem}-{look}-{width}.png"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    drawing = Path(source).read_text()
    for there, instead in _LOOKS[look]:
        drawing = drawing.replace(there, instead)
    box = _VIEW_BOX.search(drawing)
    if box is None:
        return None
    sketch = target.with_suffix(".svg")
    sketch.write_text(drawing)
    scale = max(width / float(box[1]), height / float(box[2]))
    size = ["-width", str(round(scale * float(box[1]))), "-height", str(round(scale * float(box[2])))]
    fresh = target.with_suffix(".fresh.png")
    command = [ffmpeg_path(), "-loglevel", "error", "-y", *size, "-i", str(sketch), "-frames:v", "1", "-update", "1"]
    if subprocess.run([*command, str(fresh)], check=False, capture_output=True, timeout=60).returncode:
        return None
    return fresh.replace(target)


def insert_of(picture: str) -> Image.Image:
    """The round insert with a product's picture (a static drawing or a file); see-through for none."""
    product = _picture(picture) if picture else None
    if product is None:
        return Image.new("RGBA", (INSERT_SIZE, INSERT_SIZE), (0, 0, 0, 0))
    image = _disc()
    at = (INSERT_SIZE - _PICTURE_SIZE) // 2
    image.alpha_composite(product, (at, at))
    return image


def moment_of(insert: Image.Image, *, tenths: int, stripes: int) -> bytes:
    """The insert, and the stripe clock in a row below (one pixel a stripe, white where the bit is set), as raw RGBA."""
    white, black = b"\xff\xff\xff\xff", b"\x00\x00\x00\xff"
    row = b"".join(white if tenths >> bit & 1 else black for bit in range(stripes))
    return insert.tobytes() + row.ljust(4 * INSERT_SIZE, b"\x00")


def clock_font(folder: Path) -> Path:
    """A font file for ffmpeg's own text: Pillow's built-in one, as machines may have none."""
    path = folder / "clock.ttf"
    if not path.exists():
        font = ImageFont.load_default(16)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(getattr(font, "font_bytes", b""))
    return path


def _disc() -> Image.Image:
    """A paper disc with a ring, drawn large and made small for smooth edges."""
    size = INSERT_SIZE * _SMOOTH
    large = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    pen = ImageDraw.Draw(large)
    pen.ellipse((0, 0, size - 1, size - 1), fill=_RING)
    edge = 5 * _SMOOTH
    pen.ellipse((edge, edge, size - 1 - edge, size - 1 - edge), fill=_PAPER)
    return large.resize((INSERT_SIZE, INSERT_SIZE), Image.Resampling.LANCZOS)


def _picture(picture: str) -> Image.Image | None:
    path = drawn(picture, width=_PICTURE_SIZE * 2) if picture.endswith(".svg") else Path(picture)
    if path is None or not path.is_file():
        return None
    return Image.open(path).convert("RGBA").resize((_PICTURE_SIZE, _PICTURE_SIZE), Image.Resampling.LANCZOS)
