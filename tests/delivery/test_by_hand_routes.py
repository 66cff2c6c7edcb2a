"""«Transmettre»: what was there before the switch leaves when a person sends it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors import finding
from app.connectors.models import Connection
from app.db import db
from app.delivery import routes
from app.delivery.models import Delivery
from app.library import judging
from app.library.models import Document, Version
from app.library.receiving import receive
from app.library.replacing import replace
from app.library.trashing import trash_document
from tests.cast import World, signed_in
from tests.conftest import POSTGRES
from tests.papers import one_page_pdf


def test_staff_send_a_document_by_hand(app: Flask, world: World) -> None:
    house = world.alder
    before = house.drop("avant.pdf")
    connection = house.connect()
    ada = signed_in(app, house.admin)
    url = f"/documents/{before.document.id}"
    assert "Transmettre à QuickBooks" in ada.get(url).text
    for _ in range(2):  # a double click sends once
        answer = ada.post(f"{url}/transmit", data={"connection": str(connection.id)})
        assert answer.status_code == 303
    rows = db.session.scalars(select(Delivery)).all()
    assert [row.state for row in rows] == ["pending"]
    assert "Transmettre à" not in ada.get(url).text


def test_a_client_cannot_and_does_not_see_how(app: Flask, world: World) -> None:
    house = world.alder
    done = house.drop("avant.pdf")
    connection = house.connect()
    dora = signed_in(app, house.manager)
    url = f"/documents/{done.document.id}"
    assert "Transmettre" not in dora.get(url).text
    answer = dora.post(f"{url}/transmit", data={"connection": str(connection.id)})
    assert answer.status_code == 404
    assert db.session.scalars(select(Delivery)).all() == []


def test_another_company_s_connection_is_not_found(app: Flask, world: World) -> None:
    house = world.alder
    done = house.drop("a.pdf")
    other = house.connect(company=house.elm)
    ada = signed_in(app, house.admin)
    url = f"/documents/{done.document.id}/transmit"
    assert ada.post(url, data={"connection": str(other.id)}).status_code == 404


@pytest.mark.skipif(not POSTGRES, reason="SQLite takes one after another")
@pytest.mark.parametrize("what", ["refused", "replaced", "trashed"])
def test_what_became_of_it_while_one_waits_for_a_turn_is_seen(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The page asked before, and the lock comes after somebody else's."""
    house = world.alder
    connection, done = house.connect(), house.drop()
    other = receive([one_page_pdf("2")], "2.pdf")
    acts: dict[str, Callable[[Document], object]] = {
        "refused": lambda document: judging.refuse(document, "x", by=house.admin),
        "replaced": lambda document: replace(document, other, by=house.manager),
        "trashed": lambda document: trash_document(document, by=house.manager),
    }
    real = finding.connection_or_404

    def somebody_else() -> None:
        with app.app_context():
            acts[what](db.session.get_one(Document, done.document.id))
            db.session.commit()

    def meanwhile(*given: Any) -> Connection:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(somebody_else).result()
        return real(*given)

    monkeypatch.setattr(routes, "connection_or_404", meanwhile)
    signed_in(app, house.admin).post(
        f"/documents/{done.document.id}/transmit",
        data={"connection": str(connection.id)},
    )
    numbers = db.session.scalars(
        select(Version.number).join(Delivery, Delivery.version_id == Version.id)
    ).all()
    assert numbers == ([2] if what == "replaced" else [])
