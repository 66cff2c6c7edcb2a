"""The portal as an application of the phone: it bears the firm's name and mark."""

import io

import pytest
from flask import Flask
from PIL import Image

from app.db import db
from tests.cast import World, browser_at, signed_in


def test_the_manifest_names_the_firm_and_nobody_else(app: Flask, world: World) -> None:
    visitor = browser_at(app, world.alder.firm)
    answer = visitor.get("/manifest.webmanifest")
    assert answer.content_type == "application/manifest+json"
    said = answer.get_json()
    assert said["name"] == world.alder.firm.name
    assert said["display"] == "standalone"
    assert "guichet" not in answer.text.lower()
    for icon in said["icons"]:
        png = Image.open(io.BytesIO(visitor.get(icon["src"]).data))
        assert f"{png.width}x{png.height}" == icon["sizes"]


def test_the_icon_is_of_the_firm_s_colour(app: Flask, world: World) -> None:
    world.birch.firm.brand_colour = "#4b3fc4"
    db.session.commit()
    colours = []
    for firm in (world.alder.firm, world.birch.firm):
        png = browser_at(app, firm).get("/icon.png?side=192").data
        colours.append(Image.open(io.BytesIO(png)).convert("RGB").getpixel((3, 3)))
    assert colours[0] != colours[1]


@pytest.mark.parametrize(
    "path",
    ["/icon.png?side=16", "/icon.png?side=99999", "/icon.png?side=x", "/icon.png"],
)
def test_no_other_size_is_drawn(app: Flask, world: World, path: str) -> None:
    assert browser_at(app, world.alder.firm).get(path).status_code == 404


def test_every_page_leads_to_the_manifest(app: Flask, world: World) -> None:
    page = browser_at(app, world.alder.firm).get("/login").text
    assert 'rel="manifest"' in page
    assert 'rel="apple-touch-icon"' in page
    dora = signed_in(app, world.alder.manager)
    assert 'rel="manifest"' in dora.get("/").text
