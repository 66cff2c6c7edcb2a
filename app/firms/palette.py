"""Mix every colour of a portal from the firm's own, for one mode.

A colour that is read is moved until it keeps its ratio of `PAIRS` on everything it
is read on, so no choice of brand can make the portal illegible.
"""

from app.firms.colours import WHITE, Tone, contrast

STATUSES = ("ok", "warn", "bad", "info", "mute")

_PAGES = ("surface", "canvas", "sunken", "hover")
_TINTED = (*_PAGES, "brand-tint", "brand-tint-2")
_GROUNDS = (*_TINTED, *(f"{status}-tint" for status in STATUSES))
_BAR = ("bar", "bar-well", "bar-hover")

# What is read, what it is read on, and the least ratio between the two.
PAIRS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("ink", _GROUNDS, 7),
    ("ink-2", _GROUNDS, 7),
    ("ink-3", _GROUNDS, 4.5),
    ("control", _PAGES, 3),
    ("on-brand", ("brand-solid", "brand-solid-hover", "brand-solid-active"), 4.5),
    ("brand-edge", ("surface", "canvas"), 3),
    ("brand-text", _TINTED, 4.6),
    ("brand-ui", _TINTED, 3.1),
    ("on-bar", _BAR, 4.6),
    ("on-bar-2", _BAR, 4.6),
    ("on-bar-active", ("bar-active",), 4.6),
    ("on-accent", ("accent",), 4.5),
    *((f"{status}-text", (*_TINTED, f"{status}-tint"), 4.6) for status in STATUSES),
    *((f"{status}-solid", ("on-solid",), 4.5) for status in STATUSES),
    *((f"{status}-solid", ("surface", "canvas"), 3) for status in STATUSES),
    ("on-ink-surface", ("ink-surface", "bad-surface"), 7),
)
# Below this chroma a brand is a grey, and its whole portal with it.
_GREY = 0.02

# Lightness, then how many times the neutral chroma; in light, in dark.
_NEUTRALS = {
    "surface": ((1, 0), (0.212, 1)),
    "canvas": ((0.976, 0.45), (0.178, 1)),
    "sunken": ((0.957, 0.6), (0.158, 1)),
    "hover": ((0.966, 0.6), (0.243, 1.1)),
    "line": ((0.918, 0.8), (0.285, 1.2)),
    "line-strong": ((0.865, 1), (0.355, 1)),
    "ink-surface": ((0.25, 2.1), (0.31, 1.6)),
    "on-ink-surface": ((1, 0), (1, 0)),
    "on-solid": ((1, 0), (0.178, 1)),
}
_INKS = {
    "ink": ((0.235, 1.6), (0.945, 0.65)),
    "ink-2": ((0.44, 1.5), (0.78, 1)),
    "ink-3": ((0.58, 1.25), (0.62, 1)),
    "control": ((0.7, 1.25), (0.48, 1.1)),
}
# Lightness, share of the brand's or the status's chroma, most chroma.
_BRAND_TINTS = {
    "brand-tint": ((0.972, 0.16, 0.022), (0.25, 0.37, 0.035)),
    "brand-tint-2": ((0.942, 0.3, 0.04), (0.3, 0.5, 0.05)),
    "brand-line": ((0.86, 0.5, 0.07), (0.42, 0.7, 0.075)),
}
_STATUS_TINTS = {
    "tint": ((0.966, 0.21, 0.04), (0.268, 0.35, 0.045)),
    "line": ((0.875, 0.45, 0.08), (0.4, 0.5, 0.075)),
}
# Hue and chroma: a status looks the same under every brand.
_STATUS_HUES = {
    "ok": (155, 0.12),
    "warn": (70, 0.12),
    "bad": (25, 0.17),
    "info": (250, 0.13),
}
_QUIET_BAR = {
    "bar": "surface",
    "bar-well": "sunken",
    "bar-hover": "hover",
    "bar-active": "brand-tint-2",
    "bar-line": "line",
    "on-bar": "ink",
    "on-bar-2": "ink-2",
    "on-bar-active": "brand-text",
}


