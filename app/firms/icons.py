"""The firm's mark as an application's icon: its initial on its colour."""

import io
from functools import lru_cache

from app.firms.brand import Brand, derive

SIZES = (180, 192, 512)  # Apple's, and the two that browsers ask for
LETTER = 0.5  # of the side: what a mask cuts off is further out


@lru_cache(maxsize=64)
def icon_png(brand: Brand, initial: str, side: int) -> bytes:
    """A PNG of `side` pixels, opaque to its edges, for the system to cut."""
    # Drawn once per brand: a web process that draws none does not carry the library.
    from PIL import Image, ImageDraw, ImageFont

    colours = derive(brand).light
    icon = Image.new("RGB", (side, side), colours["brand-solid"])
    ImageDraw.Draw(icon).text(
        (side / 2, side / 2),
        initial,
        font=ImageFont.load_default(side * LETTER),
        fill=colours["on-brand"],
        anchor="mm",
    )
    png = io.BytesIO()
    icon.save(png, "PNG", optimize=True)
    return png.getvalue()
