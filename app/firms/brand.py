"""A firm gives one colour; every colour of its portal follows, in light and dark.

Text, borders and marks keep the ratios of `PAIRS` whatever the colour, and a grey
firm stays grey. Only hex and numbers reach the style sheet: nothing a person typed.
"""

from dataclasses import dataclass
from functools import lru_cache

from app.firms.colours import HEX, channels, contrast
from app.firms.palette import PAIRS, Palette

__all__ = [
    "PAIRS",
    "Brand",
    "Theme",
    "contrast",
    "declarations",
    "derive",
    "stylesheet",
]

TOPBARS = ("claire", "couleur", "foncée")

# What Bootstrap calls each colour. It writes some as "r,g,b" to add an opacity.
_BOOTSTRAP = {
    "body-color": "ink",
    "body-bg": "canvas",
    "emphasis-color": "ink",
    "heading-color": "ink",
    "secondary-color": "ink-2",
    "secondary-bg": "sunken",
    "tertiary-color": "ink-3",
    "tertiary-bg": "hover",
    "border-color": "line",
    "border-color-translucent": "line",
    "link-color": "brand-text",
    "link-hover-color": "brand-text",
    "focus-ring-color": "brand-ui",
    "code-color": "ink-2",
    "form-valid-color": "ok-text",
    "form-valid-border-color": "ok-solid",
    "form-invalid-color": "bad-text",
    "form-invalid-border-color": "bad-solid",
    "primary": "brand-solid",
    "primary-bg-subtle": "brand-tint",
    "primary-border-subtle": "brand-line",
    "primary-text-emphasis": "brand-text",
}
_WITH_CHANNELS = {
    "body-color",
    "body-bg",
    "emphasis-color",
    "secondary-color",
    "secondary-bg",
    "tertiary-color",
    "tertiary-bg",
    "link-color",
    "link-hover-color",
    "primary",
}
_BOOTSTRAP_STATUSES = {
    "secondary": "mute",
    "success": "ok",
    "danger": "bad",
    "warning": "warn",
    "info": "info",
}
for _name, _status in _BOOTSTRAP_STATUSES.items():
    _BOOTSTRAP |= {
        _name: f"{_status}-solid",
        f"{_name}-bg-subtle": f"{_status}-tint",
        f"{_name}-border-subtle": f"{_status}-line",
        f"{_name}-text-emphasis": f"{_status}-text",
    }
    _WITH_CHANNELS.add(_name)


@dataclass(frozen=True)
class Brand:
    """What a firm chooses; refused when a colour is not written `#rrggbb`."""

    colour: str
    accent: str | None = None
    topbar: str = "couleur"

    def __post_init__(self) -> None:
        for colour in (self.colour, self.accent):
            if colour is not None and not HEX.fullmatch(colour):
                raise ValueError(f"a colour is written #rrggbb, not {colour!r}")
        if self.topbar not in TOPBARS:
            raise ValueError(f"a top bar is one of {TOPBARS}, not {self.topbar!r}")


@dataclass(frozen=True)
class Theme:
    """Token names, without their dashes, to `#rrggbb`."""

    light: dict[str, str]
    dark: dict[str, str]


@lru_cache(maxsize=256)
def derive(brand: Brand) -> Theme:
    light = Palette(brand.colour, dark=False)
    dark = Palette(brand.colour, dark=True)
    return Theme(
        light=light.mix(brand.accent, brand.topbar),
        dark=dark.mix(brand.accent, brand.topbar),
    )


def stylesheet(theme: Theme) -> str:
    light = declarations(theme.light) + "color-scheme:light"
    dark = declarations(theme.dark) + "color-scheme:dark"
    return (
        f":root,[data-bs-theme=light]{{{light}}}\n"
        f"[data-bs-theme=dark]{{{dark}}}\n"
        "@media (prefers-color-scheme: dark)"
        f"{{:root[data-bs-theme=auto]{{{dark}}}}}\n"
    )


def declarations(tokens: dict[str, str]) -> str:
    """One mode's custom properties, ours then Bootstrap's, for any selector."""
    ours = [f"--{token}:{colour};" for token, colour in tokens.items()]
    for name, token in _BOOTSTRAP.items():
        ours.append(f"--bs-{name}:{tokens[token]};")
        if name in _WITH_CHANNELS:
            red, green, blue = channels(tokens[token])
            ours.append(f"--bs-{name}-rgb:{red},{green},{blue};")
    return "".join(ours)
