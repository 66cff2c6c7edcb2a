"""The pages of the mails to check: what they show, to whom, and what they answer."""

import re
import uuid
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.collection import accepting, jobs, sender_list, settling
from app.collection.accepting import Envelope
from app.collection.addresses import collector
from app.collection.models import AcceptedSender, InboundMail
from app.db import db
from app.library.models import Document
from app.mailroom.entrance import take_in
from tests.cast import Browser, House, World, signed_in
from tests.collection.letters import letter
from tests.collection.test_settling import as_it_is, come, numbers

NBSP = "\N{NO-BREAK SPACE}"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ben(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def form(mail: InboundMail, house: House, **more: Any) -> dict[str, Any]:
    return {
        "company": house.dune.slug,
        "folder": str(house.folder().id),
        "part": [str(number) for number in numbers(mail)],
        **more,
    }


def test_without_mails_the_page_says_what_would_be_there(ben: Browser) -> None:
    page = ben.get("/quarantine").text
    assert f"0{NBSP}courriel" in page or "0 courriel à vérifier" in page
    assert "Rien à vérifier" in page
    assert "Les voir" not in ben.get("/").text


def test_the_list_says_who_what_why_and_how_many(ben: Browser, house: House) -> None:
    come("a.pdf", "b.pdf")
    page = ben.get("/quarantine").text
    for words in (
        "1 courriel à vérifier",
        "compta@supplier.test",
        "Votre facture",
        "Expéditeur jamais vu pour Dune Alder",
        "2 pièces jointes",
        "Classer les 2 documents",
        "rien ne prouve l’expéditeur",
    ):
        assert words in page, words
    assert "1 courriel à vérifier" in ben.get("/companies").text  # in the top bar
    assert "Les voir" in ben.get("/").text


def test_nothing_of_the_mail_becomes_markup_nor_link(
    ben: Browser, house: House
) -> None:
    raw = letter(
        ("<b>a</b>.pdf", "application/pdf"),
        sender=f'"{HOSTILE}" <x@supplier.test>',
        subject=HOSTILE,
        text=f"{HOSTILE}\nhttps://evil.test/pay <a href='javascript:alert(2)'>x</a>",
    )
    (taken,) = take_in(raw, Envelope("smtp"), ["banque+dune-alder@mail.guichet.test"])
    jobs.read_waiting()
    for page in (ben.get("/quarantine").text, ben.get(f"/quarantine/{taken.mail_id}")):
        text = page if isinstance(page, str) else page.text
        assert HOSTILE not in text
        assert 'href="https://evil' not in text
        assert 'href="javascript' not in text
        assert "https://evil.test/pay" in text


def test_filing_leads_to_the_next_mail_and_says_what_was_done(
    ben: Browser, house: House
) -> None:
    older, newer = come("a.pdf"), come("b.pdf")
    answer = ben.post(f"/quarantine/{newer.id}/classify", data=form(newer, house))
    assert (answer.status_code, answer.location) == (303, f"/quarantine/{older.id}")
    page = ben.get(answer.location).text
    assert "1 document classé dans Achats." in page
    assert "1 courriel à vérifier" in page
    assert [d.name for d in db.session.scalars(select(Document))] == ["b.pdf"]


def test_a_sender_is_always_accepted_when_that_is_chosen_with_it(
    ben: Browser, house: House
) -> None:
    mail = come("a.pdf")
    mail.verdict = "pass"
    db.session.commit()
    page = ben.get(f"/quarantine/{mail.id}").text
    assert re.search(r'name="always"[^>]*checked', page)
    ben.post(f"/quarantine/{mail.id}/classify", data=form(mail, house, always="1"))
    assert db.session.scalars(select(AcceptedSender.pattern)).all() == [
        "@supplier.test"
    ]


def test_a_sender_of_whom_nothing_can_be_kept_is_not_accepted(
    ben: Browser, house: House
) -> None:
    raw = letter(("Facture.pdf.exe", "application/octet-stream"))
    (taken,) = take_in(raw, Envelope("smtp"), ["compta+dune-alder@mail.guichet.test"])
    jobs.read_waiting()
    mail = as_it_is(taken.mail_id)
    data = form(mail, house, always="1")
    answer = ben.post(f"/quarantine/{mail.id}/classify", data=data)
    assert (answer.status_code, "programme" in answer.text) == (422, True)
    assert db.session.scalars(select(AcceptedSender)).all() == []


def test_a_sender_is_accepted_once_and_who_did_it_first_stays(
    ben: Browser, ada: Browser, house: House
) -> None:
    for browser, paper in ((ben, "a.pdf"), (ada, "b.pdf")):
        mail = come(paper)
        db.session.execute(update(InboundMail).values(state="quarantined"))
        db.session.commit()
        url = f"/quarantine/{mail.id}/classify"
        assert browser.post(url, data=form(mail, house, always="1")).status_code == 303
    accepted = db.session.scalars(select(AcceptedSender)).one()
    assert accepted.accepted_by_id == house.staff.id


def test_one_who_looks_like_another_is_accepted_only_by_a_person_who_is_sure(
    ben: Browser, house: House
) -> None:
    sender_list.accept(house.dune, "compta@suppller.test", by=house.admin)
    db.session.commit()
    mail = come("a.pdf")
    url, data = f"/quarantine/{mail.id}/classify", form(mail, house, always="1")
    answer = ben.post(url, data=data)
    assert answer.status_code == 422
    assert "ressemble à «\u00a0compta@suppller.test\u00a0»" in answer.text
    assert 'name="sure" value="compta@supplier.test"' in answer.text
    assert db.session.scalars(select(Document)).all() == []  # nothing filed either
    assert ben.post(url, data={**data, "sure": "compta@supplier.test"}).location
    patterns = db.session.scalars(select(AcceptedSender.pattern)).all()
    assert sorted(patterns) == ["compta@supplier.test", "compta@suppller.test"]
    assert len(db.session.scalars(select(Document)).all()) == 1


def test_of_a_full_list_the_form_says_so_and_nothing_is_filed(
    ben: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_list, "MOST", 0)
    mail = come("a.pdf")
    data = form(mail, house, always="1")
    answer = ben.post(f"/quarantine/{mail.id}/classify", data=data)
    assert (answer.status_code, "0 expéditeurs" in answer.text) == (422, True)
    assert db.session.scalars(select(Document)).all() == []


def test_a_forged_sender_cannot_be_accepted_whatever_the_form_says(
    ben: Browser, house: House
) -> None:
    mail = come("a.pdf")
    mail.verdict, mail.reason = "fail", "spoofed"
    db.session.commit()
    page = ben.get(f"/quarantine/{mail.id}").text
    assert "Expéditeur usurpé" in page
    assert 'name="always"' not in page
    ben.post(f"/quarantine/{mail.id}/classify", data=form(mail, house, always="1"))
    assert db.session.scalars(select(AcceptedSender)).all() == []


def test_to_sort_is_one_button(ben: Browser, house: House) -> None:
    mail = come("a.pdf")
    ben.post(f"/quarantine/{mail.id}/classify", data=form(mail, house, to="inbox"))
    document = db.session.scalars(select(Document)).one()
    assert document.folder_id == house.folder("À classer").id


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"company": ""}, "Choisissez une entreprise."),
        ({"folder": "x"}, "Choisissez un dossier."),
        ({"part": []}, "Choisissez ce qu’il faut classer."),
        (
            {"part": ["²", "99999999999999999999", "-1", "77"]},
            "Choisissez ce qu’il",
        ),
    ],
)
def test_a_form_that_is_not_complete_is_shown_again_with_what_was_typed(
    ben: Browser, house: House, wrong: dict[str, Any], told: str
) -> None:
    mail = come("a.pdf")
    answer = ben.post(
        f"/quarantine/{mail.id}/classify", data=form(mail, house, always="1", **wrong)
    )
    assert answer.status_code == 422
    assert told in answer.text
    assert as_it_is(mail.id).state == "quarantined"


