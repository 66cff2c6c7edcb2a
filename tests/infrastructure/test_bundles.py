"""Style sheets and scripts as few files, kept for ever; pages without indentation."""

import gzip
import re

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.bundles import BUNDLES
from tests.cast import Browser, House, World, signed_in


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def folder_of(house: House) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder().id}"


def bundles_of(browser: Browser, path: str) -> dict[str, str]:
    """By name: the addresses that the page loads."""
    soup = BeautifulSoup(browser.get(path).text, "html.parser")
    links = [str(tag["href"]) for tag in soup.select("link[rel=stylesheet]")]
    links += [str(tag["src"]) for tag in soup.select("script[src]")]
    return {
        link.rsplit("/", 1)[1].partition("?")[0]: link
        for link in links
        if link.startswith("/bundles/")
    }


def test_a_bundle_is_kept_for_ever_under_the_address_that_the_page_gives(
    app: Flask, house: House
) -> None:
    staff = signed_in(app, house.staff)
    found = bundles_of(staff, folder_of(house))
    assert set(found) == set(BUNDLES)
    for address in found.values():
        answer = staff.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Cache-Control"].endswith("immutable")
        assert "accept-encoding" in answer.vary.as_set()
        squeezed = gzip.decompress(answer.data)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert staff.get(address).data == squeezed
        older = re.sub(r"v=\w+", "v=0", address)
        assert staff.get(older).headers["Cache-Control"] == "no-cache"


def test_a_client_loads_nothing_of_the_firm_s(app: Flask, house: House) -> None:
    client = signed_in(app, house.manager)
    found = bundles_of(client, folder_of(house))
    assert set(found) == {"page.css", "page.js", "library.js"}
    everything = "".join(client.get(address).text for address in found.values())
    assert "cab-" not in client.get(found["library.js"]).text
    assert "cab-switch" not in everything


def test_words_of_a_script_come_in_the_language_of_the_page(
    app: Flask, house: House
) -> None:
    staff = signed_in(app, house.staff)
    french = bundles_of(staff, folder_of(house))["library.js"]
    staff.set_cookie("locale", "en", domain="alder.guichet.test")
    english = bundles_of(staff, folder_of(house))["library.js"]
    assert french != english
    assert "Mettre à la corbeille" in staff.get(french).text
    assert "Put in the trash" in staff.get(english).text
    for page in (french, english):
        assert "csrf" not in staff.get(page).text.partition("(() =>")[0]


def test_the_font_is_found_from_the_bundle(app: Flask, house: House) -> None:
    staff = signed_in(app, house.staff)
    sheet = staff.get(bundles_of(staff, folder_of(house))["page.css"]).text
    [font] = re.findall(r"url\(([^)]+\.woff2)\)", sheet)
    assert staff.get(font).status_code == 200


@pytest.mark.parametrize("path", ["/bundles/fr/other.js", "/bundles/xx/page.js"])
def test_others_are_not_found(app: Flask, house: House, path: str) -> None:
    assert signed_in(app, house.staff).get(path).status_code == 404


def test_a_page_carries_no_indentation_of_its_templates(
    app: Flask, house: House
) -> None:
    page = signed_in(app, house.staff).get(folder_of(house)).text
    assert not re.search(r"\n +<(?!/?(svg|use|span))", page)
