"""Addresses that were built before are the right ones wherever they are asked for."""

import uuid

import pytest
from flask import Flask, url_for
from werkzeug.routing import BuildError


def test_an_address_is_below_the_place_that_the_portal_is_mounted_at(
    app: Flask,
) -> None:
    for place in ("", "/portail", ""):
        with app.test_request_context(environ_overrides={"SCRIPT_NAME": place}):
            assert url_for("search.index", q="a") == f"{place}/search?q=a"


def test_values_that_are_equal_and_not_the_same_have_addresses_of_their_own(
    app: Flask,
) -> None:
    with app.test_request_context():
        for value, said in ((1, "1"), (True, "True"), (1.0, "1.0"), (1, "1")):
            assert url_for("search.index", q=value) == f"/search?q={said}"


def test_what_depends_on_the_request_is_built_anew(app: Flask) -> None:
    for host in ("alder.guichet.test", "birch.guichet.test"):
        with app.test_request_context(base_url=f"http://{host}"):
            assert url_for("search.index", _external=True) == f"http://{host}/search"
    here, there = uuid.uuid4(), uuid.uuid4()
    for folder in (here, there):
        with app.test_request_context(f"/companies/dune/folders/{folder}"):
            shown = url_for(".show", slug="dune", folder_id=folder)
            assert shown == f"/companies/dune/folders/{folder}"


def test_several_values_of_one_name_and_unknown_pages_are_told_apart(
    app: Flask,
) -> None:
    with app.test_request_context():
        assert url_for("search.index", q=["a", "b"]) == "/search?q=a&q=b"
        with pytest.raises(BuildError):
            url_for("search.nowhere")
