"""The panel of an application, through its routes: what is shown, asked and kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event, select

from app.activity.models import Entry
from app.companies.models import Company
from app.connectors import catalogue, connecting, panel_listing
from app.connectors.models import Connection, Destination, StepDone
from app.db import db, new_id, utc_now
from app.delivery.models import Delivery
from app.notices.models import Notice
from tests.cast import PASSWORD, Browser, World, signed_in

NBSP = "\N{NO-BREAK SPACE}"
HTMX = {"HX-Request": "true"}
ROW = "/apps/quickbooks/companies/dune-alder"


@pytest.fixture
def ben(app: Flask, world: World) -> Browser:
    connecting.adopt(world.alder.firm.id, catalogue.get("quickbooks"), by=None)
    db.session.commit()
    return signed_in(app, world.alder.staff)


@pytest.fixture
def ada(ben: Browser, app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def save(browser: Browser, address: str, **more: str) -> Any:
    data = {"authorised": "on", "destination_purchases": address, **more}
    return browser.post(ROW, data=data, headers=HTMX)


def confirmed(browser: Browser, address: str, **more: str) -> Any:
    return save(browser, address, password=PASSWORD, sure="yes", **more)


def connection() -> Connection:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Connection)).one()


def destination() -> Destination:
    return connection().destinations[0]


def is_nothing_written() -> bool:
    db.session.rollback()
    return not db.session.scalars(select(Connection)).all()


def text_of(answer: Any) -> str:
    """The answer's words, with plain spaces and apostrophes."""
    bare = re.sub(r"<[^>]+>", " ", answer.text)
    return re.sub(r"\s+", " ", bare.replace("&#39;", "’").replace(NBSP, " "))


def refuse(side: str) -> None:
    one = destination()
    one.refused_at, one.refused_side = utc_now(), side
    one.refusal = "550 5.1.1 unknown recipient"
    db.session.commit()


# A new or changed address


def test_a_new_address_asks_for_the_password_and_writes_nothing_before(
    ben: Browser,
) -> None:
    answer = save(ben, "dune@qbodocs.com")
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#dialogue"
    assert "Confirmez votre mot de passe" in answer.text
    assert "Dune Alder" in answer.text
    assert "dune@qbodocs.com" in answer.text
    assert is_nothing_written()


def test_without_script_the_password_is_asked_on_a_page(ben: Browser) -> None:
    data = {"authorised": "on", "destination_purchases": "dune@qbodocs.com"}
    answer = ben.post(ROW, data=data)
    assert answer.status_code == 422
    assert "<html" in answer.text
    assert "Confirmez votre mot de passe" in answer.text
    assert 'name="destination_purchases" value="dune@qbodocs.com"' in answer.text


def test_a_wrong_password_keeps_what_was_typed_and_writes_nothing(
    ben: Browser,
) -> None:
    answer = save(ben, "dune@qbodocs.com", password="wrong")
    assert answer.status_code == 422
    assert 'name="destination_purchases" value="dune@qbodocs.com"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "wrong" not in answer.text
    assert is_nothing_written()


def test_the_right_password_saves_and_tells_the_administrators_once(
    ben: Browser, world: World
) -> None:
    answer = save(ben, "dune@qbodocs.com", password=PASSWORD)
    assert answer.status_code == 200
    assert destination().address == "dune@qbodocs.com"
    (notice,) = db.session.scalars(select(Notice)).all()
    assert notice.recipient == world.alder.admin.email
    assert "dune@qbodocs.com" in notice.text
    assert world.alder.staff.name in notice.text


def test_the_change_is_in_the_trail_from_what_to_what(ben: Browser) -> None:
    confirmed(ben, "dune@qbodocs.com")
    confirmed(ben, "other@qbodocs.com")
    entries = db.session.scalars(
        select(Entry).where(Entry.verb == "destination_changed").order_by(Entry.id)
    ).all()
    told = [(one.details["before"], one.details["to"]) for one in entries]
    assert told == [
        (None, "dune@qbodocs.com"),
        ("dune@qbodocs.com", "other@qbodocs.com"),
    ]


def test_an_unchanged_address_asks_nothing(ben: Browser) -> None:
    confirmed(ben, "dune@qbodocs.com")
    assert save(ben, "dune@qbodocs.com").status_code == 200
    assert len(db.session.scalars(select(Notice)).all()) == 1


def test_authorising_and_revoking_ask_no_password(ben: Browser) -> None:
    assert ben.post(ROW, data={"authorised": "on"}).status_code == 303
    assert connection().is_authorised
    assert ben.post(ROW, data={}).status_code == 303
    assert not connection().is_authorised


