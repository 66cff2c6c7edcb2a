"""Whatever is put into a field of whichever form: a page or a sentence, never a fault
of ours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask

from tests.cast import Browser, World, signed_in
from tests.guards import canaries
from tests.guards.crawling import FRAGMENT, addresses
from tests.guards.test_no_trace import values

# None of it is a number, a day or an id that any database holds.
ODD = ("9" * 30, "-1", "a\x00b", "2026-13-45", "\u202eé" * 2000)


@dataclass(frozen=True)
class Form:
    method: str
    path: str
    fields: dict[str, str]
    button: str

    def send(self, browser: Browser, name: str, odd: str, headers: dict[str, str]):  # type: ignore[no-untyped-def]
        typed = {**self.fields, name: odd}
        given = {"data": typed} if self.method == "POST" else {"query_string": typed}
        return browser.open(self.path, method=self.method, headers=headers, **given)


@pytest.mark.parametrize("role", ["admin", "manager", "operator"])
def test_nothing_that_is_put_into_a_form_breaks_it(
    app: Flask, world: World, role: str
) -> None:
    canaries.fill(world)
    person = world.operator if role == "operator" else getattr(world.alder, role)
    browser = signed_in(app, person)
    fields = {
        (form.path, name, form.button): form
        for form in _forms(app, browser, world)
        for name in form.fields
    }
    assert len(fields) > 5
    for number, ((path, name, _), form) in enumerate(fields.items()):
        for odd in ODD:
            answer = form.send(browser, name, odd, FRAGMENT if number % 2 else {})
            assert answer.status_code < 500, (path, name, odd[:40])


def _forms(app: Flask, browser: Browser, world: World) -> Iterator[Form]:
    """Those of each page and part, as the first of everything has them."""
    first = {name: found[:1] for name, found in values(world).items()}
    for _rule, path in addresses(app, "GET", first):
        for headers in ({}, FRAGMENT):
            answer = browser.get(path, headers=headers)
            body = answer.get_data()  # to the end, also of what flows
            if not answer.content_type.startswith("text/html"):
                continue
            page = BeautifulSoup(body, "html.parser")
            for form in page.find_all("form"):
                yield from _ways_to_send(form, path)


def _ways_to_send(form: Tag, page: str) -> Iterator[Form]:
    """By each of its buttons."""
    method = str(form.get("method") or "get").upper()
    fields = _named(form.find_all(["input", "select", "textarea"]))
    for button in form.find_all("button") or [form]:
        to = button.get("formaction") or form.get("action") or page
        pressed = _named([button])
        everything = {**fields, **pressed}
        yield Form(method, urljoin(page, str(to)), everything, str(pressed))


def _named(fields: Iterable[Tag]) -> dict[str, str]:
    return {
        str(field["name"]): str(field.get("value") or "")
        for field in fields
        if field.get("name") not in {None, "csrf_token"}
    }
