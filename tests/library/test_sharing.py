"""What the phone shares to the portal lands in «À classer»; nothing from elsewhere."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.library.models import Document, Folder
from app.seed import one_page_pdf
from tests.cast import Browser, World, browser_at, signed_in


def share(browser: Browser, site: str | None = "none") -> Any:
    files = [
        (io.BytesIO(one_page_pdf("first")), "Ticket.pdf"),
        (io.BytesIO(one_page_pdf("second")), "Ticket.pdf"),
    ]
    headers = {"Sec-Fetch-Site": site} if site else {}
    return browser.post("/share", data={"file": files}, headers=headers)


def kept() -> list[tuple[str, str, str]]:
    found = db.session.execute(
        select(Document.name, Folder.kind, Document.channel)
        .join(Folder, Folder.id == Document.folder_id)
        .order_by(Document.id)
    )
    return [(row[0], row[1], row[2]) for row in found]


def test_what_is_shared_lands_in_the_inbox_and_is_told(
    app: Flask, world: World
) -> None:
    answer = share(signed_in(app, world.alder.manager))
    assert answer.status_code == 200
    assert "Ticket (2).pdf" in answer.text
    assert kept() == [
        ("Ticket.pdf", "inbox", "phone"),
        ("Ticket (2).pdf", "inbox", "phone"),
    ]


@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_another_site_shares_nothing(app: Flask, world: World, site: str) -> None:
    assert share(signed_in(app, world.alder.manager), site).status_code == 400
    assert kept() == []


def test_signed_out_nothing_is_kept_and_that_is_said(app: Flask, world: World) -> None:
    visitor = browser_at(app, world.alder.firm)
    answer = share(visitor)
    assert (answer.status_code, kept()) == (303, [])
    assert "partagez à nouveau" in visitor.get("/login").text


def test_the_firm_s_people_do_not_share(app: Flask, world: World) -> None:
    assert share(signed_in(app, world.alder.admin)).status_code == 404


def test_nothing_shared_is_told(app: Flask, world: World) -> None:
    dora = signed_in(app, world.alder.manager)
    empty = dora.post("/share", data={}, headers={"Sec-Fetch-Site": "none"})
    assert empty.status_code in {400, 422}
    assert "</html>" in empty.text
