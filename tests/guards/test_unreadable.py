"""What no column can hold is refused with a sentence, wherever it is typed."""

import pytest
from flask import Flask

from app.db import db
from tests.cast import World, signed_in

HUGE = "9" * 30


@pytest.mark.parametrize(
    "path",
    [
        "/apps?q=%00",
        "/apps/quickbooks?q=%00",
        f"/apps/quickbooks?page={HUGE}",
        "/apps/connections?q=%00",
        "/apps/mail?company=%00",
        "/deliveries?q=%00&company=%00",
        "/companies/%00",
        f"/companies?page={HUGE}",
    ],
)
def test_an_address_with_what_cannot_be_is_no_fault_of_ours(
    app: Flask, world: World, path: str
) -> None:
    world.alder.connect()
    answer = signed_in(app, world.alder.admin).get(path)
    assert answer.status_code in {200, 404, 422}, path


def test_a_form_with_a_nul_is_refused_with_a_sentence(app: Flask, world: World) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite keeps it")
    ada = signed_in(app, world.alder.admin)
    answer = ada.post("/apps/new", data={"name": "a\x00b", "types": "any"})
    assert answer.status_code in {422, 303}
    assert "problème de notre côté" not in answer.text


@pytest.mark.parametrize("seen", ["http://[", "//[::1", "http://[x]/a"])
def test_where_a_page_says_to_be_that_is_no_address_is_no_fault_of_ours(
    app: Flask, world: World, seen: str
) -> None:
    """An act that was done is not answered as one that failed."""
    ada = signed_in(app, world.alder.admin)
    headers = {"HX-Request": "true", "HX-Current-URL": seen, "Referer": seen}
    document = world.alder.drop().document
    act = f"/documents/{document.id}/rename?from=list"
    done = ada.post(act, data={"name": "x.pdf"}, headers=headers)
    assert done.status_code < 400, done.text
    chosen = ada.post("/preferences", data={"locale": "fr"}, headers=headers)
    assert (chosen.status_code, chosen.location) == (303, "/")
    assert ada.get("/companies/search?q=a", headers=headers).status_code in {200, 404}
    out = app.test_client().get(
        "/companies", base_url="http://alder.guichet.test", headers=headers
    )
    assert (out.status_code, out.headers["HX-Redirect"]) == (401, "/login")
