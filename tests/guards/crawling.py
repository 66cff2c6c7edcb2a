"""Everything that a person can get: by reading links, and by the table of routes."""

import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.routing import Rule

from tests.cast import Browser

# What was told: «METHOD host path» → status line, headers and body.
Told = dict[str, str]
Values = dict[str, list[str]]

LINK = re.compile(
    r"(?:href|action|formaction|src|hx-(?:get|post|put|patch|delete)|data-[\w-]+)"
    r'="([^"]+)"'
)
FRAGMENT = {"HX-Request": "true"}
ENDS_THE_VISIT = ("people.logout", "people.login_create")
MANY = 800


def read(browser: Browser, told: Told, path: str, **options: Any) -> tuple[str, str]:
    """Ask for it and keep every byte; gives the body, and where it leads."""
    method = options.pop("method", "GET")
    answer = browser.open(path, method=method, **options)
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    body = answer.get_data().decode("utf-8", "replace")
    kind = "part" if "HX-Request" in options.get("headers", {}) else "page"
    host = options.get("base_url", browser.host)
    key = f"{method} {host} {path} ({kind} {len(told)}) {answer.status_code}"
    text = f"{answer.status}\n{head}\n{body}"
    for asked in (quote(path), quote(path, safe="")):
        text = text.replace(f"next={asked}", "next=")  # their own words, said back
    told[key] = text
    return body, answer.location or ""


def follow_links(browser: Browser, told: Told, start: Iterable[str] = ("/",)) -> None:
    """Every page and fragment that reading leads to, and the files these load."""
    seen = set[str]()
    waiting = deque(start)
    while waiting and len(seen) < MANY:
        path = waiting.popleft()
        if path in seen:
            continue
        seen.add(path)
        for headers in ({}, FRAGMENT) if not path.startswith("/static/") else ({},):
            body, location = read(browser, told, path, headers=headers)
            waiting.extend(p for p in (location, *links(body)) if _is_ours(p))
    assert not waiting, f"more than {MANY} addresses: the walk is not complete"


def links(text: str) -> list[str]:
    return [url.replace("&amp;", "&").partition("#")[0] for url in LINK.findall(text)]


def _is_ours(path: str) -> bool:
    return path.startswith("/") and not path.startswith(("//", "/logout"))


def addresses(app: Flask, method: str, values: Values) -> Iterator[tuple[Rule, str]]:
    """Each rule that answers to the method, filled with each of the values.

    An argument that nobody told of here gets everything under "any".
    """
    for rule in app.url_map.iter_rules():
        if method not in (rule.methods or set()) or rule.endpoint == "static":
            continue
        if rule.endpoint in ENDS_THE_VISIT:
            continue
        names = re.findall(r"<(?:[^:<>]+:)?(\w+)>", rule.rule)
        for chosen in product(*(values.get(n, values["any"]) for n in names)):
            path = rule.rule
            for name, value in zip(names, chosen, strict=True):
                path = re.sub(rf"<(?:[^:<>]+:)?{name}>", value, path)
            yield rule, path


def try_everything(
    app: Flask, browser: Browser, told: Told, values: Values, **options: Any
) -> None:
    """Every GET rule as a page; with the first values as all else that it may be."""
    for _rule, path in addresses(app, "GET", values):
        read(browser, told, path, **options)
    for _rule, path in addresses(app, "GET", _first(values)):
        read(browser, told, path, headers=FRAGMENT, **options)
        for method in ("HEAD", "POST", "DELETE", "OPTIONS"):
            read(browser, told, path, method=method, **options)


def post_everything(
    app: Flask, browser: Browser, told: Told, values: Values, fields: dict[str, str]
) -> None:
    """Every POST rule, with what its forms may hold, with nothing, with too much."""
    for _rule, path in addresses(app, "POST", _first(values)):
        for headers in ({}, FRAGMENT):
            empty = (io.BytesIO(b""), "vide.pdf")
            for data in (fields, {}, {**fields, "file": empty}):
                read(browser, told, path, method="POST", data=data, headers=headers)
        much = {"q": "x" * 1_100_000}
        read(browser, told, path, method="POST", data=much)


def _first(values: Values) -> Values:
    return {name: found[:1] for name, found in values.items()}
