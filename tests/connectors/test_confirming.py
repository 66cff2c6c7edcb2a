"""What the dialog of a switch says, in exact numbers, and that it holds to it."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.activity.models import Entry
from app.connectors import foreseeing
from app.connectors.models import Connection
from app.db import db
from app.delivery import tick
from app.delivery.models import Delivery
from app.library.models import Document
from tests.cast import PURCHASES, YEAR, Browser, House, World, signed_in
from tests.delivery.world import change, document_of, state_of
from tests.smtp import MailServer

MARCH = f"{PURCHASES}/03 – Mars"
YEAR_FOLDER = f"Dossier comptable annuel/Exercice {YEAR}"


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def words(answer: Any) -> str:
    plain = re.sub(r"<[^>]+>", " ", answer.text)
    return re.sub(r"\s+", " ", unescape(plain)).replace("’", "'")


def address(house: House, path: str = PURCHASES) -> str:
    folder = house.folder(path)
    url = f"/companies/{house.dune.slug}/folders/{folder.id}/switches/quickbooks"
    db.session.commit()
    return url


def seen_in(answer: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', answer.text)
    assert found, answer.text
    return found[1]


class Dialog:
    """The confirmation as a browser has it open."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.answer = browser.get(f"{url}/confirm", headers={"HX-Request": "true"})
        self.words = words(self.answer)

    def confirm(self, state: str, **more: str) -> Any:
        data = {"state": state, "seen": seen_in(self.answer), **more}
        return self.browser.post(self.url, data=data, headers={"HX-Request": "true"})


def test_on_counts_the_folders_below_and_what_stays(house: House, ada: Browser) -> None:
    house.drop("a.pdf")
    house.drop("b.pdf", MARCH)
    said = Dialog(ada, address(house)).words
    assert "dans ses 12 sous-dossiers , seront envoyés toutes les 15 minutes" in said
    assert "Les 2 documents déjà présents ne partiront pas" in said
    assert "Envoyer aussi les 2 documents déjà présents" in said
    assert "Activer et envoyer les 2" in said
    assert "coupé" not in said