def test_without_script_another_company_s_folders_are_a_button_away(
    ada: Browser, house: House
) -> None:
    mail = come("a.pdf")
    wanted = form(mail, house, company=house.elm.slug, to="company")
    page = ada.post(f"/quarantine/{mail.id}/classify", data=wanted)
    assert page.status_code == 200
    assert str(house.folder("Social", house.elm).id) in page.text
    assert str(house.folder("Social").id) not in page.text
    assert as_it_is(mail.id).state == "quarantined"


def test_the_folder_is_the_one_that_the_address_leads_to(
    ben: Browser, house: House
) -> None:
    mail = come("a.pdf")
    bank = house.folder("Dossier comptable annuel/Exercice 2026/Banque")
    page = ben.get(f"/quarantine/{mail.id}").text
    chosen = re.search(r'<option value="([^"]+)"\s+selected>([^<]+ › [^<]+)<', page)
    assert chosen
    month = db.session.get_one(type(bank), uuid.UUID(chosen[1]))
    assert month.parent_id == bank.id
    assert chosen[2].startswith("Exercice 2026 › Banque › ")


def test_a_folder_that_is_switched_on_says_where_its_files_will_go(
    ben: Browser, house: House
) -> None:
    house.switch("on")
    mail = come("a.pdf", "b.pdf")
    there = {"company": house.dune.slug, "folder": str(house.folder().id)}

    def fragment(*chosen: int) -> str:
        query = there | {"part": [str(n) for n in chosen]}
        answer = ben.get(
            f"/quarantine/{mail.id}",
            query_string=query,
            headers={"HX-Request": "true"},
        )
        return str(answer.text)

    first, second = numbers(mail)
    assert "les 2 fichiers partiront vers QuickBooks" in fragment(first, second)
    assert "le fichier partira vers QuickBooks" in fragment(first)
    assert "Classer le document" in fragment(first)
    assert "Rien de choisi" in fragment()
    assert "<html" not in fragment(first)