def test_doubts_are_confirmed_before_anything_is_written(ben: Browser) -> None:
    answer = save(ben, "dune@qbodoc.com", password=PASSWORD)
    assert answer.status_code == 422
    assert "Le domaine habituel est qbodocs.com" in text_of(answer)
    assert 'name="sure"' in answer.text
    assert is_nothing_written()
    assert confirmed(ben, "dune@qbodoc.com").status_code == 200
    assert destination().address == "dune@qbodoc.com"


def test_an_address_cannot_be_emptied_in_silence(ben: Browser) -> None:
    confirmed(ben, "dune@qbodocs.com")
    assert save(ben, "  ").status_code == 422
    assert destination().address == "dune@qbodocs.com"


def test_a_slot_that_the_application_has_not_is_ignored(ben: Browser) -> None:
    answer = confirmed(ben, "dune@qbodocs.com", destination_secret="x@evil.test")
    assert answer.status_code == 200
    assert [one.slot for one in connection().destinations] == ["purchases"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("du pont@qbodocs.com", "espace"),
        ("dupönt@qbodocs.com", "accent"),
        ("a@qbodocs.com,b@qbodocs.com", "virgule"),
        ("a@b@qbodocs.com", "@"),
        ("x@mail.guichet.test", "des nôtres"),
        ("x" * 300 + "@qbodocs.com", "trop longue"),
        ("<script>@qbodocs.com", "adresse"),
    ],
)
def test_a_bad_address_is_told_while_typed_and_when_saved(
    ben: Browser, address: str, said: str
) -> None:
    typed = ben.post(f"{ROW}/check", data={"slot": "purchases", "address": address})
    assert typed.status_code == 200
    assert said in text_of(typed)
    saved = confirmed(ben, address)
    assert saved.status_code == 422
    assert said in text_of(saved)
    assert "autofocus" in saved.text
    assert "<script>@" not in saved.text
    assert is_nothing_written()


# While it is typed


def test_the_check_reads_the_row_s_own_field_and_writes_nothing(ben: Browser) -> None:
    data = {"slot": "purchases", "destination_purchases": "dune@other.example"}
    answer = ben.post(f"{ROW}/check", data=data, headers=HTMX)
    assert "qbodocs.com" in answer.text
    assert "<html" not in answer.text
    assert is_nothing_written()


def test_the_check_names_the_company_that_has_the_same_address(
    ada: Browser, world: World
) -> None:
    world.alder.connect(company=world.alder.elm)
    data = {"slot": "purchases", "address": "PURCHASES.elm-alder@tool.test"}
    assert "Elm Alder" in ada.post(f"{ROW}/check", data=data).text


def test_the_check_of_an_unknown_slot_is_not_found(ben: Browser) -> None:
    answer = ben.post(f"{ROW}/check", data={"slot": "x", "address": "a@b.fr"})
    assert answer.status_code == 404


def test_the_check_says_nothing_of_a_good_or_an_empty_address(ben: Browser) -> None:
    for address in ("dune@qbodocs.com", " "):
        data = {"slot": "purchases", "address": address}
        assert ben.post(f"{ROW}/check", data=data).text.strip() == ""


# Two tabs


def test_an_older_page_overwrites_nothing_and_is_told_who_changed_what(
    ben: Browser, ada: Browser
) -> None:
    confirmed(ben, "first@qbodocs.com", revision="0")
    old = str(connection().revision)
    confirmed(ada, "second@qbodocs.com", revision=old)
    answer = confirmed(ben, "third@qbodocs.com", revision=old)
    assert answer.status_code == 422
    told = text_of(answer)
    assert "modifiée entre-temps" in told
    assert "Ada Martin" in told
    assert "first@qbodocs.com → second@qbodocs.com" in told
    assert "Adresse actuelle : second@qbodocs.com" in told
    assert "Votre saisie : third@qbodocs.com" in told
    assert "Ben Petit" not in told  # what this page had seen is not told again
    assert destination().address == "second@qbodocs.com"


def test_saving_again_knowingly_puts_it_in_its_place(
    ben: Browser, ada: Browser
) -> None:
    confirmed(ben, "first@qbodocs.com", revision="0")
    old = str(connection().revision)
    confirmed(ada, "second@qbodocs.com", revision=old)
    answer = confirmed(ben, "third@qbodocs.com", revision=old)
    fresh = re.search(r'name="revision" value="(\d+)"', answer.text)
    assert fresh
    assert confirmed(ben, "third@qbodocs.com", revision=fresh[1]).status_code == 200
    assert destination().address == "third@qbodocs.com"


