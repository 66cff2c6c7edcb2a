"""Any colour a firm may choose gives a portal that can be read."""

import random
import re

import pytest

from app.firms.brand import PAIRS, Brand, Theme, contrast, derive, stylesheet
from app.firms.palette import STATUSES

DURAND = Brand("#14533f", topbar="couleur")
LEFEVRE = Brand("#4b3fc4", accent="#f0883a", topbar="claire")
YELLOW = Brand("#ffd400")
GREY = Brand("#8a8a8a")

TOPBARS = ("claire", "couleur", "foncée")
HARD_COLOURS = (
    *("#000000", "#010101", "#ffffff", "#fefefe", "#8a8a8a", "#777777", "#333333"),
    *("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff"),
    *("#ffd400", "#ffcc00", "#7cb342", "#e2001a", "#35c4e8", "#f0883a", "#fff8e1"),
    *("#14533f", "#4b3fc4", "#000033", "#1a0000", "#808a80"),
)

# The whole vocabulary the style sheets may use.
TOKENS = {
    *("canvas", "surface", "sunken", "hover", "line", "line-strong", "control"),
    *("ink", "ink-2", "ink-3", "ink-surface", "on-ink-surface", "bad-surface"),
    *("brand-solid", "brand-solid-hover", "brand-solid-active", "on-brand"),
    *("brand-edge", "brand-text", "brand-ui", "brand-tint", "brand-tint-2"),
    *("brand-line", "bar", "bar-well", "bar-hover", "bar-active", "bar-line"),
    *("on-bar", "on-bar-2", "on-bar-active", "accent", "on-accent", "on-solid"),
    *(f"{s}-{shade}" for s in STATUSES for shade in ("tint", "line", "text", "solid")),
}


def random_brands(count: int) -> list[Brand]:
    chance = random.Random(2026)  # noqa: S311 - a repeatable draw, not a secret
    colours = [f"#{chance.randrange(1 << 24):06x}" for _ in range(2 * count)]
    return [
        Brand(colours[n], colours[-n] if n % 2 else None, TOPBARS[n % 3])
        for n in range(count)
    ]


def ratio(tokens: dict[str, str], read: str, ground: str) -> float:
    return contrast(tokens[read], tokens[ground])


def illegible(theme: Theme) -> list[str]:
    return [
        f"{mode}: {read} on {ground} is {contrast(tokens[read], tokens[ground]):.2f}"
        for mode, tokens in (("light", theme.light), ("dark", theme.dark))
        for read, grounds, ratio in PAIRS
        for ground in grounds
        if contrast(tokens[read], tokens[ground]) < ratio
    ]


def test_every_pair_keeps_its_ratio_over_five_hundred_random_brands() -> None:
    faults = {brand: illegible(derive(brand)) for brand in random_brands(500)}
    assert not {brand: lines for brand, lines in faults.items() if lines}


@pytest.mark.parametrize("topbar", TOPBARS)
@pytest.mark.parametrize("colour", HARD_COLOURS)
def test_every_pair_keeps_its_ratio_for_a_hard_colour(colour: str, topbar: str) -> None:
    assert illegible(derive(Brand(colour, topbar=topbar))) == []


@pytest.mark.parametrize("accent", HARD_COLOURS)
def test_any_accent_can_be_written_on(accent: str) -> None:
    theme = derive(Brand("#14533f", accent=accent))
    assert theme.light["accent"] == theme.dark["accent"] == accent
    assert illegible(theme) == []


def test_the_rule_is_never_laxer_than_the_law() -> None:
    marks = {"control", "brand-edge", "brand-ui", *(f"{s}-solid" for s in STATUSES)}
    for read, grounds, ratio in PAIRS:
        assert ratio >= (3 if read in marks else 4.5)
        assert {read, *grounds} <= TOKENS
    text = {"ink", "ink-2", "ink-3", "on-brand", "brand-text", "on-bar", "on-bar-2"}
    text |= {"on-bar-active", "on-accent", "on-ink-surface"}
    text |= {f"{status}-text" for status in STATUSES}
    assert {read for read, _, _ in PAIRS} == text | marks
    assert min(ratio for read, _, ratio in PAIRS if read == "ink-2") == 7


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)
    assert contrast("#7f7f7f", "#7f7f7f") == 1


@pytest.mark.parametrize("brand", [DURAND, LEFEVRE, YELLOW, GREY])
def test_both_modes_give_every_token_as_hex(brand: Brand) -> None:
    theme = derive(brand)
    for tokens in (theme.light, theme.dark):
        assert set(tokens) == TOKENS
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in tokens.values())


def test_durand_gives_the_measured_figures() -> None:
    light = derive(DURAND).light
    assert light["brand-solid"] == light["bar"] == "#14533f"
    assert contrast(light["on-brand"], light["brand-solid"]) >= 8.9
    assert ratio(light, "brand-text", "brand-tint-2") == pytest.approx(7.7, abs=0.1)
    assert ratio(light, "on-bar-2", "bar") == pytest.approx(5.7, abs=0.15)