def test_setting_aside_asks_first_and_can_be_undone(ben: Browser, house: House) -> None:
    mail = come("a.pdf")
    assert "Écarter ce courriel" in ben.get(f"/quarantine/{mail.id}/discard").text
    dialog = ben.get(f"/quarantine/{mail.id}/discard", headers={"HX-Request": "true"})
    assert dialog.text.lstrip().startswith("<dialog")
    answer = ben.post(f"/quarantine/{mail.id}/discard")
    assert (answer.status_code, answer.location) == (303, "/quarantine")
    page = ben.get("/quarantine").text
    assert f"/quarantine/{mail.id}/back" in page  # the way back, at once
    assert "Voir le courriel écarté" in page
    assert "Remettre" in ben.get(f"/quarantine/{mail.id}").text
    assert "compta@supplier.test" in ben.get("/quarantine?show=discarded").text
    ben.post(f"/quarantine/{mail.id}/back")
    assert as_it_is(mail.id).state == "quarantined"


def left_in_its_mailbox(house: House) -> InboundMail:
    """Too big for the door of the mailbox: its headers are all that came."""
    to = collector("banque+dune-alder@mail.guichet.test")
    headers, envelope = b"Subject: Bilan\r\n\r\n", Envelope("imap", "x@y.test")
    told = accepting.tell_of(headers, 99_000_000, envelope, to.address, to)  # type: ignore[union-attr]
    jobs.read_waiting()
    return as_it_is(told.mail_id)


