"""Exact duplicates are held for a person, where the connection asks for it."""

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.connectors import connecting
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery import by_hand, planning, tick
from app.delivery.models import Delivery
from app.library.deposit import Deposited, deposit
from app.library.models import Arrival, Folder, Version
from app.library.receiving import receive
from tests.cast import House, World, signed_in
from tests.delivery.world import delivery_of, document_of, state_of
from tests.files import locked_pdf
from tests.papers import one_page_pdf
from tests.smtp import MailServer

SAME = one_page_pdf("same")


@pytest.fixture
def holding(house: House) -> House:
    house.dune_connection().holds_duplicates = True
    db.session.commit()
    return house


def again(house: House, name: str = "b.pdf") -> Deposited:
    return house.drop(name, content=SAME)


def act(app: Flask, house: House, name: str, done: Deposited) -> str:
    ada = signed_in(app, house.admin)
    data = {"act": name, "id": str(delivery_of(done).id)}
    text: str = ada.post("/deliveries", data=data, follow_redirects=True).text
    return text


def test_the_second_is_held_and_says_why(app: Flask, holding: House) -> None:
    first, second = again(holding, "a.pdf"), again(holding)
    assert state_of(first) == ("pending", None)
    assert state_of(second) == ("held", "duplicate_review")
    assert document_of(second).duplicate_of_id == first.document.id
    ada = signed_in(app, holding.admin)
    assert "a.pdf" in ada.get(f"/documents/{second.document.id}").text
    story = ada.get(f"/deliveries/{delivery_of(second).id}").text
    assert "Envoyer quand même" in story
    assert "doublon" in story


def test_what_is_alike_in_another_company_or_in_the_trash_is_none(
    holding: House,
) -> None:
    holding.drop("elsewhere.pdf", "Juridique", SAME, holding.elm)
    gone = again(holding, "gone.pdf")
    gone.document.trashed_at = database_now()
    db.session.commit()
    assert state_of(again(holding)) == ("pending", None)


def test_one_that_lies_in_a_folder_that_is_off_counts(holding: House) -> None:
    holding.drop("a.pdf", "Juridique", SAME)
    assert state_of(again(holding)) == ("held", "duplicate_review")


def test_a_copy_is_a_duplicate(holding: House) -> None:
    first = again(holding, "a.pdf")
    second = arrive(holding, again(holding, "copy.pdf"), "copy")
    assert second == ("held", "duplicate_review")
    assert state_of(first) == ("pending", None)


def test_of_two_that_were_there_the_younger_is_the_duplicate(holding: House) -> None:
    old = holding.drop("old.pdf", "Juridique", SAME)
    young = holding.drop("young.pdf", "Juridique", SAME)
    assert arrive(holding, old, "move_in") == ("pending", None)
    assert arrive(holding, young, "move_in") == ("held", "duplicate_review")


def arrive(house: House, done: Deposited, kind: str) -> tuple[str, str | None]:
    """As another act would bring it into the folder that is on."""
    document, folder = document_of(done), house.folder()
    version = db.session.scalars(
        select(Version).where(Version.document_id == document.id)
    ).one()
    for waiting in db.session.scalars(
        select(Delivery).where(Delivery.document_id == document.id)
    ):
        db.session.delete(waiting)
    db.session.flush()
    arrived = Arrival(
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        version_id=version.id,
        folder_id=folder.id,
        kind=kind,
        channel="web",
        at=database_now(),
    )
    db.session.add(arrived)
    db.session.flush()
    (made,) = planning.arrival(document, version, arrived)
    db.session.commit()
    return made.state, made.reason


