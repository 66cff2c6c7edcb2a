"""What moving, copying, trashing, restoring and replacing mean for what is sent."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.db import database_now, db, new_id
from app.delivery import tick
from app.delivery.auditing import differences
from app.delivery.models import Delivery
from app.errors import Refused
from app.library.copying import copy_document
from app.library.deposit import Deposited
from app.library.making import make_folder
from app.library.models import Document, Folder
from app.library.moving import concerned, move_document, move_folder
from app.library.receiving import Received, receive
from app.library.renaming import rename_document, rename_folder
from app.library.replacing import replace
from app.library.trashing import (
    restore_document,
    restore_folder,
    trash_document,
    trash_folder,
)
from app.library.tree import chain
from tests.cast import PURCHASES, House, World, signed_in
from tests.delivery.world import change, document_of
from tests.files import locked_pdf
from tests.papers import one_page_pdf
from tests.smtp import MailServer

SALES = PURCHASES.replace("Achats", "Ventes")
OCTOBER = f"{PURCHASES}/10 – Octobre"


@pytest.fixture
def house(world: World, post: MailServer) -> House:
    world.alder.switch("on")
    return world.alder


def rows(done: Deposited | Document) -> list[tuple[str, str | None]]:
    """State and reason of each delivery of the document, oldest first."""
    document = done.document if isinstance(done, Deposited) else done
    found = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == document.id)
        .order_by(Delivery.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return [(row.state, row.reason) for row in found]


def moved(done: Deposited, house: House, path: str) -> None:
    move_document(done.document, house.folder(path), by=house.staff)
    db.session.commit()


def trashed(done: Deposited, house: House) -> None:
    trash_document(done.document, by=house.staff)
    db.session.commit()


def restored(done: Deposited, house: House) -> Folder:
    folder = restore_document(done.document, by=house.staff)
    db.session.commit()
    return folder


def replaced(done: Deposited, house: House, content: bytes) -> None:
    replace(done.document, file(content), by=house.staff)
    db.session.commit()


def file(content: bytes, name: str = "corrigée.pdf") -> Received:
    return receive([content], name)


def agrees() -> bool:
    found = [d for d in differences(with_files=False) if d.kind != "lease"]
    db.session.commit()
    assert found == []
    return True


def test_a_document_moved_in_from_a_folder_not_covered_is_due(house: House) -> None:
    done = house.drop(path="Juridique")
    assert rows(done) == []
    moved(done, house, PURCHASES)
    assert rows(done) == [("pending", None)]
    assert agrees()


def test_moved_between_folders_of_one_switch_it_keeps_its_one_delivery(
    house: House,
) -> None:
    done = house.drop()
    moved(done, house, OCTOBER)
    assert rows(done) == [("pending", None)]
    tick.run()
    moved(done, house, PURCHASES)
    assert rows(done) == [("accepted", None)]
    assert agrees()


def test_moved_to_a_folder_of_another_period_it_is_carried_over(house: House) -> None:
    done = house.drop()
    house.switch("on", SALES, house.dune_connection())
    moved(done, house, SALES)
    house.switch("off", PURCHASES, house.dune_connection())
    assert rows(done) == [("pending", None)]
    house.switch("off", SALES, house.dune_connection())
    assert rows(done) == [("cancelled", "switch_off")]


def test_moved_out_before_it_left_it_is_cancelled(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    moved(done, house, "Juridique")
    assert rows(done) == [("cancelled", "moved_out")]
    tick.run()
    assert post.messages == []
    moved(done, house, PURCHASES)
    assert rows(done) == [("cancelled", "moved_out"), ("pending", None)]
    assert agrees()


def test_moved_out_and_in_again_while_it_is_sent_it_goes_on(house: House) -> None:
    done = house.drop()
    change(done, state="sending", token=1, owner="x", lease_until=database_now())
    moved(done, house, "Juridique")
    assert rows(done) == [("sending", "moved_out")]
    moved(done, house, PURCHASES)
    assert rows(done) == [("sending", None)]
    [delivery] = db.session.scalars(select(Delivery))
    assert not delivery.cancel_requested


def test_one_that_left_does_not_leave_again_by_moving(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    tick.run()
    for path in ("Juridique", PURCHASES):
        moved(done, house, path)
    tick.run()
    assert len(post.messages) == 1


def test_sent_by_hand_it_is_not_called_off_by_a_move(house: House) -> None:
    done = house.drop()
    change(done, switch_id=None)
    moved(done, house, "Juridique")
    assert rows(done) == [("pending", None)]


def test_a_folder_moved_under_a_switch_brings_nothing_but_what_comes_later(
    house: House,
) -> None:
    before = house.drop("avant.pdf", "Juridique")
    folder, to = house.folder("Juridique"), house.folder()
    seen = concerned(folder, to)
    assert seen.documents == 1
    assert [s.slot for s in seen.switched_on] == ["purchases"]
    move_folder(folder, to, by=house.staff)
    db.session.commit()
    after = house.drop("après.pdf", f"{PURCHASES}/Juridique")
    assert (rows(before), rows(after)) == ([], [("pending", None)])
    assert agrees()


def test_a_folder_moved_out_of_a_switch_cancels_what_waits_in_it(house: House) -> None:
    done = house.drop(path=OCTOBER)
    move_folder(house.folder(OCTOBER), house.folder("Juridique"), by=house.staff)
    db.session.commit()
    assert rows(done) == [("cancelled", "moved_out")]
    assert agrees()


def chain_of(house: House, levels: int, path: str) -> list[Folder]:
    """Folders in one another, the first one in that of the path."""
    made = [house.folder(path)]
    for level in range(levels):
        made.append(make_folder(house.dune, made[-1], str(level), by=house.staff))
    db.session.commit()
    return made[1:]


def test_a_folder_is_moved_no_deeper_than_one_could_be_made(house: House) -> None:
    deep, other = chain_of(house, 50, "À classer"), chain_of(house, 9, "Juridique")
    with pytest.raises(Refused, match="les uns dans les autres"):
        move_folder(other[0], deep[-1], by=house.staff)
    db.session.rollback()
    move_folder(other[0], deep[-3], by=house.staff)
    db.session.commit()
    assert len(chain(other[-1].id, house.dune.id)) == 58
    assert make_folder(house.dune, other[-1], "a", by=house.staff)
    db.session.rollback()


def test_however_deep_it_lies_what_is_in_the_firm_s_folder_is_no_client_s(
    app: Flask, house: House
) -> None:
    deep = [house.folder("Cabinet")]
    for level in range(70):
        below = Folder(id=new_id(), name=str(level), parent_id=deep[-1].id)
        below.firm_id, below.company_id = house.firm.id, house.dune.id
        db.session.add(below)
        deep.append(below)
        db.session.flush()
    done = house.drop()
    done.document.folder_id = deep[-1].id
    db.session.commit()
    there = f"/documents/{done.document.id}/download"
    assert signed_in(app, house.staff).get(there).status_code == 200
    assert signed_in(app, house.manager).get(there).status_code == 404


def test_a_move_is_not_taken_back_once_somebody_else_has_moved_it_on(
    house: House,
) -> None:
    """The offer stands on the page of whoever moved it first."""
    done = house.drop(path="Social")
    social, legal, other = (
        house.folder(path) for path in ("Social", "Juridique", "Administratif")
    )
    contracts = make_folder(house.dune, social, "Contrats", by=house.staff)
    move_document(done.document, legal, by=house.staff)
    move_folder(contracts, legal, by=house.staff)
    move_document(done.document, other, by=house.admin)
    move_folder(contracts, other, by=house.admin)
    db.session.commit()
    with pytest.raises(Refused):
        move_document(done.document, social, by=house.staff, is_back=True)
    with pytest.raises(Refused):
        move_folder(contracts, social, by=house.staff, is_back=True)
    db.session.rollback()
    assert document_of(done).folder_id == other.id
    assert contracts.parent_id == other.id
    move_document(done.document, legal, by=house.admin, is_back=True)
    move_folder(contracts, legal, by=house.admin, is_back=True)
    move_document(done.document, social, by=house.staff)  # by a choice of their own


def test_a_folder_is_not_moved_into_itself(house: House) -> None:
    with pytest.raises(Refused):
        move_folder(house.folder(PURCHASES), house.folder(OCTOBER), by=house.staff)
    db.session.rollback()


@pytest.mark.parametrize("act", ["document", "folder", "copy"])
def test_nothing_goes_to_another_company(house: House, act: str) -> None:
    done, there = house.drop(), house.folder("Juridique", house.elm)
    acts: dict[str, Callable[[], object]] = {
        "document": lambda: move_document(done.document, there, by=house.staff),
        "folder": lambda: move_folder(house.folder("Social"), there, by=house.staff),
        "copy": lambda: copy_document(done.document, there, by=house.staff),
    }
    with pytest.raises(Refused):
        acts[act]()
    db.session.rollback()


def test_a_copy_is_a_deposit_and_is_due(house: House, post: MailServer) -> None:
    done = house.drop(path="Juridique")
    copy = copy_document(done.document, house.folder(), by=house.staff)
    db.session.commit()
    assert rows(copy) == [("pending", None)]
    assert copy.document.duplicate_of_id == done.document.id
    tick.run()
    assert [m.file_name for m in post.messages] == ["Facture.pdf"]
    assert rows(done) == []
    assert agrees()


def test_trashed_before_it_left_it_is_cancelled_and_due_again_when_restored(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    trashed(done, house)
    assert rows(done) == [("cancelled", "trashed")]
    tick.run()
    assert post.messages == []
    restored(done, house)
    assert rows(done) == [("cancelled", "trashed"), ("pending", None)]
    tick.run()
    assert len(post.messages) == 1
    assert agrees()


def test_restored_in_a_later_period_it_does_not_leave(house: House) -> None:
    done = house.drop()
    trashed(done, house)
    for state in ("off", "on"):
        house.switch(state, connection=house.dune_connection())
    restored(done, house)
    assert rows(done) == [("cancelled", "trashed")]


def test_b77_a_delivered_one_that_is_restored_never_leaves_again(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    tick.run()
    trashed(done, house)
    restored(done, house)
    tick.run()
    assert len(post.messages) == 1
    assert document_of(done).status == "validated"


def test_b74_restored_to_the_nearest_folder_that_lives(house: House) -> None:
    done = house.drop(path=OCTOBER)
    trashed(done, house)
    trash_folder(house.folder(OCTOBER), by=house.staff)
    db.session.commit()
    assert restored(done, house).name == "Achats"


def test_b74_with_no_folder_left_above_it_is_restored_to_the_inbox(
    house: House,
) -> None:
    done = house.drop(path="Juridique")
    trashed(done, house)
    trash_folder(house.folder("Juridique"), by=house.staff)
    db.session.commit()
    assert restored(done, house).name == "À classer"


def test_b76_a_trashed_folder_comes_back_beside_one_of_its_name(house: House) -> None:
    done, old = house.drop(path="Juridique"), house.folder("Juridique")
    alone = house.drop("seul.pdf", "Juridique")
    trashed(alone, house)
    assert trash_folder(old, by=house.staff) == 1
    db.session.commit()
    new = Folder(firm_id=old.firm_id, company_id=old.company_id, name="Juridique")
    db.session.add(new)
    db.session.commit()
    restore_folder(old, by=house.staff)
    db.session.commit()
    assert old.name == "Juridique (2)"
    assert document_of(done).trashed_at is None
    assert document_of(alone).trashed_at is not None


def test_a_folder_s_trashing_and_return_do_to_deliveries_as_a_document_s(
    house: House, post: MailServer
) -> None:
    left, waiting = house.drop("parti.pdf", OCTOBER), None
    tick.run()
    waiting = house.drop("attend.pdf", OCTOBER)
    folder = house.folder(OCTOBER)
    trash_folder(folder, by=house.staff)
    db.session.commit()
    assert rows(waiting) == [("cancelled", "trashed")]
    restore_folder(folder, by=house.staff)
    db.session.commit()
    tick.run()
    assert sorted(m.file_name for m in post.messages) == ["attend.pdf", "parti.pdf"]
    assert rows(left) == [("accepted", None)]
    assert agrees()


def test_a_name_that_was_taken_meanwhile_gets_a_number(house: House) -> None:
    first = house.drop()
    trashed(first, house)
    house.drop(content=one_page_pdf("other"))
    restored(first, house)
    assert document_of(first).name == "Facture (2).pdf"


def test_b59_a_duplicate_of_a_trashed_document_is_new_and_due(house: House) -> None:
    first = house.drop(content=one_page_pdf("same"))
    trashed(first, house)
    again = house.drop(content=one_page_pdf("same"))
    assert rows(again) == [("pending", None)]
    assert again.document.duplicate_of_id is None


def test_a_new_version_before_it_left_leaves_in_its_place(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    replaced(done, house, one_page_pdf("new version"))
    assert rows(done) == [("pending", None)]
    tick.run()
    [mail] = post.messages
    assert mail.content == one_page_pdf("new version")
    assert ".2@" in mail.message_id
    assert agrees()


def test_a_new_version_after_it_left_is_not_sent_again(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    tick.run()
    replaced(done, house, one_page_pdf("new version"))
    tick.run()
    assert rows(done) == [("accepted", None)]
    assert len(post.messages) == 1


def test_a_new_version_while_the_old_one_is_sent_leaves_by_itself(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    change(done, state="sending", token=1, owner="x", lease_until=database_now())
    replaced(done, house, one_page_pdf("new version"))
    for _ in range(2):
        tick.run()
    assert rows(done) == [("cancelled", "replaced"), ("accepted", None)]
    assert [m.content for m in post.messages] == [one_page_pdf("new version")]


def test_a_new_version_of_one_that_may_have_left_changes_nothing(
    house: House, post: MailServer
) -> None:
    done = house.drop(content=one_page_pdf("old"))
    change(done, state="deferred", ambiguous=1, attempts=1)
    change(done, destination="purchases.dune-alder@tool.test", sender="q@x.test")
    replaced(done, house, one_page_pdf("new version"))
    tick.run()
    assert [m.content for m in post.messages] == [one_page_pdf("old")]


@pytest.mark.parametrize("how", ["moved out", "folder moved out", "off", "off and on"])
def test_one_that_failed_leaves_in_a_new_version_where_its_folder_is_still_on_only(
    house: House, post: MailServer, how: str
) -> None:
    done, connection = house.drop(path=OCTOBER), house.dune_connection()
    change(done, state="failed", reason="refused")
    acts: dict[str, Callable[[], object]] = {
        "moved out": lambda: moved(done, house, "Social"),
        "folder moved out": lambda: move_folder(
            house.folder(OCTOBER), house.folder("Social"), by=house.staff
        ),
        "off": lambda: house.switch("off", connection=connection),
        "off and on": lambda: [
            house.switch(state, connection=connection) for state in ("off", "on")
        ],
    }
    acts[how]()
    db.session.commit()
    replaced(done, house, one_page_pdf("Autre"))
    assert rows(done) == [("failed", "refused")]
    tick.run()
    assert post.messages == []
    assert list(differences()) == []


def test_one_that_failed_leaves_in_a_new_version_from_where_it_is_on(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    change(done, state="failed", reason="refused")
    moved(done, house, OCTOBER)
    replaced(done, house, one_page_pdf("Autre"))
    tick.run()
    assert rows(done) == [("failed", "refused"), ("accepted", None)]


def test_one_that_was_held_for_its_type_is_judged_anew(house: House) -> None:
    done = house.drop("notes.txt", content=b"only text")
    assert rows(done) == [("held", "bad_type")]
    replaced(done, house, one_page_pdf("as a PDF"))
    assert rows(done) == [("pending", None)]


def test_what_is_wrong_with_a_file_goes_with_its_copy_and_its_new_version(
    house: House,
) -> None:
    done = house.drop()
    replaced(done, house, locked_pdf(b"secret"))
    assert rows(done) == [("held", "encrypted")]
    made = copy_document(done.document, house.folder(), by=house.staff)
    db.session.commit()
    assert rows(made) == [("held", "encrypted")]


def test_a_rejected_one_that_is_replaced_is_received_again(house: House) -> None:
    done = house.drop()
    done.document.status, done.document.rejected_reason = "rejected", "illisible"
    db.session.commit()
    replaced(done, house, one_page_pdf("readable"))
    assert document_of(done).status == "received"


def test_a_new_name_keeps_its_ending_and_is_the_one_attached(
    house: House, post: MailServer
) -> None:
    done, other = house.drop("a.pdf"), house.drop("b.pdf")
    assert rename_document(done.document, "Facture/EDF", by=house.staff) == (
        "Facture-EDF.pdf"
    )
    assert rename_document(other.document, "Facture-EDF.pdf", by=house.staff) == (
        "Facture-EDF (2).pdf"
    )
    db.session.commit()
    tick.run()
    assert {m.file_name for m in post.messages} == {
        "Facture-EDF.pdf",
        "Facture-EDF (2).pdf",
    }
    with pytest.raises(Refused):
        rename_document(done.document, " \u200b ", by=house.staff)
    db.session.rollback()


def test_a_folder_s_new_name_does_not_double_another_s(house: House) -> None:
    assert rename_folder(house.folder("Social"), "Juridique", by=house.staff) == (
        "Juridique (2)"
    )
    db.session.rollback()


@pytest.mark.parametrize("act", ["move", "trash", "replace", "rename"])
def test_what_is_in_the_trash_is_left_alone(house: House, act: str) -> None:
    done = house.drop()
    trashed(done, house)
    acts: dict[str, Callable[[], object]] = {
        "move": lambda: moved(done, house, "Juridique"),
        "trash": lambda: trashed(done, house),
        "replace": lambda: replaced(done, house, b"%PDF-1.4"),
        "rename": lambda: rename_document(done.document, "x", by=house.staff),
    }
    with pytest.raises(Refused):
        acts[act]()
    db.session.rollback()
    restored(done, house)
    with pytest.raises(Refused):
        restored(done, house)
    db.session.rollback()


@pytest.mark.parametrize("path", ["Cabinet", "Social"])
def test_what_few_may_see_is_not_restored_for_more(house: House, path: str) -> None:
    done, folder = house.drop(path=path), house.folder(path)
    below = Folder(
        firm_id=folder.firm_id,
        company_id=folder.company_id,
        parent_id=folder.id,
        name="Paie",
    )
    db.session.add(below)
    trashed(done, house)
    trash_folder(below, by=house.staff)
    trash_folder(folder, by=house.staff)
    db.session.commit()
    with pytest.raises(Refused, match=path):
        restore_document(done.document, by=house.staff)
    db.session.rollback()
    with pytest.raises(Refused, match=path):
        restore_folder(below, by=house.staff)
    db.session.rollback()
    restore_folder(folder, by=house.staff)
    restored(done, house)
    assert document_of(done).folder_id == folder.id


def test_an_act_on_a_folder_names_none_of_its_documents_to_the_database(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL takes 65 535 values in a statement, and a folder may hold more."""
    folder = house.folder(OCTOBER)
    for number in range(120):
        house.drop(f"{number}.pdf", OCTOBER, one_page_pdf(str(number)))
    most = 0
    monkeypatch.setattr("app.delivery.settled_trail.A_BATCH", 10)

    def count(_conn, _cursor, statement, values, *_more) -> None:  # type: ignore[no-untyped-def]
        nonlocal most
        if not statement.startswith("INSERT"):
            most = max(most, len(values))

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        move_folder(folder, house.folder("Juridique"), by=house.staff)
        trash_folder(folder, by=house.staff)
        db.session.commit()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert 0 < most < 60


def test_what_was_there_before_the_switch_stays_so_when_moved_within_it(
    house: House,
) -> None:
    house.switch("off", connection=house.dune_connection())
    done = house.drop()
    house.switch("on", connection=house.dune_connection())
    moved(done, house, OCTOBER)
    assert rows(done) == []
    assert agrees()


def test_what_a_person_gave_up_stays_so_when_moved_within_the_switch(
    house: House,
) -> None:
    done = house.drop()
    change(done, state="cancelled", reason="by_user")
    moved(done, house, OCTOBER)
    assert rows(done) == [("cancelled", "by_user")]


@pytest.mark.parametrize("state", ["off", "inherit"])
def test_what_a_nearer_switch_covers_leaves_when_the_one_above_goes_off(
    house: House, post: MailServer, state: str
) -> None:
    """It was due by the one above, before the nearer one was set."""
    done = house.drop(path=OCTOBER)
    connection = house.dune_connection()
    house.switch("on", OCTOBER, connection)
    house.switch(state, PURCHASES, connection)
    assert rows(done) == [("pending", None)]
    tick.run()
    assert rows(done) == [("accepted", None)]
    assert len(post.messages) == 1