def test_what_was_left_in_its_mailbox_says_so_and_can_be_set_aside(
    ben: Browser, house: House
) -> None:
    mail = left_in_its_mailbox(house)
    page = ben.get(f"/quarantine/{mail.id}").text
    assert "Le message est resté dans la boîte où il est arrivé." in page
    assert "30 jours" not in section(page, "settle")
    assert f"/quarantine/{mail.id}/discard" in page
    assert ben.post(f"/quarantine/{mail.id}/discard").status_code == 303
    assert as_it_is(mail.id).state == "discarded"
    assert "30 jours" not in section(ben.get(f"/quarantine/{mail.id}").text, "settle")
    ben.post(f"/quarantine/{mail.id}/back")
    assert as_it_is(mail.id).state == "quarantined"


def test_what_is_too_large_sends_to_the_original(
    app: Flask, ben: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_MAIL_MB", 0)
    page = ben.get(f"/quarantine/{come('a.pdf').id}").text
    assert "Prenez dans l’original ce qu’il faut classer" in page
    assert "/original" in page


def section(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</aside>")[0]


def test_whoever_comes_second_sees_who_was_quicker(
    ben: Browser, ada: Browser, house: House
) -> None:
    mail = come("a.pdf")
    data = form(mail, house)
    ada.post(f"/quarantine/{mail.id}/classify", data=data)
    for act in ("classify", "discard", "back"):
        answer = ben.post(f"/quarantine/{mail.id}/{act}", data=data)
        assert (answer.status_code, answer.location) == (303, f"/quarantine/{mail.id}")
        page = ben.get(answer.location).text
        assert "Ada Martin a été plus rapide" in page
        assert "Classé par Ada Martin" in page
    assert len(db.session.scalars(select(Document)).all()) == 1


def test_whoever_comes_second_in_an_open_page_is_told_there(
    ben: Browser, ada: Browser, house: House
) -> None:
    mail = come("a.pdf")
    ada.post(f"/quarantine/{mail.id}/discard")
    late = ben.post(f"/quarantine/{mail.id}/discard", headers={"HX-Request": "true"})
    assert (late.status_code, late.headers["HX-Retarget"]) == (409, "#messages")
    assert "Ada Martin a été plus rapide" in late.text


def test_staff_see_the_mails_of_their_companies_alone(
    ben: Browser, ada: Browser, house: House
) -> None:
    mail = come("a.pdf", to="banque+elm-alder@mail.guichet.test")
    for path in ("", "/original", "/parts/2", "/parts/2.webp", "/discard"):
        assert ben.get(f"/quarantine/{mail.id}{path}").status_code == 404
        assert ada.get(f"/quarantine/{mail.id}{path}").status_code in {200, 302}
    for act in ("classify", "discard", "back"):
        assert ben.post(f"/quarantine/{mail.id}/{act}").status_code == 404
    assert "compta@supplier.test" not in ben.get("/quarantine").text
    assert "à vérifier" not in ben.get("/companies").text


def test_staff_file_into_companies_that_they_see_alone(
    ben: Browser, house: House
) -> None:
    mail = come("a.pdf")
    into_elm = form(
        mail,
        house,
        company=house.elm.slug,
        folder=str(house.folder("Social", house.elm).id),
    )
    assert ben.post(f"/quarantine/{mail.id}/classify", data=into_elm).status_code == 404
    crossed = form(mail, house, folder=str(house.folder("Social", house.elm).id))
    assert ben.post(f"/quarantine/{mail.id}/classify", data=crossed).status_code == 404
    assert db.session.scalars(select(Document)).all() == []


def test_a_mail_of_the_firm_without_company_is_for_those_who_see_all(
    app: Flask, world: World
) -> None:
    mail = come("a.pdf", to="achats+dune-aldr@mail.guichet.test")
    settling.hand_over(mail, world.alder.firm, by=world.operator)
    db.session.commit()
    ben, ada = signed_in(app, world.alder.staff), signed_in(app, world.alder.admin)
    assert ben.get(f"/quarantine/{mail.id}").status_code == 404
    page = ada.get(f"/quarantine/{mail.id}").text
    assert f"Adresse mal écrite{NBSP}: achats+dune-aldr@" in page
    assert "compta+dune-alder@mail.guichet.test" in page  # the nearest
    assert re.search(r'<option value="dune-alder"\s+selected>', page)
    world.alder.staff.sees_all_companies = True
    db.session.commit()
    assert ben.get(f"/quarantine/{mail.id}").status_code == 200


def test_the_preview_is_a_picture_of_the_page(ben: Browser, house: House) -> None:
    mail = come("a.pdf")
    (number,) = numbers(mail)
    page = ben.get(f"/quarantine/{mail.id}?view={number}").text
    assert f"/quarantine/{mail.id}/parts/{number}.webp?page=1" in page
    answer = ben.get(f"/quarantine/{mail.id}/parts/{number}.webp")
    assert (answer.status_code, answer.content_type) == (200, "image/webp")
    assert answer.data[8:12] == b"WEBP"
    again = ben.get(
        f"/quarantine/{mail.id}/parts/{number}.webp",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304
    for page_number in ("0", "2", "-1", "999"):
        url = f"/quarantine/{mail.id}/parts/{number}.webp?page={page_number}"
        assert ben.get(url).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xlsx", b"PK\x03\x04 no workbook", "Ce type de fichier"),
        ("a.pdf", b"%PDF-1.4 broken", "Ce fichier semble endommagé"),
        ("a.html", b"<script>alert(1)</script>", "Ce type de fichier"),
    ],
)
def test_what_cannot_be_shown_says_so(
    ben: Browser, house: House, name: str, content: bytes, told: str
) -> None:
    message = EmailMessage()
    message["From"] = "x@supplier.test"
    message.set_content("Bonjour")
    message.add_attachment(
        content, maintype="application", subtype="octet-stream", filename=name
    )
    to = ["banque+dune-alder@mail.guichet.test"]
    (taken,) = take_in(message.as_bytes(), Envelope("smtp"), to)
    jobs.read_waiting()
    (number,) = numbers(as_it_is(taken.mail_id))
    url = f"/quarantine/{taken.mail_id}/parts/{number}"
    assert told in ben.get(url, headers={"HX-Request": "true"}).text
    assert ben.get(f"{url}.webp").status_code == 404


def test_the_original_is_a_file_to_keep_and_gone_with_its_days(
    ben: Browser, house: House
) -> None:
    mail = come("a.pdf")
    answer = ben.get(f"/quarantine/{mail.id}/original")
    assert answer.data.startswith(b"From: Fournitures")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.content_type == "message/rfc822"
    mail.storage_key, mail.state = None, "discarded"
    mail.received_at -= timedelta(days=31)
    db.session.commit()
    assert ben.get(f"/quarantine/{mail.id}/original").status_code == 404
    assert "supprimé au bout de" in ben.get(f"/quarantine/{mail.id}").text


def test_the_document_leads_the_firm_alone_to_its_mail(
    app: Flask, ben: Browser, house: House
) -> None:
    mail = come("a.pdf")
    ben.post(f"/quarantine/{mail.id}/classify", data=form(mail, house))
    url = f"/documents/{db.session.scalars(select(Document.id)).one()}"
    assert f"/quarantine/{mail.id}" in ben.get(url).text
    dora = signed_in(app, house.manager)
    page = dora.get(url).text
    assert "Fournitures" in page
    assert "quarantine" not in page
    assert "compta@supplier.test" not in page


def test_other_clients_that_know_the_sender_are_told_of(
    ada: Browser, ben: Browser, house: House
) -> None:
    known = come("a.pdf", to="banque+elm-alder@mail.guichet.test")
    into = form(
        known,
        house,
        company=house.elm.slug,
        folder=str(house.folder("Social", house.elm).id),
    )
    ada.post(f"/quarantine/{known.id}/classify", data=into)
    mail = come("b.pdf")
    assert "Connu chez vos autres clients" in ada.get(f"/quarantine/{mail.id}").text
    assert "Elm Alder" not in ben.get(f"/quarantine/{mail.id}").text
    mail.verdict = "fail"
    db.session.commit()
    assert "Connu chez" not in ada.get(f"/quarantine/{mail.id}").text


def test_mails_that_were_filed_by_themselves_are_counted(
    ben: Browser, house: House
) -> None:
    come("a.pdf", to="compta+dune-alder@mail.guichet.test")
    page = ben.get("/quarantine").text
    assert "1 autre courriel a été rangé tout seul ces 7 derniers jours." in page


def test_fifty_attachments_and_long_names_in_any_script(
    ben: Browser, house: House
) -> None:
    names = [f"{n} فاتورة 請求書 {'é' * 150}.pdf" for n in range(50)]
    mail = come(*names, sender=f"{'Ж' * 200} <{'a' * 60}@supplier.test>")
    page = ben.get(f"/quarantine/{mail.id}")
    assert page.status_code == 200
    assert "Classer les 50 documents" in page.text


def test_an_archived_company_is_no_choice_and_refuses(
    ada: Browser, house: House
) -> None:
    mail = come("a.pdf")
    house.dune.archived_at = mail.received_at
    db.session.commit()
    page = ada.get(f"/quarantine/{mail.id}").text
    assert '<option value="dune-alder"' not in page
    answer = ada.post(f"/quarantine/{mail.id}/classify", data=form(mail, house))
    assert answer.status_code == 422
    assert "archivée" in answer.text


def test_the_operator_gives_a_mail_to_a_firm_and_reads_none_of_it(
    app: Flask, world: World
) -> None:
    raw = letter(
        ("paie.pdf", "application/pdf"), text="Le salaire de Dora est de 3 000."
    )
    to = ["compta+dune-aldr@mail.guichet.test"]
    (taken,) = take_in(raw, Envelope("smtp"), to)
    jobs.read_waiting()
    olga = signed_in(app, world.operator)
    page = olga.get(f"/console/mail/{taken.mail_id}").text
    assert "compta+dune-aldr@mail.guichet.test" in page
    assert "salaire" not in page
    assert "paie.pdf" not in page
    firm = world.alder.firm
    assert re.search(rf'<option value="{firm.id}"\s+selected>', page)
    url = f"/console/mail/{taken.mail_id}/firm"
    assert olga.post(url, data={"firm": ""}).status_code == 422
    assert olga.post(url, data={"firm": str(firm.id)}).status_code == 303
    assert as_it_is(taken.mail_id).firm_id == firm.id
    assert olga.get(f"/console/mail/{taken.mail_id}").status_code == 404
    assert signed_in(app, world.birch.admin).get(url).status_code == 404


def test_the_operator_sets_a_mail_aside_and_brings_it_back(
    app: Flask, world: World
) -> None:
    mail = come("a.pdf", to="compta+nobody-at-all@mail.guichet.test")
    olga = signed_in(app, world.operator)
    olga.post(f"/console/mail/{mail.id}/discard")
    assert "1 courriel écarté" in olga.get("/console/mail?show=discarded").text
    assert "Remettre" in olga.get(f"/console/mail/{mail.id}").text
    olga.post(f"/console/mail/{mail.id}/back")
    assert as_it_is(mail.id).state == "quarantined"
    theirs = come("b.pdf")
    assert olga.get(f"/console/mail/{theirs.id}").status_code == 404


def test_an_operator_who_comes_second_is_told_on_the_list(
    app: Flask, world: World
) -> None:
    mail = come("a.pdf", to="compta+nobody-at-all@mail.guichet.test")
    url, olga = f"/console/mail/{mail.id}", signed_in(app, world.operator)
    olga.post(f"{url}/discard")
    olga.post(f"{url}/back")
    for act in ("back", "discard", "discard", "firm"):
        answer = olga.post(f"{url}/{act}", data={"firm": str(world.alder.firm.id)})
        assert (answer.status_code, answer.location) == (303, "/console/mail")
    page = olga.get("/console/mail").text
    assert page.count("a été plus rapide") == 3
