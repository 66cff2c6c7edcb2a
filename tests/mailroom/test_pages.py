"""The bots' mailbox as the firm's people see it, and nobody else."""

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors.models import Bot
from app.db import db
from app.mailroom.models import BotMail
from app.mailroom.reading_counts import unread
from app.mailroom.receiving import receive
from tests.cast import Browser, House, World, signed_in
from tests.mailroom.letters import DSN, INVITATION, as_bytes

RAW = as_bytes(INVITATION)
PHISHING = """\
From: QuickBooks <help@quickbooks-help.test>
Subject: <script>alert(1)</script> invitation
Content-Type: text/html; charset=utf-8

<p>Join: <a href="https://qbodocs.com@evil.test/login">https://qbodocs.com/accept</a></p>
<p>&lt;b onclick=alert(2)&gt;bold&lt;/b&gt;</p><img src=x onerror=alert(3)>
<a href="javascript:alert(4)">here</a><a href="data:text/html,x">there</a>
"""


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


def come(house: House, raw: bytes = RAW) -> UUID:
    (taken,) = receive(raw, "", [house.connect().bot_address])
    return taken.mail_id


def come_to_the_firm(house: House) -> UUID:
    """To the bot that sends for the whole firm."""
    address = f"myunisoft+{house.firm.slug}@mail.guichet.test"
    db.session.add(Bot(firm_id=house.firm.id, address=address, app_key="dext"))
    db.session.commit()
    (taken,) = receive(RAW, "", [address])
    return taken.mail_id


