"""A client never learns that booking is automated: every byte that they get is read."""

import re
from collections import deque

import pytest
from flask import Flask

from app.db import db
from app.delivery.models import STATES
from tests.cast import Browser, World, signed_in

# Said of the firm's side only. The canaries are data put in every such column.
SECRET = re.compile(
    r"quickbooks|qbodocs|dext\b|hatch|\bcab-|connect(?:eur|or|ion)\b|"
    r"\bautomates?\b|automaton|\btick\b|deliver|message-id|cabinet\.(?:css|js)|"
    r"prochain passage|à transmettre|nouvel essai|en attente|à vérifier|envoi…|"
    r"(?<!\.)guichet(?!\.test)|@tool\.test|canary",
    re.IGNORECASE,
)
SKIPPED = ("/static/", "/logout", "#", "data:")


def links(text: str) -> list[str]:
    found = re.findall(r'(?:href|action|hx-get|hx-post|src)="([^"]+)"', text)
    return [url.replace("&amp;", "&") for url in found if not url.startswith(SKIPPED)]


def crawl(browser: Browser) -> dict[str, str]:
    """Every page and fragment that can be reached by reading, with its headers."""
    seen: dict[str, str] = {}
    waiting = deque(["/"])
    while waiting and len(seen) < 300:
        url = waiting.popleft()
        if url in seen:
            continue
        seen[url] = ""
        for headers in ({}, {"HX-Request": "true"}):
            answer = browser.get(url, headers=headers)
            head = "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
            is_text = "text" in (answer.content_type or "")
            body = answer.text if is_text else ""
            seen[url] += head + "\n" + body
            if answer.location:
                waiting.append(answer.location)
            waiting.extend(links(body))
    return seen


@pytest.fixture
def busy(world: World) -> World:
    """A company with a delivery in every state, each full of what must not show."""
    house = world.alder
    house.switch("on")
    for state in STATES:
        [delivery] = house.drop(f"Facture {STATES.index(state)}.pdf").deliveries
        delivery.state = state
        delivery.reason = "canary"
        delivery.last_text = "250 canary"
        delivery.destination = "canary@tool.test"
    house.connect().destinations[0].refusal = "550 canary"
    db.session.commit()
    return world


@pytest.mark.parametrize("role", ["manager", "user"])
def test_no_page_nor_fragment_tells(app: Flask, busy: World, role: str) -> None:
    seen = crawl(signed_in(app, getattr(busy.alder, role)))
    assert len(seen) > 40
    told = {url: SECRET.findall(text) for url, text in seen.items()}
    assert {url: words for url, words in told.items() if words} == {}


def test_the_same_walk_by_staff_does_find_them(app: Flask, busy: World) -> None:
    """The words are there to be found: the test above can fail."""
    seen = crawl(signed_in(app, busy.alder.staff))
    words = {
        match[0].lower() for text in seen.values() for match in SECRET.finditer(text)
    }
    assert {"quickbooks", "hatch", "canary", "prochain passage"} & words


def test_what_a_client_posts_is_answered_without_a_word(
    app: Flask, busy: World
) -> None:
    dora = signed_in(app, busy.alder.manager)
    page = dora.get(f"/companies/{busy.alder.dune.slug}", follow_redirects=True).text
    for url in set(re.findall(r'action="([^"]+)"', page)):
        if url != "/logout":
            answer = dora.post(url, headers={"HX-Request": "true"})
            assert not SECRET.search(answer.text), url