def test_the_access_of_an_older_page_is_not_taken_either(
    ben: Browser, ada: Browser
) -> None:
    confirmed(ben, "dune@qbodocs.com")
    old = str(connection().revision)
    confirmed(ada, "other@qbodocs.com")
    answer = ben.post(ROW, data={"revision": old}, headers=HTMX)
    assert answer.status_code == 422
    assert connection().is_authorised
    ada.post(ROW, data={})
    answer = save(ben, "other@qbodocs.com", revision=old)
    assert answer.status_code == 422
    assert "accès retiré" in answer.text
    assert not connection().is_authorised


def test_an_older_page_that_says_the_same_is_no_conflict(
    ben: Browser, ada: Browser
) -> None:
    confirmed(ben, "dune@qbodocs.com", revision="0")
    assert save(ada, "dune@qbodocs.com", revision="0").status_code == 200


# Revoking, and another address


@pytest.fixture
def waiting(ben: Browser, world: World) -> Delivery:
    """A document that was held by a revocation, then given another address."""
    confirmed(ben, "old@qbodocs.com")
    world.alder.switch("on", connection=connection())
    world.alder.drop()
    answer = ben.post(ROW, data={}, headers=HTMX)
    assert "1 document est retenu" in text_of(answer)
    confirmed(ben, "new@qbodocs.com")
    return delivery()


def delivery() -> Delivery:
    db.session.expire_all()
    return db.session.scalars(select(Delivery)).one()


def test_what_waits_for_another_address_is_asked_about(
    ben: Browser, waiting: Delivery
) -> None:
    assert (waiting.state, waiting.reason) == ("held", "address_changed")
    told = text_of(ben.get("/apps/quickbooks"))
    assert "1 document attend : l’adresse a changé" in told
    assert "Envoyer à la nouvelle adresse" in told
    assert "Ne pas envoyer" in told


def test_it_leaves_to_the_new_address_when_a_person_says_so(
    ben: Browser, waiting: Delivery
) -> None:
    answer = ben.post(f"{ROW}/held", data={"decision": "send"}, headers=HTMX)
    assert "1 document part" in text_of(answer)
    assert "l’adresse a changé" not in text_of(answer)
    assert delivery().state == "pending"


def test_it_does_not_leave_when_a_person_says_so(
    ben: Browser, waiting: Delivery
) -> None:
    assert ben.post(f"{ROW}/held", data={"decision": "drop"}).status_code == 303
    assert (delivery().state, delivery().reason) == ("cancelled", "by_user")
    verbs = set(db.session.scalars(select(Entry.verb)))
    assert "held_cancelled" in verbs


def test_nothing_leaves_while_the_access_is_off(
    ben: Browser, waiting: Delivery
) -> None:
    ben.post(ROW, data={})
    answer = ben.post(f"{ROW}/held", data={"decision": "send"})
    assert answer.status_code == 422
    assert delivery().state == "held"


@pytest.mark.parametrize("decision", ["", "all"])
def test_an_unknown_decision_changes_nothing(
    ben: Browser, waiting: Delivery, decision: str
) -> None:
    answer = ben.post(f"{ROW}/held", data={"decision": decision})
    assert answer.status_code == 422
    assert delivery().state == "held"


# Refused by the tool's server


def test_a_refused_address_shows_the_answer_and_proposes_the_usual_domain(
    ben: Browser,
) -> None:
    confirmed(ben, "dune@qbodoc.com")
    refuse("recipient")
    page = ben.get("/apps/quickbooks")
    told = text_of(page)
    assert "Adresse refusée" in told
    assert "550 5.1.1 unknown recipient" in told
    assert "Le domaine habituel est qbodocs.com" in told
    assert 'href="#destination-dune-alder-purchases"' in page.text
    assert 'value="dune@qbodocs.com"' in page.text
    assert "Réessayer" not in told


def test_a_refused_sender_is_tried_again_when_a_person_says_so(
    ben: Browser, world: World
) -> None:
    confirmed(ben, "dune@qbodocs.com")
    world.alder.switch("on", connection=connection())
    refuse("sender")
    world.alder.drop()
    assert delivery().reason == "refused"
    told = text_of(ben.get("/apps/quickbooks"))
    assert "QuickBooks refuse l’expéditeur" in told
    assert "Réessayer" in told
    answer = ben.post(f"{ROW}/retry", headers=HTMX)
    assert answer.status_code == 200
    assert "QuickBooks refuse" not in text_of(answer)
    assert delivery().state == "pending"
    assert destination().refused_at is None
    assert "refusal_cleared" in set(db.session.scalars(select(Entry.verb)))


