"""Looking at a page as its readers do: with assistive technology, in the dark, on a
phone, with the narrowest of them."""

import os
import re
from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.delivery.processes import ROOT

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROWEST = 360
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# In the dark only the colours are others.
OPTIONS: dict[str, Any] = {
    "light": {"runOnly": {"type": "tag", "values": RULES}},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}
ASK = "options => axe.run(document, {...options, resultTypes: ['violations']})"
# What sticks out of the page to the right, and is not inside something that scrolls.
STICKING_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
    .filter((one) => !one.closest(".table-scroller, .drawer, .visually-hidden"))
    .map((one) => `${one.tagName}.${one.className}`)
    .slice(0, 5).concat(`wide: ${document.documentElement.scrollWidth}`)"""


@cache
def axe() -> str:
    return (ROOT / "node_modules/axe-core/axe.min.js").read_text()


def violations(page: Page, scheme: str) -> list[str]:
    """«rule: element (why)» for each."""
    page.evaluate(axe())
    found = page.evaluate(ASK, OPTIONS[scheme])["violations"]
    return [
        f"{one['id']}: {node['target']} ({_one_line(node['failureSummary'])})"
        for one in found
        for node in one["nodes"]
    ]


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:200]


def wear(page: Page, scheme: str, size: dict[str, int]) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size(size)  # type: ignore[arg-type]


def faults(page: Page, name: str) -> list[str]:
    """Of the page in two lights and two sizes; leaves a picture of each in the folder
    that SCREENSHOTS names."""
    found = []
    for scheme in ("light", "dark"):
        for device, size in (("desk", DESK), ("phone", PHONE)):
            wear(page, scheme, size)
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name}-{device}-{scheme}.png")
            found += [f"{device} {scheme} {v}" for v in violations(page, scheme)]
    wear(page, "light", {"width": NARROWEST, "height": 740})
    found += [f"at {NARROWEST}: {one}" for one in page.evaluate(STICKING_OUT)]
    wear(page, "light", DESK)
    return found
