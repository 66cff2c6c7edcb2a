"""What holds for every template."""

import re
from pathlib import Path

from flask import Flask

from app.bundles import BUNDLES

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "app/templates"
CLIENTS_BUNDLES = ("page.css", "page.js", "library.js")


def pages() -> dict[str, str]:
    return {
        str(path.relative_to(TEMPLATES)): path.read_text(encoding="utf-8")
        for path in TEMPLATES.rglob("*.html")
    }


def test_every_template_compiles(app: Flask) -> None:
    for name in pages():
        app.jinja_env.get_template(name)


def test_every_page_has_a_title() -> None:
    for name, text in pages().items():
        if '{% extends "base.html" %}' in text:
            assert "{% block title %}" in text, name


def test_no_style_nor_script_stands_in_a_template() -> None:
    for name, text in pages().items():
        assert not re.search(r"\son\w+=|hx-on", text), name
        # A mail brings its own styles: it fetches nothing.
        if name != "notices/letter.html":
            assert not re.search(r"\sstyle=|<style", text), name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), name


def test_nothing_is_marked_safe() -> None:
    for name, text in pages().items():
        assert not re.search(r"\|\s*safe\b|autoescape", text), name


def test_what_clients_load_knows_nothing_of_the_firm_s_side() -> None:
    secret = r"hatch|\bcab-|connector|connecteur|automat|quickbooks|\bticks?\b|deliver"
    bundled = [part for name in CLIENTS_BUNDLES for part in BUNDLES[name]]
    own = [name for name in bundled if name.startswith(("css/", "js/"))]
    assert len(own) > 10
    for name in [*own, "css/home.css", "css/pages.css", "js/early.js", "js/pages.js"]:
        text = (ROOT / "app/static" / name).read_text(encoding="utf-8")
        assert not re.search(secret, text, re.IGNORECASE), name


def test_no_style_looks_into_the_whole_page() -> None:
    """A change of focus would then cost every element its style that any `:has()` is
    about: 240 of them for the menu of one row, on a phone."""
    for path in (ROOT / "app/static/css").glob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"(body|html|:root|\.shell|\.library)[^\s,{]*:has\(", text
        ), path.name
