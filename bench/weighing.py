"""P21: what a browser loads for the folder page, by the page's own links."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from bench.measuring import Result
from bench.portal import HOST, Portal

A_DAY = 24 * 3600
SQUEEZED = {"font", "image"}
MOST = {"html": 12.0, "js": 60.0, "css": 45.0, "font": 60.0}  # kB, gzip
MOST_FIRST, MOST_LATER = 14, 2


@dataclass(frozen=True)
class Loaded:
    """One answer: its weight in kB compressed, and whether it is kept for good."""

    path: str
    kind: str
    text: str
    weight: float
    is_compressed: bool
    is_kept: bool


def p21(portal: Portal) -> Iterator[Result]:
    page, *others = _everything(portal)
    weights = dict.fromkeys((*MOST, "image", "other"), 0.0)
    for one in (page, *others):
        weights[one.kind] += one.weight
    later = [one for one in (page, *others) if not one.is_kept]
    first = 1 + len(others)
    raw = [one.path for one in (page, *others) if not one.is_compressed]
    yield Result(
        id="P21",
        value=sum(weights.values()),
        baseline=None,
        ratio=None,
        unit="kB gzip",
        target="html <= 12, js <= 60, css <= 45, font <= 60 kB; "
        "<= 14 requests, later <= 2",
        ok=all(weights[kind] <= most for kind, most in MOST.items())
        and first <= MOST_FIRST
        and len(later) <= MOST_LATER,
        also={
            **{f"{kind}_kb": weight for kind, weight in weights.items()},
            "requests": first,
            "later_requests": len(later),
            "asked_again": " ".join(one.path for one in later),
            "sent_uncompressed": " ".join(raw),
        },
    )


def _everything(portal: Portal) -> list[Loaded]:
    page = _load(portal, portal.path(portal.big))
    found = [page]
    waiting = list(_linked(page))
    parts = set(re.findall(r'hx-get="([^"]+)"', page.text))
    while waiting:
        path = waiting.pop(0)
        if path in {one.path for one in found}:
            continue
        one = _load(portal, path, is_part=path in parts)
        found.append(one)
        if one.kind == "css":
            waiting += _in_css(one)
    return found


def _load(portal: Portal, path: str, *, is_part: bool = False) -> Loaded:
    headers = {"Accept-Encoding": "gzip"}
    if is_part:
        headers["HX-Request"] = "true"
    answer = portal.visitor().get(path, base_url=f"http://{HOST}", headers=headers)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    body = answer.data
    is_gzip = answer.headers.get("Content-Encoding") == "gzip"
    plain = gzip.decompress(body) if is_gzip else body
    kind = _kind(answer.mimetype or "")
    is_squeezed = is_gzip or kind in SQUEEZED  # by what it is
    squeezed = body if is_squeezed else gzip.compress(plain, 6)
    cached = answer.cache_control
    return Loaded(
        path,
        kind,
        "" if kind in SQUEEZED else plain.decode(),
        len(squeezed) / 1000,
        is_squeezed,
        (cached.max_age or 0) >= A_DAY and not cached.no_cache,
    )


def _kind(mimetype: str) -> str:
    if "javascript" in mimetype:
        return "js"
    known = {"text/html": "html", "text/css": "css", "font/woff2": "font"}
    return known.get(mimetype, "image" if mimetype == "image/png" else "other")


def _linked(page: Loaded) -> Iterator[str]:
    """What is fetched without anybody asking, fragments included."""
    soup = BeautifulSoup(page.text, "html.parser")
    for tag in soup.select("link[href], script[src], img[src], use[href], [hx-get]"):
        if tag.name == "link" and not _is_loaded(tag):
            continue
        if tag.has_attr("hx-get"):
            if "load" in str(tag.get("hx-trigger", "")).split():
                yield str(tag["hx-get"])
            continue
        url = str(tag.get("href") or tag.get("src"))
        if not url.startswith(("data:", "#")):
            yield url.partition("#")[0]


def _is_loaded(link: Tag) -> bool:
    return bool({"stylesheet", "preload", "icon"} & set(link.get_attribute_list("rel")))


def _in_css(sheet: Loaded) -> Iterator[str]:
    """Imports always; fonts and pictures as if all were used, but for other scripts."""
    for url in re.findall(r"url\(['\"]?([^'\")]+)", sheet.text):
        if not url.startswith("data:"):
            yield urlsplit(urljoin(sheet.path, url)).path