class Palette:
    """One mode being mixed: each colour is solved on those mixed before it."""

    def __init__(self, colour: str, *, dark: bool) -> None:
        self.own = Tone.of(colour)
        self.dark = dark
        self.colours: dict[str, str] = {}
        most, share = (0.014, 0.11) if dark else (0.012, 0.09)
        self.neutral = min(most, share * self.own.chroma)

    def mix(self, accent: str | None, topbar: str) -> dict[str, str]:
        self._mix_grounds()
        self._mix_inks()
        self._mix_statuses()
        if self.dark:
            self._mix_brand_for_dark()
        else:
            self._mix_brand_for_light()
        if self.dark or topbar == "claire":
            self._mix_quiet_bar()
        else:
            self._mix_coloured_bar(topbar)
        self._mix_accent(accent)
        return self.colours

    def _tone(self, lightness: float, chroma: float) -> Tone:
        """A tone of the brand's hue; a grey brand lends no more chroma than it has."""
        if self.own.chroma < _GREY:
            chroma = min(chroma, self.own.chroma)
        return Tone(lightness, chroma, self.own.hue)

    def _status(self, status: str) -> Tone:
        if status == "mute":
            return self._tone(0.52, 0.9 * self.neutral)
        hue, chroma = _STATUS_HUES[status]
        return Tone(0.52, chroma, hue)

    def _set(self, token: str, tone: Tone) -> None:
        self.colours[token] = tone.hex

    def _solve(self, token: str, start: Tone, *, lighter: bool) -> None:
        grounds = [
            (self.colours[ground], ratio)
            for read, behind, ratio in PAIRS
            if read == token
            for ground in behind
        ]
        self._set(token, start.readable_on(grounds, 0.005 if lighter else -0.005))

    def _mix_grounds(self) -> None:
        for token, by_mode in _NEUTRALS.items():
            lightness, times = by_mode[self.dark]
            self._set(token, self._tone(lightness, times * self.neutral))
        self._set("bad-surface", Tone(0.4, 0.13, 25))
        for token, tints in _BRAND_TINTS.items():
            lightness, share, most = tints[self.dark]
            self._set(token, self._tone(lightness, min(most, share * self.own.chroma)))
        for status in STATUSES:
            for shade, tints in _STATUS_TINTS.items():
                lightness, share, most = tints[self.dark]
                tone = self._status(status).at(lightness)
                self._set(f"{status}-{shade}", tone.dulled(share, most))

    def _mix_inks(self) -> None:
        for token, by_mode in _INKS.items():
            lightness, times = by_mode[self.dark]
            start = self._tone(lightness, times * self.neutral)
            self._solve(token, start, lighter=self.dark)

    def _mix_statuses(self) -> None:
        for status in STATUSES:
            tone = self._status(status)
            text = tone.at(0.78).dulled(0.8) if self.dark else tone.at(0.52)
            self._solve(f"{status}-text", text, lighter=self.dark)
            solid = tone.at(0.72 if self.dark else 0.6)
            self._solve(f"{status}-solid", solid, lighter=self.dark)

    def _mix_brand_for_light(self) -> None:
        own = self.own
        self._solve("brand-text", own.at(min(own.lightness, 0.56)), lighter=False)
        marker = own.at(min(0.62, max(0.45, own.lightness)))
        self._solve("brand-ui", marker, lighter=False)
        if own.lightness > 0.75 and contrast(WHITE, own.hex) < 4.5:
            # Nothing is lighter than a near-white: its button darkens instead.
            step = 0.03 if own.lightness <= 0.94 else -0.045
            ink = self._tone(0.28, 0.04)
            self._mix_solid(own, own.shifted(step), own.shifted(2 * step), ink)
        else:
            solid = own.readable_on([(WHITE, 4.5)], -0.005)
            pressed = solid.shifted(-0.045), solid.shifted(-0.09)
            if solid.lightness < 0.25:  # Nor is anything darker than a near-black.
                pressed = solid.at(0.3), solid.at(0.36)
            self._mix_solid(solid, *pressed, Tone(1, 0, 0))
        solid_stands_out = all(
            contrast(self.colours["brand-solid"], self.colours[page]) >= 3
            for page in ("surface", "canvas")
        )
        edge = "brand-solid" if solid_stands_out else "brand-ui"
        self.colours["brand-edge"] = self.colours[edge]

    def _mix_brand_for_dark(self) -> None:
        solid = self._tone(0.745, min(0.13, max(0.06, self.own.chroma)))
        ink = self._tone(0.23, 0.04)
        self._mix_solid(solid, solid.at(0.785), solid.at(0.82), ink)
        self._solve("brand-text", solid.at(0.76), lighter=True)
        for token in ("brand-ui", "brand-edge"):
            self._set(token, solid)

    def _mix_solid(self, rest: Tone, hover: Tone, active: Tone, ink: Tone) -> None:
        self._set("brand-solid", rest)
        self._set("brand-solid-hover", hover)
        self._set("brand-solid-active", active)
        self._solve("on-brand", ink, lighter=False)

    def _mix_quiet_bar(self) -> None:
        for token, same_as in _QUIET_BAR.items():
            self.colours[token] = self.colours[same_as]
        if self.dark:
            self._set("bar", self._tone(0.205, 1.6 * self.neutral))

    def _mix_coloured_bar(self, topbar: str) -> None:
        lightness, chroma, _ = self.own
        if topbar == "couleur":
            bar = self._tone(min(lightness, 0.4), min(chroma, 0.12))
            bar = bar.readable_on([(WHITE, 7)], -0.005)
        else:
            bar = self._tone(0.27, min(chroma, 0.05))
        self._set("bar", bar)
        # A near-black bar can only be dug or lit by going lighter.
        base = bar.at(0.29) if bar.lightness < 0.2 else bar
        self._set("bar-well", base.shifted(-0.055))
        self._set("bar-hover", base.shifted(0.05))
        self._set("bar-active", base.shifted(0.085))
        self._set("bar-line", base.shifted(-0.05))
        self.colours["on-bar"] = self.colours["on-bar-active"] = WHITE
        quiet = self._tone(0.84, min(0.04, 0.4 * chroma))
        self._solve("on-bar-2", quiet, lighter=True)

    def _mix_accent(self, accent: str | None) -> None:
        if accent is None:
            self.colours["accent"] = self.colours["brand-solid"]
            self.colours["on-accent"] = self.colours["on-brand"]
            return
        tone = Tone.of(accent)
        self._set("accent", tone)
        self.colours["on-accent"] = WHITE
        if contrast(WHITE, tone.hex) < 4.5:
            ink = tone.at(0.26)._replace(chroma=min(0.04, tone.chroma))
            self._solve("on-accent", ink, lighter=False)