def ben(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


def test_an_empty_mailbox_says_what_comes_here(app: Flask, house: House) -> None:
    page = ben(app, house).get("/apps/mail").text
    assert "Aucun courriel" in page
    assert "Tout est lu" in page


def test_the_list_says_kind_sender_subject_and_company(
    app: Flask, house: House
) -> None:
    mail = come(house)
    page = ben(app, house).get("/apps/mail").text
    assert f'href="/apps/mail/{mail}"' in page
    for words in ("Invitation à rejoindre Dune", "QuickBooks", "Dune Alder"):
        assert words in page
    assert "data-unread" in page
    assert "1 courriel non lu" in page


def test_filters_narrow_the_list_and_nonsense_is_no_error(
    app: Flask, house: House
) -> None:
    come(house)
    come(house, as_bytes(DSN, action="failed", message_id="<x@y>"))
    browser = ben(app, house)

    def rows(query: str) -> int:
        answer = browser.get(f"/apps/mail?{query}")
        assert answer.status_code == 200
        return answer.text.count('class="mail-row"')

    assert rows("") == 2
    assert rows("kind=bounce") == 1
    assert rows("app=quickbooks&company=dune-alder") == 2
    assert rows("app=dext") == rows("company=elm-alder") == 0
    assert rows("kind=%00&page=-1") == rows("page=²") == 2
    assert rows("page=999999") == 0


def test_an_invitation_has_one_button_to_where_it_really_goes(
    app: Flask, house: House
) -> None:
    page = ben(app, house).get(f"/apps/mail/{come(house)}").text
    button = re.search(r'<a class="button button-primary[^>]*>', page)
    assert button
    assert 'href="https://accounts.intuit.example/accept?t=abc"' in button[0]
    assert 'rel="noopener noreferrer nofollow"' in button[0]
    assert 'target="_blank"' in button[0]
    assert ">accounts.intuit.example</strong>" in page
    assert "banner-warn" not in page


def test_a_link_to_elsewhere_is_shown_with_its_host_and_a_warning(
    app: Flask, house: House
) -> None:
    page = ben(app, house).get(f"/apps/mail/{come(house, as_bytes(PHISHING))}").text
    assert 'href="https://evil.test/login"' in page
    assert ">evil.test</strong>" in page
    assert "banner-warn" in page
    assert "qbodocs.com@" not in page


def test_nothing_of_the_mail_becomes_markup_nor_script(
    app: Flask, house: House
) -> None:
    mail = come(house, as_bytes(PHISHING))
    browser = ben(app, house)
    for page in (
        browser.get("/apps/mail").text,
        browser.get(f"/apps/mail/{mail}").text,
    ):
        assert "<script>alert" not in page
        assert "<b onclick" not in page
        assert "onerror" not in page
        assert not re.search(r'href="(?:javascript|data:text)', page, re.IGNORECASE)
    assert "&lt;b onclick=alert(2)&gt;bold" in page


def test_looking_writes_nothing_and_marking_does_it_once(
    app: Flask, house: House
) -> None:
    mail = come(house)
    first, second = ben(app, house), signed_in(app, house.admin)
    assert unread(house.staff) == 1
    assert "Marquer comme lu" in first.get(f"/apps/mail/{mail}").text
    assert unread(house.staff) == 1
    answer = first.post(f"/apps/mail/{mail}/read")
    assert (answer.status_code, answer.location) == (303, f"/apps/mail/{mail}")
    assert unread(house.staff) == unread(house.admin) == 0
    fragment = second.post(f"/apps/mail/{mail}/read", headers={"HX-Request": "true"})
    assert "Lu par Ben Petit" in fragment.text
    assert "<html" not in fragment.text
    assert "data-unread" not in first.get("/apps/mail").text


def test_the_original_is_a_file_to_keep(app: Flask, house: House) -> None:
    answer = ben(app, house).get(f"/apps/mail/{come(house)}/original")
    assert answer.data == RAW
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def test_a_bounce_leads_to_its_document_and_to_its_connection(
    app: Flask, house: House
) -> None:
    house.switch("on")
    done = house.drop()
    raw = as_bytes(DSN, action="failed", message_id=done.deliveries[0].message_id)
    page = ben(app, house).get(f"/apps/mail/{come(house, raw)}").text
    assert f'href="/documents/{done.document.id}"' in page
    assert 'href="/apps/quickbooks?company=dune-alder"' in page
    assert "Ouvrir l’invitation" not in page


def test_staff_see_only_the_companies_that_are_theirs(app: Flask, house: House) -> None:
    bot = house.connect(company=house.elm).bot_address
    (taken,) = receive(RAW, "", [bot])
    ben_s = ben(app, house)
    assert f"/apps/mail/{taken.mail_id}" not in ben_s.get("/apps/mail").text
    assert "Elm Alder" not in ben_s.get("/apps/mail").text
    for path in ("", "/original"):
        assert ben_s.get(f"/apps/mail/{taken.mail_id}{path}").status_code == 404
    assert ben_s.post(f"/apps/mail/{taken.mail_id}/read").status_code == 404
    assert (unread(house.staff), unread(house.admin)) == (0, 1)
    page = signed_in(app, house.admin).get("/apps/mail").text
    assert f"/apps/mail/{taken.mail_id}" in page


def test_the_mail_of_a_firm_s_bot_is_for_all_of_its_staff(
    app: Flask, world: World, house: House
) -> None:
    mail = come_to_the_firm(house)
    assert "tout le cabinet" in ben(app, house).get(f"/apps/mail/{mail}").text
    assert (
        signed_in(app, world.birch.admin).get(f"/apps/mail/{mail}").status_code == 404
    )


def test_another_firm_finds_nothing(app: Flask, world: World, house: House) -> None:
    mail = come(house)
    for person in (world.birch.admin, world.birch.staff):
        browser = signed_in(app, person)
        assert browser.get(f"/apps/mail/{mail}").status_code == 404
        assert browser.get(f"/apps/mail/{mail}/original").status_code == 404
        assert str(mail) not in browser.get("/apps/mail").text
        assert unread(person) == 0


def test_a_client_is_not_to_know(app: Flask, house: House) -> None:
    mail = come(house)
    for person in (house.manager, house.user):
        browser = signed_in(app, person)
        for path in ("/apps/mail", f"/apps/mail/{mail}", f"/apps/mail/{mail}/original"):
            assert browser.get(path).status_code == 404


def test_older_mails_are_on_the_next_page(app: Flask, house: House) -> None:
    come(house)
    (one,) = db.session.scalars(select(BotMail))
    kept = {c.name: getattr(one, c.name) for c in BotMail.__table__.columns}
    for number in range(51):
        copy = BotMail(**{**kept, "id": None, "sha256": f"{number:064}"})
        copy.id = UUID(int=one.id.int + number + 1)
        db.session.add(copy)
    db.session.commit()
    browser = ben(app, house)
    first = browser.get("/apps/mail").text
    assert first.count('class="mail-row"') == 50
    assert "page=2" in first
    assert browser.get("/apps/mail?page=2").text.count('class="mail-row"') == 2
