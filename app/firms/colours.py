"""A colour as lightness, chroma and hue, and how to move it until it can be read.

Contrast is always measured on the rounded hex a browser receives, never on the
ideal colour, so a ratio reached here is a ratio kept on screen.
"""

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Self

from coloraide import Color

WHITE = "#ffffff"
HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Tone(NamedTuple):
    """A point of oklch: lightness 0 to 1, chroma 0 to about .37, hue in degrees."""

    lightness: float
    chroma: float
    hue: float

    @classmethod
    def of(cls, colour: str) -> Self:
        """Greys have no hue: theirs is 0 and their chroma exactly 0."""
        lightness, chroma, hue = Color(colour).convert("oklch").coords()
        if math.isnan(hue) or chroma < 0.001:
            return cls(lightness, 0.0, 0.0)
        return cls(lightness, chroma, hue)

    @property
    def hex(self) -> str:
        return _painted(self)

    def at(self, lightness: float) -> Self:
        return self._replace(lightness=min(1.0, max(0.0, lightness)))

    def shifted(self, by: float) -> Self:
        return self.at(self.lightness + by)

    def dulled(self, share: float, most: float = 1.0) -> Self:
        return self._replace(chroma=min(most, share * self.chroma))

    def readable_on(self, grounds: Iterable[tuple[str, float]], step: float) -> Self:
        """The first tone, moving by `step`, that keeps its ratio on every ground.

        Black or white when none does.
        """
        demands = tuple(grounds)
        tone = self
        while any(contrast(tone.hex, ground) < ratio for ground, ratio in demands):
            moved = tone.shifted(step)
            if moved == tone:
                break
            tone = moved
        return tone


def contrast(a: str, b: str) -> float:
    """The WCAG 2 ratio, 1 to 21, of two `#rrggbb` colours."""
    lighter, darker = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


@lru_cache(maxsize=4096)
def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= 0.04045:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=4096)
def _painted(tone: Tone) -> str:
    """Screens show only part of oklch: chroma gives way, lightness and hue stay."""
    if tone.lightness in (0.0, 1.0):
        return "#000000" if tone.lightness == 0.0 else "#ffffff"
    shown = _srgb(tone)
    if not shown.in_gamut():
        low, high = 0.0, tone.chroma
        while high - low > 0.0005:
            middle = (low + high) / 2
            if _srgb(tone._replace(chroma=middle)).in_gamut():
                low = middle
            else:
                high = middle
        shown = _srgb(tone._replace(chroma=low))
    return shown.to_string(hex=True, fit="clip")


def _srgb(tone: Tone) -> Color:
    return Color("oklch", list(tone)).convert("srgb")