def test_lefevre_gives_the_measured_figures() -> None:
    light = derive(LEFEVRE).light
    assert (light["brand-solid"], light["accent"]) == ("#4b3fc4", "#f0883a")
    assert ratio(light, "on-brand", "brand-solid") == pytest.approx(7.5, abs=0.1)
    assert ratio(light, "brand-text", "brand-tint-2") == pytest.approx(6.3, abs=0.1)
    assert ratio(light, "on-bar-2", "bar") >= 8
    assert ratio(light, "on-accent", "accent") == pytest.approx(6.2, abs=0.1)


def test_a_bright_yellow_takes_dark_ink_and_keeps_its_outline() -> None:
    light = derive(YELLOW).light
    assert light["brand-solid"] == "#ffd400"
    assert ratio(light, "on-brand", "brand-solid") == pytest.approx(10.2, abs=0.15)
    assert ratio(light, "brand-text", "brand-tint-2") == pytest.approx(4.7, abs=0.1)
    assert ratio(light, "brand-edge", "surface") == pytest.approx(3.7, abs=0.1)


@pytest.mark.parametrize("grey", ["#8a8a8a", "#000000", "#ffffff", "#2b2b2b"])
@pytest.mark.parametrize("topbar", TOPBARS)
def test_a_grey_firm_stays_grey(grey: str, topbar: str) -> None:
    theme = derive(Brand(grey, topbar=topbar))
    told_by_status = {f"{s}-" for s in STATUSES if s != "mute"}
    for token, colour in [*theme.light.items(), *theme.dark.items()]:
        if not any(token.startswith(prefix) for prefix in told_by_status):
            assert colour[1:3] == colour[3:5] == colour[5:7], token


@pytest.mark.parametrize("brand", [*random_brands(20), *map(Brand, HARD_COLOURS)])
def test_a_solid_button_answers_the_pointer(brand: Brand) -> None:
    theme = derive(brand)
    for tokens in (theme.light, theme.dark):
        rest, hover = tokens["brand-solid"], tokens["brand-solid-hover"]
        assert contrast(rest, hover) >= 1.06
        assert contrast(hover, tokens["brand-solid-active"]) >= 1.06


@pytest.mark.parametrize("colour", HARD_COLOURS)
def test_the_well_of_a_coloured_bar_can_be_seen(colour: str) -> None:
    light = derive(Brand(colour, topbar="couleur")).light
    assert contrast("#ffffff", light["bar"]) >= 7
    assert contrast(light["bar"], light["bar-well"]) >= 1.1


def test_a_status_keeps_its_hue_under_every_brand() -> None:
    tints = {derive(brand).light["ok-tint"] for brand in random_brands(20)}
    assert tints == {derive(DURAND).light["ok-tint"]}


def test_without_an_accent_the_brand_stands_in() -> None:
    theme = derive(DURAND)
    for tokens in (theme.light, theme.dark):
        assert tokens["accent"] == tokens["brand-solid"]
        assert tokens["on-accent"] == tokens["on-brand"]


def test_letter_case_changes_nothing() -> None:
    assert derive(Brand("#4B3FC4", "#F0883A", "claire")) == derive(LEFEVRE)


def test_the_style_sheet_holds_only_hex_and_numbers() -> None:
    sheet = stylesheet(derive(LEFEVRE))
    values = re.findall(r":([^:;{}]+)(?=[;}])", sheet)
    plain = r"#[0-9a-f]{6}|\d{1,3},\d{1,3},\d{1,3}|light|dark"
    assert len(values) > 3 * len(TOKENS)
    assert [value for value in values if not re.fullmatch(plain, value)] == []


def test_the_style_sheet_speaks_light_dark_and_the_devices_choice() -> None:
    theme = derive(DURAND)
    light, dark, auto = stylesheet(theme).splitlines()
    assert light.startswith(":root,[data-bs-theme=light]{--")
    assert dark.startswith("[data-bs-theme=dark]{--")
    assert auto.startswith("@media (prefers-color-scheme: dark){")
    assert ":root[data-bs-theme=auto]{--" in auto
    for line, tokens in ((light, theme.light), (dark, theme.dark), (auto, theme.dark)):
        assert f"--canvas:{tokens['canvas']};" in line
        assert f"--bs-body-bg:{tokens['canvas']};" in line


def test_bootstrap_reads_the_brand_with_its_channels() -> None:
    light = stylesheet(derive(DURAND)).splitlines()[0]
    assert "--bs-primary:#14533f;--bs-primary-rgb:20,83,63;" in light
    assert "--bs-link-color-rgb:20,83,63;" in light
    assert light.endswith("color-scheme:light}")


@pytest.mark.parametrize(
    "colour",
    ["", "14533f", "#14533", "#14533ff", "#14533g", "#14533f\n", "red", "#fff;}*{"],
)
def test_a_colour_not_written_rrggbb_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        Brand(colour)
    with pytest.raises(ValueError, match="#rrggbb"):
        Brand("#14533f", accent=colour)


def test_an_unknown_top_bar_is_refused() -> None:
    with pytest.raises(ValueError, match="claire"):
        Brand("#14533f", topbar="rayée")