def test_of_two_at_once_one_is_held(app: Flask, holding: House) -> None:
    """In two folders, so that only their bytes bring them together."""
    folders = [holding.folder().id, _below(holding)]
    db.session.commit()
    together = threading.Barrier(2)

    def drop(folder_id: object) -> None:
        with app.app_context():
            received = receive([SAME], "a.pdf")
            folder = db.session.get_one(Folder, folder_id)
            db.session.commit()
            together.wait()
            deposit(received, into=folder, by=None, channel="web")
            db.session.commit()

    threads = [threading.Thread(target=drop, args=[each]) for each in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = db.session.scalars(select(Delivery.state)).all()
    assert sorted(states) == ["held", "pending"]


def _below(house: House) -> object:
    return db.session.scalars(
        select(Folder.id).where(Folder.parent_id == house.folder().id).limit(1)
    ).one()


def test_sent_anyway_it_leaves(app: Flask, holding: House, smtp: MailServer) -> None:
    again(holding, "a.pdf")
    second = again(holding)
    assert "1 document partira" in act(app, holding, "release", second)
    assert state_of(second) == ("pending", None)
    tick.run()
    assert len(smtp.messages) == 2
    verbs = db.session.scalars(
        select(Entry.verb).where(Entry.document_id == second.document.id)
    ).all()
    assert "delivery_released" in verbs


def test_called_off_it_stays(app: Flask, holding: House, smtp: MailServer) -> None:
    again(holding, "a.pdf")
    second = again(holding)
    act(app, holding, "cancel", second)
    assert state_of(second) == ("cancelled", "by_user")
    tick.run()
    assert len(smtp.messages) == 1


def test_released_while_the_connection_is_revoked_it_waits_for_that(
    app: Flask, holding: House
) -> None:
    again(holding, "a.pdf")
    second = again(holding)
    connecting.revoke(holding.dune_connection(), by=holding.admin)
    db.session.commit()
    assert state_of(second) == ("held", "duplicate_review")
    act(app, holding, "release", second)
    assert state_of(second) == ("held", "revoked")


def test_a_locked_pdf_is_held_with_the_remedy(app: Flask, house: House) -> None:
    done = house.drop("a.pdf", content=locked_pdf(b"secret"))
    assert state_of(done) == ("held", "encrypted")
    ada = signed_in(app, house.admin)
    for url in (
        f"/deliveries/{delivery_of(done).id}",
        f"/documents/{done.document.id}",
    ):
        assert "demandez-le sans protection" in ada.get(url).text
    dora = signed_in(app, house.manager)
    assert "protection" not in dora.get(f"/documents/{done.document.id}").text


@pytest.mark.parametrize("content", [b"%PDF-1.4 garbage", SAME[:300]])
def test_a_file_found_damaged_may_be_sent_all_the_same(
    app: Flask, house: House, smtp: MailServer, content: bytes
) -> None:
    done = house.drop("a.pdf", content=content)
    assert state_of(done) == ("held", "damaged")
    ada = signed_in(app, house.admin)
    assert "redemandez-le" in ada.get(f"/deliveries/{delivery_of(done).id}").text
    act(app, house, "release", done)
    tick.run()
    assert smtp.messages[0].content == content


def test_what_is_held_for_another_reason_is_not_released(
    app: Flask, house: House
) -> None:
    done = house.drop("a.zip", content=b"PK\x03\x04" + b"\0" * 30)
    assert state_of(done) == ("held", "bad_type")
    act(app, house, "release", done)
    assert state_of(done) == ("held", "bad_type")
    assert not by_hand.release(delivery_of(done), by=None)
    db.session.rollback()


# --- The setting -------------------------------------------------------------


def holds() -> dict[str, bool]:
    db.session.rollback()
    found = db.session.scalars(
        select(Connection).execution_options(populate_existing=True)
    )
    return {one.company.name: one.holds_duplicates for one in found}


def test_an_administrator_chooses_the_companies(app: Flask, house: House) -> None:
    elm = house.connect(company=house.elm)
    ada = signed_in(app, house.admin)
    page = ada.get("/apps/quickbooks/settings").text
    assert "Doublons exacts" in page
    answer = ada.post("/apps/quickbooks/duplicates", data={"connection": [str(elm.id)]})
    assert answer.status_code == 303
    assert holds() == {"Dune Alder": False, "Elm Alder": True}
    ada.post("/apps/quickbooks/duplicates", data={"which": "all"})
    assert holds() == {"Dune Alder": True, "Elm Alder": True}
    ada.post("/apps/quickbooks/duplicates", data={"which": "none"})
    assert holds() == {"Dune Alder": False, "Elm Alder": False}
    verbs = db.session.scalars(
        select(Entry.verb).where(Entry.verb.startswith("duplicates_"))
    ).all()
    assert sorted(verbs) == ["duplicates_held"] * 2 + ["duplicates_sent"] * 2
    history = ada.get("/apps/quickbooks/history").text
    assert "doublons exacts retenus" in history


def test_staff_read_it_and_do_not_change_it(app: Flask, house: House) -> None:
    ben = signed_in(app, house.staff)
    assert "Retenus pour aucune entreprise" in ben.get("/apps/quickbooks/settings").text
    answer = ben.post("/apps/quickbooks/duplicates", data={"which": "all"})
    assert answer.status_code == 403
    assert holds() == {"Dune Alder": False}


def test_another_firm_s_connections_are_not_touched(app: Flask, world: World) -> None:
    world.alder.switch("on")
    theirs = world.birch.connect()
    ada = signed_in(app, world.alder.admin)
    data = {"connection": [str(theirs.id)]}
    ada.post("/apps/quickbooks/duplicates", data=data)
    assert (
        not db.session.scalars(
            select(Connection.holds_duplicates).execution_options(across_firms=True)
        )
        .all()
        .count(True)
    )
