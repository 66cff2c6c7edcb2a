"""What a document is found by follows it."""

from collections.abc import Iterator

from flask import Flask
from sqlalchemy import select

from app.db import db
from app.library.commenting import comment, remove_comment
from app.library.copying import copy_document
from app.library.models import Document
from app.library.receiving import receive
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.library.trashing import (
    restore_document,
    restore_folder,
    trash_document,
    trash_folder,
)
from app.search import reading
from app.search.catching_up import rebuild
from app.search.models import SearchEntry
from tests.cast import House, World, signed_in
from tests.papers import one_page_pdf
from tests.search.looking import names, read_all, suggested


def test_the_entry_follows_every_act(app: Flask, house: House) -> None:
    ada = signed_in(app, house.admin)
    document = house.drop("Premier.pdf", content=one_page_pdf("cerise")).document
    reading.read_text(str(document.id))
    rename_document(document, "Second.pdf", by=house.admin)
    db.session.commit()
    assert names(ada, "premier") == []
    assert names(ada, "second cerise") == ["Second.pdf"]

    copy_document(document, house.folder("Administratif"), by=house.admin)
    db.session.commit()
    read_all()
    assert names(ada, "cerise") == ["Second.pdf", "Second.pdf"]

    replace(document, receive([one_page_pdf("prune")], "x.pdf"), by=house.admin)
    db.session.commit()
    assert len(names(ada, "cerise")) == 1
    read_all()
    assert names(ada, "prune") == ["Second.pdf"]

    trash_document(document, by=house.admin)
    db.session.commit()
    assert names(ada, "prune") == []
    restore_document(document, by=house.admin)
    db.session.commit()
    assert names(ada, "prune") == ["Second.pdf"]


def test_a_name_that_is_taken_back_is_not_found(app: Flask, house: House) -> None:
    document = house.drop("Premier.pdf").document
    rename_document(document, "Second.pdf", by=house.admin)
    db.session.rollback()
    assert names(signed_in(app, house.admin), "second") == []


def test_a_folder_in_the_trash_takes_its_documents_along(
    app: Flask, house: House
) -> None:
    folder = house.folder("Administratif")
    house.drop("Contrat.pdf", "Administratif")
    ada = signed_in(app, house.admin)
    trash_folder(folder, by=house.admin)
    db.session.commit()
    assert names(ada, "contrat") == []
    assert f"/folders/{folder.id}" not in suggested(ada, "administratif")
    restore_folder(folder, by=house.admin)
    db.session.commit()
    assert names(ada, "contrat") == ["Contrat.pdf"]


def test_everything_is_indexed_anew_on_demand(app: Flask, house: House) -> None:
    house.drop("Facture.pdf", content=one_page_pdf("cerise"))
    db.session.query(SearchEntry).delete()
    db.session.commit()
    ada = signed_in(app, house.admin)
    assert names(ada, "facture") == []
    answer = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert answer.exit_code == 0, answer.output
    assert names(ada, "facture cerise") == ["Facture.pdf"]
    assert rebuild() == 1
    assert names(ada, "facture cerise") == ["Facture.pdf"]


def test_a_document_has_an_entry_from_its_first_moment(house: House) -> None:
    house.drop()
    entries: Iterator[SearchEntry] = iter(db.session.scalars(select(SearchEntry)))
    documents = db.session.scalars(select(Document.id)).all()
    assert [entry.document_id for entry in entries] == list(documents)


def test_one_firm_s_words_are_met_by_no_search_of_another(world: World) -> None:
    """In the index itself, so that «facture» costs by one's own documents."""
    world.alder.drop("Facture.pdf")
    world.birch.drop("Facture.pdf")
    bodies = db.session.scalars(select(SearchEntry.body)).all()
    first, second = (set(body.split()) for body in bodies)
    assert not first & second


def test_what_is_written_beside_a_document_finds_it_for_those_who_may_read_it(
    app: Flask, house: House
) -> None:
    document = house.drop("Facture.pdf").document
    document.description, document.piece_number = "Chaudière du fournil", "ACH-0042"
    comment(document, "Le montant paraît étrange", "shared", by=house.admin)
    comment(document, "Vérifier la provision", "firm_only", by=house.admin)
    removed = comment(document, "Oubliez cela", "shared", by=house.admin)
    remove_comment(document, removed, by=house.admin)
    db.session.commit()
    for person in (house.admin, house.manager):
        browser = signed_in(app, person)
        for asked in ("chaudiere", "ach-0042", "montant etrange"):
            assert names(browser, asked) == ["Facture.pdf"], asked
        # By a word that only the firm reads, nobody finds it.
        assert names(browser, "provision") == []
        assert names(browser, "oubliez") == []