def test_one_minute_is_said_in_french(
    app: Flask, house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TICK_MINUTES", 1)
    assert "seront envoyés chaque minute à" in Dialog(ada, address(house)).words


def test_on_counts_what_was_cut_by_hand_and_follows_again(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    house.switch("off", f"{PURCHASES}/04 – Avril")
    said = Dialog(ada, address(house, YEAR_FOLDER)).words
    assert "2 sous-dossiers coupés à part seront de nouveau actifs" in said


def test_on_does_not_count_what_left_or_is_leaving(house: House, ada: Browser) -> None:
    house.switch("on", MARCH)
    house.drop("part déjà.pdf", MARCH)
    change(house.drop("parti.pdf", MARCH), state="accepted")
    house.drop("reste.pdf")
    assert "1 document déjà présent ne partira pas" in Dialog(ada, address(house)).words


def test_what_is_already_there_leaves_when_the_box_is_ticked(
    house: House, ada: Browser, post: MailServer
) -> None:
    there = [house.drop("a.pdf"), house.drop("b.pdf", MARCH)]
    validated = house.drop("validé.pdf")
    validated.document.status = "validated"
    db.session.commit()
    dialog = Dialog(ada, address(house))
    assert "Les 3 documents déjà présents ne partiront pas" in dialog.words
    assert "Envoyer aussi les 2 documents déjà présents à l'état Reçu" in dialog.words
    answer = dialog.confirm("on", send="yes")
    assert "Les 2 documents déjà présents partent aussi" in words(answer)
    tick.run()
    assert [m.file_name for m in post.messages] == ["a.pdf", "b.pdf"]
    assert [document_of(done).status for done in there] == ["validated"] * 2


def test_without_the_box_nothing_of_before_leaves(
    house: House, ada: Browser, post: MailServer
) -> None:
    house.drop("a.pdf")
    Dialog(ada, address(house)).confirm("on")
    assert tick.run()["claimed"] == 0
    assert [d.state for d in house.drop("b.pdf").deliveries] == ["pending"]


def test_too_many_are_not_sent_at_once(
    house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("foreseeing", "switching", "switch_routes"):
        monkeypatch.setattr(f"app.connectors.{module}.MOST_AT_ONCE", 1)
    house.drop("a.pdf")
    house.drop("b.pdf")
    dialog = Dialog(ada, address(house))
    assert "Plus de 1 documents sont déjà présents" in dialog.words
    assert 'type="checkbox"' not in dialog.answer.text
    answer = dialog.confirm("on", send="yes")
    assert answer.status_code == 422
    assert "trop nombreux" in answer.text
    assert db.session.scalar(select(func.count(Delivery.id))) == 0
    assert house.drop("c.pdf").deliveries == []


def test_off_with_nothing_waiting_is_a_plain_question(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    dialog = Dialog(ada, address(house))
    assert "attend" not in dialog.words
    assert "Envoyer puis couper" not in dialog.words
    dialog.confirm("off")
    assert house.drop().deliveries == []


def test_off_asks_what_becomes_of_what_waits(house: House, ada: Browser) -> None:
    house.switch("on")
    for n in range(3):
        house.drop(f"{n}.pdf", MARCH if n else PURCHASES)
    house.drop("notes.txt", content=b"text\n")
    said = Dialog(ada, address(house)).words
    assert "3 documents attendent. Les envoyer avant de couper ?" in said
    assert "1 document est retenu" in said
    assert "2 documents attendent" in Dialog(ada, address(house, MARCH)).words


def test_a_folder_below_with_a_switch_of_its_own_is_not_concerned(
    house: House, ada: Browser
) -> None:
    house.switch("on", YEAR_FOLDER)
    house.switch("on")
    own = house.drop("achat.pdf")
    house.drop("devis.pdf", f"{YEAR_FOLDER}/Ventes")
    dialog = Dialog(ada, address(house, YEAR_FOLDER))
    assert "1 document attend." in dialog.words
    dialog.confirm("off", send="no")
    assert state_of(own) == ("pending", None)
    assert len(house.drop().deliveries) == 1


def test_sent_before_cutting_they_leave_once_and_nothing_after_them(
    house: House, ada: Browser, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "app.connectors.switch_routes.enqueue",
        lambda _job, company_id, **_more: asked.append(company_id),
    )
    house.switch("on")
    waiting = [house.drop("a.pdf"), house.drop("b.pdf", MARCH)]
    held = house.drop("notes.txt", content=b"text\n")
    answer = Dialog(ada, address(house)).confirm("off", send="yes")
    assert "Les 2 documents qui attendaient partent quand même" in words(answer)
    assert asked == [str(house.dune.id)]
    assert house.drop("après.pdf").deliveries == []
    for _ in range(2):
        tick.run()
    assert [m.file_name for m in post.messages] == ["a.pdf", "b.pdf"]
    assert [state_of(done)[0] for done in waiting] == ["accepted"] * 2
    assert state_of(held) == ("cancelled", "switch_off")
    entry = db.session.scalars(select(Entry).where(Entry.verb == "switch_off")).one()
    assert (entry.details["sent"], entry.details["cancelled"]) == (2, 1)
    assert entry.actor_id == house.admin.id


def test_cut_without_sending_they_are_listed_as_not_sent(
    house: House, ada: Browser, post: MailServer
) -> None:
    house.switch("on")
    waiting = house.drop()
    answer = Dialog(ada, address(house)).confirm("off", send="no")
    assert "1 document en attente ne partira pas" in words(answer)
    assert tick.run()["claimed"] == 0
    assert state_of(waiting) == ("cancelled", "switch_off")


def test_cutting_an_inherited_switch_says_where_it_stays_on(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    house.drop("ailleurs.pdf")
    dialog = Dialog(ada, address(house, MARCH))
    assert "Achats, qui reste actif" in dialog.words
    assert "attend" not in dialog.words
    dialog.confirm("off")
    assert house.drop(path=MARCH).deliveries == []
    assert len(house.drop().deliveries) == 1


@pytest.mark.parametrize(
    ("path", "warns"), [(PURCHASES, 0), (MARCH, 0), (YEAR_FOLDER, 1), ("Juridique", 1)]
)
def test_outside_what_it_is_meant_for_it_warns(
    house: House, ada: Browser, path: str, warns: int
) -> None:
    said = Dialog(ada, address(house, path)).words
    assert said.count("n'en fait pas partie") == warns


@pytest.mark.parametrize("state", ["on", "off"])
def test_numbers_that_changed_meanwhile_come_again_and_nothing_is_done(
    house: House, ada: Browser, state: str
) -> None:
    if state == "off":
        house.switch("on")
    dialog = Dialog(ada, address(house))
    house.drop("entre-temps.pdf")
    answer = dialog.confirm(state)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#dialogue"
    said = words(answer)
    assert "Entre-temps quelque chose a changé : rien n'a été fait" in said
    assert ("1 document déjà présent" if state == "on" else "1 document attend") in said
    is_on = bool(house.drop("témoin.pdf").deliveries)
    assert is_on == (state == "off")
    assert "checked" not in answer.text
    last = Dialog(ada, address(house)).confirm(state)
    assert last.status_code == 200


def test_the_box_that_was_ticked_is_still_so_when_it_comes_again(
    house: House, ada: Browser
) -> None:
    house.drop("avant.pdf")
    dialog = Dialog(ada, address(house))
    house.drop("entre-temps.pdf")
    answer = dialog.confirm("on", send="yes")
    assert re.search(r'name="send"[^>]*checked', answer.text)
    assert db.session.scalar(select(func.count(Delivery.id))) == 0


def test_an_address_that_changed_meanwhile_is_shown_first(
    house: House, ada: Browser
) -> None:
    dialog = Dialog(ada, address(house))
    connection = db.session.scalars(select(Connection)).one()
    connection.destinations[0].address = "ailleurs@tool.test"
    db.session.commit()
    answer = dialog.confirm("on")
    assert answer.status_code == 422
    assert "ailleurs@tool.test" in answer.text


def test_what_somebody_else_did_meanwhile_is_not_undone(
    house: House, ada: Browser
) -> None:
    dialog = Dialog(ada, address(house))
    house.switch("on")
    waiting = house.drop()
    assert dialog.confirm("on").status_code == 200
    assert state_of(waiting) == ("pending", None)


def test_without_script_the_changed_dialog_is_a_page(
    house: House, ada: Browser
) -> None:
    url = address(house)
    seen = seen_in(ada.get(f"{url}/confirm"))
    house.drop("entre-temps.pdf")
    answer = ada.post(url, data={"state": "on", "seen": seen})
    assert answer.status_code == 422
    assert "<html" in answer.text
    assert (
        ada.post(url, data={"state": "on", "seen": seen_in(answer)}).status_code == 303
    )


def test_a_doubtful_document_is_not_among_those_that_may_be_sent(house: House) -> None:
    house.switch("on")
    change(house.drop("doute.pdf"), state="unknown")
    house.switch("off")
    connection = db.session.scalars(select(Connection)).one()
    foreseen = foreseeing.foresee(house.folder(), connection, "purchases")
    assert (foreseen.staying, foreseen.sendable) == (1, 0)


def test_what_lies_in_the_trash_is_not_counted(house: House) -> None:
    done = house.drop("jeté.pdf")
    db.session.execute(
        update(Document)
        .where(Document.id == done.document.id)
        .values(trashed_at=func.now())
    )
    db.session.commit()
    connection = db.session.scalars(select(Connection)).one()
    assert foreseeing.foresee(house.folder(), connection, "purchases").staying == 0
