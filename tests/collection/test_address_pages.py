"""The pages of a company's addresses, for the firm and for clients."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection import jobs, replacing
from app.collection.accepting import Envelope
from app.collection.families import family_of
from app.collection.models import AcceptedSender, CollectionAddress
from app.companies import archiving
from app.db import db, utc_now
from app.library.trashing import trash_folder
from app.mailroom.entrance import take_in
from app.notices.models import Notice
from app.notices.posting import post_notices
from tests.cast import Browser, House, World, signed_in
from tests.collection.mailing import COMPTA, documents, mail_to
from tests.smtp import MailServer

URL = "/companies/dune-alder/automation"
ONE = f"{URL}/addresses/compta"
BANK = "banque+dune-alder@mail.guichet.test"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ben(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


def text_of(answer: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.text))  # type: ignore[attr-defined]


def test_each_address_is_there_with_its_copy_button_and_its_folder(
    ben: Browser,
) -> None:
    page = ben.get(URL)
    assert f'data-copy="{COMPTA}"' in page.text
    month = utc_now().month
    assert f"Exercice 2026 › Achats › {month:02d} –" in text_of(page)
    assert page.text.count("data-copy=") == 7


def test_what_keeps_mail_from_its_folder_is_told_there(
    ben: Browser, house: House
) -> None:
    exercise = house.folder("Dossier comptable annuel/Exercice 2026")
    trash_folder(exercise, by=house.admin)
    db.session.commit()
    assert text_of(ben.get(URL)).count("est à la corbeille") == 5
    db.session.delete(exercise)
    db.session.execute(db.text("DELETE FROM fiscal_years"))
    db.session.commit()
    assert "Aucun exercice" not in text_of(ben.get(URL))  # nothing is in a year now
    assert text_of(ben.get(URL)).count("L’entreprise n’a pas ce dossier") == 5


def test_without_a_year_for_today_it_is_told(ben: Browser, house: House) -> None:
    db.session.execute(
        db.text("UPDATE fiscal_years SET starts_on='2001-01-01', ends_on='2001-12-31'")
    )
    db.session.commit()
    assert text_of(ben.get(URL)).count("Aucun exercice n’est ouvert") == 5


@pytest.mark.parametrize(
    ("sender", "family", "who", "is_filed"),
    [
        ("dora@dune.test", "banque", "Dora Dune, de l’entreprise", True),
        (" ADA@firm.test ", "banque", "Ada Martin, du cabinet", True),
        ("x@fournitures.fr", "banque", "D’un domaine accepté", True),
        ("x@elsewhere.fr", "banque", "Personne de connu", False),
        ("x@elsewhere.fr", "compta", "Personne de connu", True),
        ("max@elm.test", "banque", "Personne de connu", False),
        ("compta+elm-alder@mail.guichet.test", "compta", "Personne de connu", False),
        ("ne-pas-repondre@mail.guichet.test", "compta", "Personne de connu", False),
        ("somebody@mail.guichet.test", "compta", "Personne de connu", True),
        ("ben@firm.test", "banque", "Ben Petit, du cabinet", True),
        ("dora@dune.test", "social", "Dora Dune", False),  # its list alone
        ("x@fournitures.fr", "social", "D’un domaine accepté", True),
    ],
)
def test_the_tester_tells_who_that_is_and_what_would_become_of_it(
    ben: Browser, house: House, sender: str, family: str, who: str, is_filed: bool
) -> None:
    db.session.add(
        AcceptedSender(
            firm_id=house.firm.id, company_id=house.dune.id, pattern="@fournitures.fr"
        )
    )
    social = family_of(house.firm.id, "social")
    assert social
    replacing.set_policy(house.dune, social, "list", by=house.admin)
    db.session.commit()
    page = ben.get(URL, query_string={"sender": sender, "family": family})
    told = text_of(page)
    assert who in told
    assert ("Serait classé tout seul" in told) is is_filed
    assert ("Attendrait dans les courriels" in told) is not is_filed


def test_the_tester_does_not_know_staff_who_do_not_follow_the_company(
    app: Flask, house: House
) -> None:
    ada = signed_in(app, house.admin)
    asked = {"sender": "ben@firm.test", "family": "banque"}
    told = text_of(ada.get("/companies/elm-alder/automation", query_string=asked))
    assert "Ben Petit, du cabinet, qui ne suit pas cette entreprise" in told
    assert "Attendrait dans les courriels" in told


def test_the_tester_names_a_client_of_another_company_to_who_may_enter_that_one(
    app: Flask, house: House
) -> None:
    asked = {"sender": "max@elm.test", "family": "banque"}
    for who, told in ((house.admin, True), (house.staff, False)):
        page = signed_in(app, who).get(URL, query_string=asked)
        assert ("Max Elm, d’une autre entreprise" in text_of(page)) is told
        assert ("Max" in page.text) is told


def test_the_tester_says_what_is_no_address(ben: Browser) -> None:
    for sender in ("", "nobody", "a@b"):
        page = ben.get(URL, query_string={"sender": sender})
        assert page.status_code == 422
        assert 'id="error-sender"' in page.text


def test_the_last_mails_lead_to_their_documents(ben: Browser, house: House) -> None:
    mail_to(COMPTA, papers=2)
    mail_to(BANK)
    page = ben.get(f"{URL}/mails", headers={"HX-Request": "true"})
    assert page.text.count('href="/documents/') == 2
    told = text_of(page)
    assert told.index("À vérifier") < told.index("Classé")
    assert ben.get(f"{URL}/mails").location.endswith(f"{URL}#mails")


def test_mail_that_still_comes_to_a_former_address_is_marked(
    ben: Browser, house: House
) -> None:
    mail_to(COMPTA)
    form = {"word": "dune-xyzw", "sign": "+", "months": "6"}
    assert ben.post(f"{ONE}/replace", data=form).status_code == 303
    assert "ancienne adresse" not in text_of(ben.get(URL))
    mail_to(COMPTA)
    told = text_of(ben.get(URL))
    assert told.count("ancienne adresse") == 1
    assert "1 courriel depuis son remplacement" in told


def test_an_address_is_replaced_and_settled_by_forms(
    ben: Browser, house: House
) -> None:
    folder = house.folder("Juridique")
    form = {"policy": "known", "folder": str(folder.id)}
    assert ben.post(ONE, data=form).status_code == 303
    assert "choisi à la main" in text_of(ben.get(URL))
    wrong = ben.post(f"{ONE}/replace", data={"word": "elm-alder", "months": "3"})
    assert wrong.status_code == 422
    assert 'value="elm-alder"' in wrong.text
    assert 'id="error-word"' in wrong.text
    form = {"word": "dune-xyzw", "sign": ".", "months": "3"}
    assert ben.post(f"{ONE}/replace", data=form).status_code == 303
    now, old = db.session.scalars(
        select(CollectionAddress).order_by(CollectionAddress.replaced_at.is_not(None))
    ).all()
    assert now.address == "compta.dune-xyzw@mail.guichet.test"
    assert (now.policy, now.folder_id) == ("known", folder.id)
    assert (
        ben.post(f"{URL}/former/{old.id}", data={"months": "same"}).status_code == 303
    )
    assert ben.post(f"{URL}/former/{old.id}", data={"months": "0"}).status_code == 303
    assert "Ne reçoit plus" in text_of(ben.get(URL))
    assert ben.post(f"{URL}/former/{now.id}", data={"months": "0"}).status_code == 422
    assert ben.post(f"{URL}/former/{old.id}", data={"months": "7"}).status_code == 422


def test_a_folder_of_another_company_is_not_to_be_had(app: Flask, world: World) -> None:
    ada = signed_in(app, world.alder.admin)
    for house, company in (
        (world.alder, world.alder.elm),
        (world.birch, world.birch.dune),
    ):
        folder = house.folder("Juridique", company)
        form = {"policy": "", "folder": str(folder.id)}
        assert ada.post(ONE, data=form).status_code == 404
    assert ada.post(ONE, data={"policy": "", "folder": "x"}).status_code == 422
    assert db.session.scalars(select(CollectionAddress.folder_id)).all() in ([], [None])


def test_a_former_address_and_a_sender_of_another_company_are_not_found(
    ben: Browser, house: House
) -> None:
    theirs = {"firm_id": house.firm.id, "company_id": house.elm.id}
    address = CollectionAddress(
        **theirs, address="x@y.test", family="compta", replaced_at=utc_now()
    )
    sender = AcceptedSender(**theirs, pattern="@fournitures.fr")
    db.session.add_all([address, sender])
    db.session.commit()
    end = ben.post(f"{URL}/former/{address.id}", data={"months": "0"})
    remove = ben.post(f"{URL}/senders/{sender.id}/remove")
    assert (end.status_code, remove.status_code) == (404, 404)
    assert ben.get("/companies/elm-alder/automation").status_code == 404


def test_a_sender_is_accepted_meant_and_removed_by_forms(ben: Browser) -> None:
    url = f"{URL}/senders"
    assert ben.post(url, data={"pattern": "@fournitures.fr"}).status_code == 303
    for pattern in ("@fournitures.fr", "@gmail.com", "x"):
        wrong = ben.post(url, data={"pattern": pattern})
        assert wrong.status_code == 422
        assert f'value="{pattern}"' in wrong.text
        assert 'name="sure"' not in wrong.text
    like = {"pattern": "@fournltures.fr"}
    asked = ben.post(url, data=like)
    assert asked.status_code == 422
    assert 'name="sure"' in asked.text
    other = {"pattern": "@foumitures.fr", "sure": "@fournltures.fr"}
    assert ben.post(url, data=other).status_code == 422  # that was said of another one
    assert ben.post(url, data=like | {"sure": "@fournltures.fr"}).status_code == 303
    [first, second] = db.session.scalars(select(AcceptedSender)).all()
    for sender in (first, second):
        assert ben.post(f"{url}/{sender.id}/remove").status_code == 303
    assert db.session.scalars(select(AcceptedSender)).all() == []


def test_an_archived_company_s_addresses_are_shown_closed_and_stay_as_they_are(
    ben: Browser, house: House
) -> None:
    archiving.archive(house.dune, by=house.admin)
    db.session.commit()
    page = ben.get(URL)
    assert text_of(page).count("Fermée") == 7
    assert "<form" not in page.text.split('id="addresses"')[1].split("</section>")[0]
    for path, form in (
        (f"{ONE}/replace", {"word": "dune-xyzw", "sign": "+", "months": "0"}),
        (ONE, {"policy": "list"}),
        (f"{URL}/senders", {"pattern": "@fournitures.fr"}),
    ):
        assert ben.post(path, data=form).status_code == 422
    assert mail_to(COMPTA).reason == "archived"


def test_a_test_message_tells_whether_mail_comes_back(
    ben: Browser, house: House, post: MailServer
) -> None:
    assert ben.post(f"{ONE}/test").status_code == 303
    assert ben.post(f"{ONE}/test").status_code == 422  # within a minute
    post_notices()
    assert "n’est pas encore revenu" in text_of(ben.get(ONE))
    [sent] = post.messages
    assert sent.recipient == COMPTA
    take_in(sent.raw, Envelope("smtp", sent.sender), [COMPTA])
    jobs.read_waiting()
    db.session.expire_all()
    assert documents() == []
    assert "Il est revenu" in text_of(ben.get(ONE))


def test_only_that_very_message_to_that_address_counts_as_a_test(
    ben: Browser, house: House, post: MailServer
) -> None:
    ben.post(f"{ONE}/test")
    post_notices()
    [sent] = post.messages
    take_in(sent.raw, Envelope("smtp", sent.sender), [BANK])
    db.session.commit()
    assert "pas encore revenu" in text_of(ben.get(ONE))
    notice = db.session.scalars(select(Notice)).one()
    notice.created_at -= timedelta(days=2)
    db.session.commit()
    assert "pas encore revenu" not in text_of(ben.get(ONE))


def test_staff_reach_the_page_from_the_folders_and_administrators_from_the_settings(
    app: Flask, ben: Browser, house: House
) -> None:
    link = f'href="{URL}"'
    folder = f"/companies/dune-alder/folders/{house.folder('Social').id}"
    assert link in ben.get(folder).text
    ada = signed_in(app, house.admin)
    assert link in ada.get("/companies/dune-alder/settings").text
    assert 'href="/companies/dune-alder/settings"' in ada.get(URL).text
    assert 'href="/companies/dune-alder/settings"' not in ben.get(URL).text


@pytest.mark.parametrize(
    ("who", "sees", "does_not"),
    [
        ("manager", ["compta+", "banque+", "social+", "a-classer+"], []),
        ("user", ["compta+", "a-classer+"], ["banque+", "social+"]),
    ],
)
def test_a_client_is_given_the_addresses_of_the_folders_that_are_theirs(
    app: Flask, house: House, who: str, sees: list[str], does_not: list[str]
) -> None:
    page = signed_in(app, getattr(house, who)).get("/").text
    for prefix in sees:
        assert f'data-copy="{prefix}dune-alder@mail.guichet.test"' in page
    for prefix in does_not:
        assert prefix not in page


def test_a_client_is_given_no_address_that_would_not_take_their_mail_there(
    app: Flask, house: House
) -> None:
    compta, ventes = (family_of(house.firm.id, p) for p in ("compta", "ventes"))
    assert compta
    assert ventes
    replacing.set_policy(house.dune, compta, "list", by=house.admin)
    replacing.set_folder(house.dune, ventes, house.folder("Cabinet"), by=house.admin)
    house.folder("Social").visibility = "read_only"
    trash_folder(
        house.folder("Dossier comptable annuel/Exercice 2026/Banque"), by=house.admin
    )
    db.session.commit()
    dora = signed_in(app, house.manager)
    page = dora.get("/").text
    for prefix in ("compta+", "ventes+", "social+", "banque+"):
        assert f'"{prefix}dune' not in page, prefix
    assert '"ndf+dune' in page
    archiving.archive(house.dune, by=house.admin)
    db.session.commit()
    assert "data-copy=" not in dora.get("/").text
