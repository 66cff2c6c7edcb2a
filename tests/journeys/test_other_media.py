"""On paper, and in colours that the person has chosen for the whole system."""

import pytest

from tests.journeys.conftest import Visit

pytestmark = pytest.mark.journey
A4 = 794
COLOUR = "one => getComputedStyle(one).backgroundColor"
KNOB = "one => getComputedStyle(one, '::before').backgroundColor"


def test_a_printed_journal_tells_what_became_of_each(visit: Visit) -> None:
    claire = visit("claire")
    page = claire.page
    page.goto(claire.url("/deliveries"))
    page.set_viewport_size({"width": A4, "height": 1123})
    page.emulate_media(media="print")
    badges = page.locator(".journal-badge .badge")
    assert badges.count()
    for badge in badges.all():
        box = badge.bounding_box()
        assert box
        assert box["x"] + box["width"] <= A4
        label = badge.locator("span").first
        assert label.evaluate("one => one.scrollWidth <= one.clientWidth + 1")


def test_what_is_current_or_on_is_seen_in_the_person_s_own_colours(
    visit: Visit,
) -> None:
    claire = visit("claire")
    claire.open_busiest_month()
    page = claire.page
    page.emulate_media(forced_colors="active")
    plain = page.locator(".brand").evaluate(COLOUR)
    for selector in (
        "nav [aria-current]",
        "#tree [aria-current]",
        ".pill[aria-current]",
    ):
        assert page.locator(selector).first.evaluate(COLOUR) != plain, selector
    page.goto(claire.url("/apps/quickbooks"))
    canvas = page.locator(".brand").evaluate(COLOUR)
    toggles = page.locator("input.toggle")
    for toggle in toggles.all():
        assert toggle.evaluate(KNOB) not in {canvas, "rgb(255, 255, 255)"}
