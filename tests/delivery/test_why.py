"""«Pourquoi ?»: one true sentence for every document and every connected tool."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.connectors import connecting, switches
from app.db import db, utc_now
from app.delivery import sending, tick
from app.delivery.sheet import sheet
from app.delivery.why import Because, why
from app.library.deposit import Deposited
from app.library.moving import move_document, move_folder
from app.library.receiving import receive
from app.library.replacing import replace
from app.library.trashing import restore_document, trash_document
from app.storage import StorageUnavailable
from tests.cast import PURCHASES, House, World, signed_in
from tests.papers import one_page_pdf
from tests.smtp import MailServer

MONTH = f"{PURCHASES}/03 – Mars"


def the_one(done: Deposited) -> Because:
    db.session.expire_all()
    (because,) = why(done.document)
    return because


def test_what_left_says_when_and_where(house: House, post: MailServer) -> None:
    done = house.drop()
    tick.run()
    because = the_one(done)
    assert because.state == "accepted"
    assert "purchases.dune-alder@tool.test" in because.text


def test_what_waits_says_when_it_leaves(house: House) -> None:
    because = the_one(house.drop())
    assert because.state == "pending"
    assert because.text.startswith("Partira à ")


def test_what_was_there_before_says_when_the_switch_came_on(world: World) -> None:
    house = world.alder
    done = house.drop()
    house.switch("on")
    because = the_one(done)
    assert because.state == "before_switch"
    assert "« Achats »".replace(" ", "\xa0") in because.text
    assert str(utc_now().year) in because.text


def moved(done: Deposited, house: House, path: str) -> None:
    move_document(done.document, house.folder(path), by=None)
    db.session.commit()


def trashed_and_restored(done: Deposited) -> None:
    trash_document(done.document, by=None)
    restore_document(done.document, by=None)
    db.session.commit()


def replaced(done: Deposited) -> None:
    replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=None)
    db.session.commit()


@pytest.mark.parametrize("how", ["moved within", "trashed and restored", "replaced"])
def test_what_was_there_before_was_so_whatever_became_of_it(
    world: World, how: str
) -> None:
    house = world.alder
    done = house.drop()
    house.switch("on")
    acts: dict[str, Callable[[], object]] = {
        "moved within": lambda: moved(done, house, MONTH),
        "trashed and restored": lambda: trashed_and_restored(done),
        "replaced": lambda: replaced(done),
    }
    acts[how]()
    because = the_one(done)
    assert because.state == "before_switch"
    assert "Déposé avant" in because.text
    [shown] = sheet(done.document)["never_due"]
    assert shown["text"] == because.text


def test_what_came_while_its_folder_was_off_says_so_when_that_is_over(
    house: House,
) -> None:
    house.switch("off", path=MONTH, connection=house.dune_connection())
    done = house.drop(path=MONTH)
    house.switch("inherit", path=MONTH, connection=house.dune_connection())
    because = the_one(done)
    assert because.state == "was_off"
    assert "03 – Mars" in because.text
    assert "était désactivé" in because.text
    [shown] = sheet(done.document)["never_due"]
    assert shown["text"] == because.text


def test_what_came_with_its_folder_says_so_until_it_goes_elsewhere(
    house: House,
) -> None:
    done = house.drop(path="Juridique")
    move_folder(house.folder("Juridique"), house.folder(), by=None)
    db.session.commit()
    assert the_one(done).state == "came_with_folder"
    assert "avec son dossier" in the_one(done).text
    trashed_and_restored(done)
    replaced(done)
    assert the_one(done).state == "came_with_folder"
    moved(done, house, MONTH)
    assert the_one(done).state == "not_due"


def test_a_folder_that_is_off_is_named(house: House) -> None:
    house.switch("off", path=MONTH)
    because = the_one(house.drop(path=MONTH))
    assert because.state == "switched_off"
    assert "03 – Mars" in because.text


def test_elsewhere_no_folder_is_on(house: House) -> None:
    assert the_one(house.drop(path="Social")).state == "not_switched"


def test_too_big_says_both_sizes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.connectors import apps

    monkeypatch.setitem(vars(apps.get("quickbooks")), "max_file_bytes", 100)
    because = the_one(house.drop())
    assert because.state == "held"
    assert "la limite" in because.text
    assert "100" in because.text


def test_a_refusal_says_the_server_s_words(house: House, post: MailServer) -> None:
    done = house.drop()
    post.fails("dot", "554 5.6.0 Unreadable")
    tick.run()
    assert "Unreadable" in the_one(done).text


def test_a_new_try_says_when_and_why(house: House, post: MailServer) -> None:
    done = house.drop()
    post.fails("rcpt", "451 4.7.1 Greylisted")
    tick.run()
    because = the_one(done)
    assert because.state == "deferred"
    assert "Greylisted" in because.text


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (StorageUnavailable("s3.internal:9000"), "le fichier n’a pas pu être lu"),
        (KeyError("s3.internal:9000"), "une erreur de notre côté"),
    ],
)
def test_a_fault_of_ours_is_told_in_words_and_without_what_is_inside(
    app: Flask,
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    told: str,
) -> None:
    done = house.drop()

    def fails(*_given: object) -> None:
        raise fault

    monkeypatch.setattr(sending, "_transfer", fails)
    tick.run()
    because = the_one(done)
    assert because.state == "deferred"
    assert told in because.text
    [delivery] = done.deliveries
    shown = because.text + "".join(
        signed_in(app, house.admin).get(path).text
        for path in (f"/documents/{done.document.id}", f"/deliveries/{delivery.id}")
    )
    assert "s3.internal" not in shown
    assert type(fault).__name__ not in shown


def test_cut_off_says_so(house: House) -> None:
    done = house.drop()
    house.switch("off")
    because = the_one(done)
    assert because.state == "cancelled"
    assert because.text.startswith("Ne partira pas")


def test_a_revoked_connection_still_explains_what_it_holds(house: House) -> None:
    done = house.drop()
    connecting.revoke(house.connect(), by=None)
    db.session.commit()
    assert the_one(done).state == "held"


def test_two_tools_have_a_sentence_each(house: House, post: MailServer) -> None:
    dext = house.connect("dext")
    done = house.drop()
    switches.set_switch(house.folder(), dext, "purchases", "on", by=None)
    db.session.commit()
    states = {b.connection.app_key: b.state for b in why(done.document)}
    assert states == {"quickbooks": "pending", "dext": "before_switch"}


def test_the_command_prints_a_line_for_each_tool(app: Flask, house: House) -> None:
    done = house.drop()
    result = app.test_cli_runner().invoke(args=["why", str(done.document.id)])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(line) >= {"connection", "state", "reason"} for line in lines] == [True]
    nobody = app.test_cli_runner().invoke(
        args=["why", "00000000-0000-0000-0000-000000000000"]
    )
    assert nobody.exit_code == 1


def test_the_firm_reads_it_on_the_document_and_the_client_does_not(
    app: Flask, house: House
) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}"
    assert "Partira à" in signed_in(app, house.admin).get(url).text
    assert "Partira" not in signed_in(app, house.manager).get(url).text
    assert utc_now() - timedelta(days=1) < done.document.arrived_at