# The steps


def test_a_step_is_ticked_and_unticked_with_who_and_when(
    ben: Browser, world: World
) -> None:
    ben.post(ROW, data={"authorised": "on"})
    data = {"step": "bot", "done": "yes"}
    answer = ben.post(f"{ROW}/steps", data=data, headers=HTMX)
    assert "1 étape sur 4" in text_of(answer)
    assert 'title="Ben Petit, auj.' in answer.text
    assert ben.post(f"{ROW}/steps", data=data).status_code == 303
    assert len(db.session.scalars(select(StepDone)).all()) == 1
    answer = ben.post(f"{ROW}/steps", data=data | {"done": "no"}, headers=HTMX)
    assert "0 étape sur 4" in text_of(answer)
    db.session.rollback()
    assert db.session.scalars(select(StepDone)).all() == []


def test_a_step_needs_to_exist_and_the_company_to_be_authorised(ben: Browser) -> None:
    assert ben.post(f"{ROW}/steps", data={"step": "bot"}).status_code == 422
    ben.post(ROW, data={"authorised": "on"})
    assert ben.post(f"{ROW}/steps", data={"step": "dance"}).status_code == 422


def test_the_steps_give_the_usual_address_then_the_saved_one(ben: Browser) -> None:
    steps = text_of(ben.get("/apps/quickbooks?company=dune-alder"))
    assert "pour Dune Alder" in steps
    assert "Reprendre dune-alder@qbodocs.com" in steps
    assert "quickbooks+dune-alder@mail.guichet.test" in steps
    confirmed(ben, "saved@qbodocs.com")
    assert "Reprendre" not in text_of(ben.get("/apps/quickbooks?company=dune-alder"))


def test_the_steps_are_those_of_the_first_company_to_be_connected(
    ada: Browser, world: World
) -> None:
    connected = world.alder.connect()
    connected.last_success_at = utc_now()
    world.alder.connect(company=world.alder.elm)
    assert "pour Elm Alder" in text_of(ada.get("/apps/quickbooks"))
    told = text_of(ada.get("/apps/quickbooks?company=dune-alder"))
    assert "pour Dune Alder" in told


# Who sees what


@pytest.mark.parametrize("act", ["", "/check", "/steps", "/held", "/retry"])
def test_a_company_that_is_not_there_or_not_theirs_is_not_found(
    ben: Browser, act: str
) -> None:
    data = {"authorised": "on", "slot": "purchases", "step": "bot"}
    for slug in ("nobody", "elm-alder", "dune-birch"):
        url = f"/apps/quickbooks/companies/{slug}{act}"
        assert ben.post(url, data=data).status_code == 404
    assert ben.get("/apps/quickbooks?company=elm-alder").status_code == 404
    assert ben.get("/apps/quickbooks/history?company=elm-alder").status_code == 404


def test_staff_see_the_companies_they_follow_and_no_other(
    ben: Browser, ada: Browser, world: World
) -> None:
    world.alder.connect(company=world.alder.elm)
    for page in ("", "/history"):
        assert "Elm Alder" not in ben.get(f"/apps/quickbooks{page}").text
        assert "Elm Alder" in ada.get(f"/apps/quickbooks{page}").text
    assert "Dune Birch" not in ada.get("/apps/quickbooks").text


def test_the_history_says_who_what_from_what_to_what(ben: Browser) -> None:
    confirmed(ben, "dune@qbodocs.com")
    confirmed(ben, "other@qbodocs.com")
    told = text_of(ben.get("/apps/quickbooks/history"))
    assert "dune@qbodocs.com → other@qbodocs.com" in told
    assert "sans adresse → dune@qbodocs.com" in told
    assert "accès autorisé" in told
    assert "Ben Petit" in told
    assert "Dune Alder" in text_of(
        ben.get("/apps/quickbooks/history?company=dune-alder")
    )


def test_the_history_of_another_application_is_not_there(
    ben: Browser, world: World
) -> None:
    world.alder.connect("dext")
    assert (
        "purchases.dune-alder@tool.test" not in ben.get("/apps/quickbooks/history").text
    )


# Finding them


