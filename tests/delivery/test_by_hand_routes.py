"""«Transmettre»: what was there before the switch leaves when a person sends it."""

from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery.models import Delivery
from tests.cast import World, signed_in


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
