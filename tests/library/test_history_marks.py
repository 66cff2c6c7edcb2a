"""Whatever a document's history tells has its mark."""

import inspect
import re

import pytest
from flask import Flask

from app.activity import reading
from app.activity.icons import ICONS
from app.activity.models import Entry
from tests.cast import World, signed_in

WORDS = set(re.findall(r'"([a-z_]+)"', inspect.getsource(reading)))


def told(verb: str) -> bool:
    entry = Entry(verb=verb, details={}, is_firm_only=False)
    return bool(reading._text(entry, "Ada", firm_side=True))


def test_each_verb_that_is_told_has_one(app: Flask) -> None:
    with app.test_request_context(base_url="http://alder.guichet.test"):
        assert {word for word in WORDS if told(word)} == set(ICONS)


@pytest.mark.parametrize("who", ["staff", "manager"])
def test_it_stands_before_its_line(app: Flask, world: World, who: str) -> None:
    done = world.alder.drop()
    page = signed_in(app, getattr(world.alder, who)).get(
        f"/documents/{done.document.id}"
    )
    assert re.search(
        r'<ol class="history">\s*<li>\s*<span class="feed-mark">.*?#upload"',
        page.text,
        re.S,
    )
