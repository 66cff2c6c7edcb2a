"""What other products did in the browser (bugs.md, B54, B66, B69), asked of ours."""

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.test_depositing import answers_are_lost
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey

MANY = 120
ALL_STATES = """() => [...document.querySelectorAll("#depots [data-state]")]
  .map((row) => row.dataset.state)"""
STORED = """() => JSON.stringify([{...localStorage}, {...sessionStorage}])"""
COUNTED = """
    from sqlalchemy import func, select
    from app.db import db
    from app.library.models import Document
    like = Document.name.like("Lot %")
    counts = db.session.execute(select(
        func.count(), func.count(Document.name.distinct()),
        func.count(Document.sha256.distinct())).where(like)).one()
    assert tuple(counts) == ({many},) * 3, counts
"""


def states(visitor: Visitor) -> Counter[str]:
    return Counter(visitor.page.evaluate(ALL_STATES))


def wait_for(visitor: Visitor, is_so: Callable[[Counter[str]], bool]) -> None:
    """Looks from outside: the page's own rules let nothing be evaluated in it."""
    until = time.monotonic() + 120
    while not is_so(states(visitor)):
        assert time.monotonic() < until, states(visitor)
        visitor.page.wait_for_timeout(30)


def nothing_is_live(seen: Counter[str]) -> bool:
    return not seen["waiting"] + seen["sending"] + seen["checking"]


def test_b54_many_files_cut_in_the_middle_are_each_there_once(visit: Visit) -> None:
    """After the first half some arrive but their answers are lost, and the rest finds
    no line at all."""
    karim = visit("karim")
    karim.open("garage-roux", "Administratif")
    files = [pdf(f"Lot {number:03}.pdf") for number in range(MANY)]
    karim.drop(*files)
    wait_for(karim, lambda seen: seen["ok"] >= MANY // 10)
    seen = states(karim)
    assert seen["sending"] + seen["checking"] <= 3
    # The page obeys meanwhile.
    menu = karim.page.locator("summary").filter(has_text="Compte de")
    for is_open in (True, False):
        menu.click()
        leave = karim.page.get_by_role("button", name="Se déconnecter")
        expect(leave).to_be_visible(visible=is_open)
    wait_for(karim, lambda seen: seen["ok"] >= MANY // 2)
    with answers_are_lost(karim):
        wait_for(karim, lambda seen: seen["cut"] >= 6)
        karim.context.set_offline(True)
        wait_for(karim, nothing_is_live)
        seen = states(karim)
        assert seen["ok"] + seen["cut"] == MANY, seen
        names = karim.page.locator("#depots [data-state=cut] .deposit-name")
        told = [name.strip() for name in names.all_text_contents()]
        assert len(set(told)) == seen["cut"]
        assert set(told) <= {file.name for file in files}
        # Coming back, the page tries by itself; cut again, a person says when.
        karim.context.set_offline(False)
        wait_for(karim, lambda seen: not nothing_is_live(seen))
        wait_for(karim, nothing_is_live)
    again = karim.page.locator("[data-tray-retry]")
    expect(again).to_be_visible()
    again.click()
    wait_for(karim, lambda seen: seen["ok"] == MANY)
    expect(again).to_be_hidden()
    karim.house.python(COUNTED.format(many=MANY))


def is_whole(visitor: Visitor, heading: Any) -> None:
    """A page with its frame and its styles, and not the bare part of one."""
    expect(heading).to_be_visible()
    expect(visitor.page.locator("summary").filter(has_text="Compte de")).to_be_visible()
    assert visitor.page.title()
    styles = "getComputedStyle(document.body).fontFamily"
    assert visitor.page.evaluate(styles) != "serif"
    assert visitor.page.locator("html > body > *").count() > 1


def test_b66_back_and_forward_show_whole_pages(visit: Visit) -> None:
    claire = visit("claire")
    claire.open_purchases("dupont-maconnerie")
    folder, heading = claire.page.url, claire.page.locator("h1")
    file = pdf("Aller et retour.pdf")
    claire.drop(file)
    claire.row(file.name).get_by_role("link").first.click()
    document = claire.page.url
    assert "/documents/" in document
    is_whole(claire, heading)
    claire.page.go_back()
    assert claire.page.url == folder
    is_whole(claire, claire.title)
    claire.page.go_back()
    is_whole(claire, claire.title)
    claire.page.go_forward()
    expect(claire.title).to_have_text("Achats")
    is_whole(claire, claire.title)
    claire.page.go_forward()
    assert claire.page.url == document
    is_whole(claire, heading)
    claire.page.reload()
    is_whole(claire, heading)


def test_b66_a_list_that_was_narrowed_comes_back_whole(visit: Visit) -> None:
    """Where htmx itself writes the history."""
    claire = visit("claire")
    claire.page.goto(claire.url("/deliveries"))
    heading = claire.page.locator("h1")
    for days in ("30", "365"):
        claire.page.locator("select[name=days]").select_option(days)
        expect(claire.page).to_have_url(re.compile(f"days={days}"))
    claire.page.goto(claire.url("/companies"))
    is_whole(claire, heading)
    claire.page.go_back()
    expect(claire.page).to_have_url(re.compile("days=365"))
    is_whole(claire, heading)
    claire.page.go_back()
    expect(claire.page).to_have_url(re.compile("days=30"))
    is_whole(claire, heading)
    claire.page.reload()
    is_whole(claire, heading)


def test_b69_nothing_that_was_seen_stays_in_the_browser(visit: Visit) -> None:
    paul = visit()
    paul.sign_in("paul@dupont-maconnerie.example")
    paul.open("dupont-maconnerie", "À classer")
    expect(paul.row("Scan du courrier.pdf")).to_be_visible()
    paul.row("Scan du courrier.pdf").get_by_role("link").first.click()
    paul.page.go_back()
    assert "Scan" not in paul.page.evaluate(STORED)
    assert paul.page.evaluate("async () => (await caches.keys()).length") == 0
    paul.page.locator("summary").filter(has_text="Compte de").click()
    paul.page.get_by_role("button", name="Se déconnecter").click()
    expect(paul.page).to_have_url(paul.url("/login"))
    for _ in range(3):
        paul.page.go_back()
        expect(paul.page.get_by_label("Mot de passe")).to_be_visible()
        assert "Scan du courrier" not in paul.page.content()
    assert not re.search("compan|document|folder", paul.page.evaluate(STORED))
