"""Connecting a company, as the firm's staff do it, through the real routes."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors import catalogue, connecting
from app.connectors.catalogue import BadCatalogue
from app.connectors.models import Connection, Destination
from app.db import db
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from tests.cast import PASSWORD, Browser, World, signed_in


@pytest.fixture
def ben(app: Flask, world: World) -> Browser:
    connecting.adopt(world.alder.firm.id, catalogue.get("quickbooks"), by=None)
    db.session.commit()
    return signed_in(app, world.alder.staff)


def save(browser: Browser, world: World, address: str | None, **more: str) -> Any:
    """The row as it is sent after its confirmation."""
    data = {"authorised": "on", "password": PASSWORD, "sure": "yes", **more}
    if address is not None:
        data["destination_purchases"] = address
    slug = world.alder.dune.slug
    return browser.post(f"/apps/quickbooks/companies/{slug}", data=data)


def connection() -> Connection:
    db.session.rollback()
    return db.session.scalars(select(Connection)).one()


def state(done: Deposited) -> tuple[str, str | None]:
    db.session.expire_all()
    row = db.session.scalars(
        select(Delivery).where(Delivery.document_id == done.document.id)
    ).one()
    return row.state, row.reason


def test_authorise_and_paste_connects_the_company(ben: Browser, world: World) -> None:
    assert save(ben, world, " dune@qbodocs.example ").status_code == 303
    made = connection()
    assert made.refused is None
    assert made.bot_address == "quickbooks+dune-alder@mail.guichet.test"
    assert made.destination_for("purchases").address == "dune@qbodocs.example"  # type: ignore[union-attr]


def test_a_document_before_the_address_is_held_and_leaves_once_it_is_there(
    ben: Browser, world: World
) -> None:
    save(ben, world, None)
    world.alder.switch("on", connection=connection())
    waiting = world.alder.drop()
    assert state(waiting) == ("held", "no_connection")
    save(ben, world, "dune@qbodocs.example")
    assert state(waiting) == ("pending", None)


@pytest.mark.parametrize(
    "address",
    [
        "dupont qbodocs.com",
        "dupont",
        "du pont@qbodocs.com",
        "dupönt@qbodocs.com",
        "a@b@qbodocs.com",
        "a,b@qbodocs.com",
        "a@qbodocs",
        "x" * 300 + "@qbodocs.com",
        "compta+dune-alder@mail.guichet.test",
        "a@qbodocs.com\r\nBcc: x@evil.test",
    ],
)
def test_a_bad_address_is_told_and_what_was_typed_is_kept(
    ben: Browser, world: World, address: str
) -> None:
    answer = save(ben, world, address)
    assert answer.status_code == 422
    assert db.session.scalars(select(Destination)).all() == []


def test_another_address_of_ours_is_refused(ben: Browser, world: World) -> None:
    answer = save(ben, world, "x@mail.guichet.test")
    assert answer.status_code == 422
    assert "l’une des nôtres" in answer.text


def test_revoking_holds_what_waits_and_the_same_address_resumes_it(
    ben: Browser, world: World
) -> None:
    save(ben, world, "dune@qbodocs.example")
    world.alder.switch("on", connection=connection())
    waiting = world.alder.drop()
    slug = world.alder.dune.slug
    ben.post(f"/apps/quickbooks/companies/{slug}", data={})
    assert state(waiting) == ("held", "revoked")
    save(ben, world, "dune@qbodocs.example")
    assert state(waiting) == ("pending", None)


def test_an_address_typed_with_the_access_off_is_not_dropped_in_silence(
    ben: Browser, world: World
) -> None:
    slug = world.alder.dune.slug
    data = {"destination_purchases": "dune@qbodocs.example"}
    answer = ben.post(f"/apps/quickbooks/companies/{slug}", data=data)
    assert answer.status_code == 422
    assert "dune@qbodocs.example" in answer.text
    assert db.session.scalars(select(Connection)).all() == []


def test_a_new_address_takes_what_waits(ben: Browser, world: World) -> None:
    save(ben, world, "old@qbodocs.example")
    world.alder.switch("on", connection=connection())
    waiting = world.alder.drop()
    save(ben, world, "new@qbodocs.example")
    assert state(waiting) == ("pending", None)
    assert connection().destination_for("purchases").address == "new@qbodocs.example"  # type: ignore[union-attr]


def test_staff_connect_only_the_companies_they_follow(
    ben: Browser, world: World
) -> None:
    answer = ben.post(
        f"/apps/quickbooks/companies/{world.alder.elm.slug}", data={"authorised": "on"}
    )
    assert answer.status_code == 404


def test_an_application_that_the_firm_has_not_is_not_found(ben: Browser) -> None:
    assert ben.get("/apps/dext").status_code == 404
    assert ben.get("/apps/nothing").status_code == 404


def test_the_confirmation_says_how_many_will_not_leave(
    ben: Browser, world: World
) -> None:
    save(ben, world, "dune@qbodocs.example")
    for n in range(3):
        world.alder.drop(f"{n}.pdf")
    folder = world.alder.folder()
    url = f"/companies/{world.alder.dune.slug}/folders/{folder.id}/switches"
    text = ben.get(f"{url}/{connection().id}/confirm").text
    assert "Pas d’effet rétroactif" in text
    assert "3 documents" in text.replace("\N{NO-BREAK SPACE}", " ")
    answer = ben.post(f"{url}/{connection().id}", data={"state": "on"})
    assert answer.status_code == 303


def test_a_switch_may_be_set_by_the_key_of_its_application(
    ben: Browser, world: World
) -> None:
    save(ben, world, "dune@qbodocs.example")
    folder = world.alder.folder()
    url = f"/companies/{world.alder.dune.slug}/folders/{folder.id}/switches/quickbooks"
    assert ben.post(url, data={"state": "sideways"}).status_code == 422
    assert ben.post(url, data={"state": "on"}).status_code == 303
    assert [d.state for d in world.alder.drop().deliveries] == ["pending"]


def test_asking_for_a_run_says_what_comes_of_it(
    ben: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> str:
        url = f"/companies/{world.alder.dune.slug}/send-now"
        answer = ben.post(url, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return str(answer.text)

    assert "Rien à envoyer pour l’instant" in ask()
    world.alder.switch("on")
    world.alder.drop()
    for answer, said in (
        (True, "Envoi de 1 document lancé"),
        (False, "Un envoi est déjà en cours"),
        (None, "Le prochain passage enverra"),
    ):
        monkeypatch.setattr(
            "app.delivery.jobs.enqueue_once", lambda *_, _a=answer, **__: _a
        )
        assert said in ask()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key = ", "bad.toml"),
        ('name = "X"', "slots"),
        ('key = "x"\nslots = []', "name|slots|missing|argument"),
    ],
)
def test_a_wrong_file_of_the_catalogue_stops_the_start(
    tmp_path: Any, text: str, said: str
) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(BadCatalogue, match=said):
        catalogue.load(tmp_path)


def test_every_application_of_the_catalogue_has_what_it_needs() -> None:
    for key, app in catalogue.load().items():
        assert app.key == key
        assert app.slots
        assert app.max_file_bytes > 0