def test_a_company_is_found_without_its_accents(ada: Browser, world: World) -> None:
    world.alder.dune.name = "Œuvre & Façade ÉTÉ"
    db.session.commit()
    for q in ("facade", "FAÇADE", "oeuvre", "ete", "Été"):
        page = ada.get("/apps/quickbooks", query_string={"q": q})
        assert 'id="company-dune-alder"' in page.text, q
        assert 'id="company-elm-alder"' not in page.text
    for q in ("%", "_", "nobody"):
        page = ada.get("/apps/quickbooks", query_string={"q": q})
        assert "Aucune entreprise de ce nom" in text_of(page)


def test_the_filter_keeps_those_that_are_authorised(ada: Browser, world: World) -> None:
    world.alder.connect()
    told = text_of(ada.get("/apps/quickbooks"))
    assert "Autorisées 1 Toutes 2" in told
    page = ada.get("/apps/quickbooks?among=authorised")
    assert 'id="company-dune-alder"' in page.text
    assert 'id="company-elm-alder"' not in page.text
    page = ada.get("/apps/quickbooks?among=authorised&q=elm")
    assert "Chercher parmi toutes" in text_of(page)


def test_the_state_of_each_company_is_told(ada: Browser, world: World) -> None:
    assert "Non autorisé" in text_of(ada.get("/apps/quickbooks"))
    ada.post(ROW, data={"authorised": "on"})
    assert "Adresse manquante" in text_of(ada.get("/apps/quickbooks"))
    confirmed(ada, "dune@qbodocs.com")
    assert "En attente d’activation" in text_of(ada.get("/apps/quickbooks"))
    connection().last_success_at = utc_now()
    db.session.commit()
    assert "Connecté" in text_of(ada.get("/apps/quickbooks"))


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 5000, "99"])
def test_a_page_that_is_not_there_is_no_fault(ada: Browser, page: str) -> None:
    assert ada.get(f"/apps/quickbooks?page={page}").status_code == 200


# Many of them


@contextmanager
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def many(world: World, number: int, *, connected: bool) -> None:
    firm = world.alder.firm.id
    companies = [
        {
            "id": new_id(),
            "firm_id": firm,
            "slug": f"company-{n}",
            "mail_domain": "mail.guichet.test",
            "name": f"Company {n:04d}",
        }
        for n in range(number)
    ]
    db.session.execute(sa.insert(Company), companies)
    if connected:
        connections = [
            {
                "id": new_id(),
                "firm_id": firm,
                "company_id": one["id"],
                "app_key": "quickbooks",
                "bot_address": f"quickbooks+{one['slug']}@mail.guichet.test",
                "last_success_at": utc_now(),
                "revision": 1,
            }
            for one in companies
        ]
        db.session.execute(sa.insert(Connection), connections)
        addresses = [
            {
                "id": new_id(),
                "firm_id": firm,
                "connection_id": one["id"],
                "slot": "purchases",
                "address": "a@qbodocs.com",
            }
            for one in connections
        ]
        db.session.execute(sa.insert(Destination), addresses)
    db.session.commit()


@pytest.mark.parametrize("connected", [True, False])
def test_thirty_companies_cost_no_more_statements_than_one(
    ada: Browser, world: World, connected: bool
) -> None:
    world.alder.connect()
    ada.get("/apps/quickbooks")
    with statements() as for_one:
        ada.get("/apps/quickbooks")
    many(world, 30, connected=connected)
    with statements() as for_thirty:
        page = ada.get("/apps/quickbooks")
    assert page.text.count('class="company-row"') == 32
    assert len(for_thirty) <= len(for_one)


def test_the_rows_of_thirty_companies_come_in_six_statements(
    app: Flask, world: World
) -> None:
    world.alder.connect()
    many(world, 30, connected=True)
    with app.test_request_context(base_url="http://alder.guichet.test"):
        from flask_login import login_user

        login_user(world.alder.admin)
        with statements() as said:
            listing = panel_listing.companies(
                catalogue.get("quickbooks"), panel_listing.asked_for({})
            )
    assert len(listing.rows) == 32
    assert len([one for one in said if one.startswith(("SELECT", "WITH"))]) <= 6


def test_two_thousand_companies_come_by_fifties(ada: Browser, world: World) -> None:
    many(world, 2000, connected=False)
    world.alder.connect()
    page = ada.get("/apps/quickbooks")
    assert page.text.count('class="company-row"') == 50
    assert page.text.index("company-dune-alder") < page.text.index("company-company-0")
    assert "1–50 sur 2002" in text_of(page)
    last = ada.get("/apps/quickbooks?page=41")
    assert last.text.count('class="company-row"') == 2
    assert "2001–2002 sur 2002" in text_of(last)
    assert "Entreprises suivantes" not in last.text
