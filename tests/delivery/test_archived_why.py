"""«Pourquoi ?» in an archived company: why it does not leave, and no act that fails."""

import pytest
from flask import Flask

from app.db import database_now, db
from app.delivery.why import why
from tests.cast import House, signed_in
from tests.delivery.test_explaining import CASES, put
from tests.delivery.world import delivery_of


@pytest.mark.parametrize(("state", "reason", "_done"), CASES)
def test_every_state_says_that_it_is_archived_and_offers_nothing_to_send(
    app: Flask,
    house: House,
    state: str,
    reason: str | None,
    _done: str | None,
) -> None:
    done = house.drop()
    put(done, state, reason)
    house.dune.archived_at = database_now()
    db.session.commit()
    db.session.expire_all()
    (because,) = why(done.document)
    assert because.action is None or because.action.endpoint == "journal.show"
    if state not in {"accepted", "delivered", "sending", "in_doubt"}:
        assert because.text.count("est archivée") == 1
    ada = signed_in(app, house.staff)
    page = ada.get(f"/documents/{done.document.id}").text
    assert f"/documents/{done.document.id}/transmit" not in page
    line = ada.get(f"/deliveries/{delivery_of(done).id}").text
    assert "/connections" not in line.split("story-acts")[1].split("</div>")[0]
    assert 'value="resend ' not in ada.get("/deliveries").text


def test_what_was_never_due_says_so_too(app: Flask, house: House) -> None:
    done = house.drop(path="Juridique")
    house.dune.archived_at = database_now()
    db.session.commit()
    (because,) = why(done.document)
    assert because.action is None
    assert "est archivée" in because.text
    ada = signed_in(app, house.staff)
    page = ada.get(f"/documents/{done.document.id}").text
    assert f"/documents/{done.document.id}/transmit" not in page
