"""The letter in the firm's colours says what its text says, and nothing else."""

import re

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.db import db
from app.firms.hosts import url_of
from app.notices import posting
from app.notices.dressing import dressed
from app.notices.writing import notify
from app.people.inviting import invite
from tests.cast import House, World
from tests.received import Received
from tests.smtp import MailServer


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def written(house: House, text: str, post: MailServer) -> Received:
    notify("ada@firm.test", kind="test", subject="s", text=text, firm=house.firm)
    db.session.commit()
    assert posting.post_notices() == 1
    return post.messages[-1]


def read(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def test_an_invitation_has_a_button_that_leads_where_its_text_leads(
    app: Flask, house: House, post: MailServer
) -> None:
    house.manager.password_hash = None
    with app.test_request_context():
        invite(house.manager, house.dune, by=house.admin)
    db.session.commit()
    assert posting.post_notices() == 1
    (mail,) = post.messages
    page = read(mail.page)
    button = page.select_one("a.go")
    assert button
    assert button.text == "Créez votre mot de passe"
    assert str(button["href"]) in mail.text
    assert "Avant le " in page.text
    assert house.firm.brand_colour in mail.page
    assert words(mail.text.lower()) <= words(page.text.lower())


def test_it_fetches_nothing_and_leads_to_the_portal_alone(
    house: House, post: MailServer
) -> None:
    portal = url_of(house.firm)
    text = f"Bonjour,\n\nVoyez :\nhttp://evil.test/x\n\nVoir :\n{portal}/deliveries\n"
    mail = written(house, text, post)
    page = read(mail.page)
    assert {str(a["href"]) for a in page.select("a")} == {f"{portal}/deliveries"}
    assert "http://evil.test/x" in page.text
    assert not page.select("img, link, script, iframe, [background]")
    assert "url(" not in mail.page


def test_what_people_typed_is_text(house: House, post: MailServer) -> None:
    mail = written(house, "Bonjour,\n\n<b>Facture</b> & «x»\n", post)
    assert "<b>Facture</b> & «x»" in read(mail.page).text
    assert not read(mail.page).select("b")
    assert mail.text.replace("\r\n", "\n") == "Bonjour,\n\n<b>Facture</b> & «x»\n"


@pytest.mark.parametrize(
    ("text", "name", "note"),
    [
        ("Lire :\n{url}", "Lire", ""),
        ("Lire (avant midi) :\n{url}", "Lire", "Avant midi"),
        ("Lire:\n{url}", "Lire", ""),
        ("{url}", None, None),
        ("Lire\n{url}", None, None),
        ("À 14:30, lire :\n{url}", None, None),
    ],
)
def test_a_button_is_named_by_the_line_before_it(
    app: Flask, house: House, text: str, name: str | None, note: str | None
) -> None:
    url = f"{url_of(house.firm)}/x"
    page = read(dressed(f"Bonjour,\n\n{text.format(url=url)}\n", house.firm))
    button = page.select_one("a.go")
    assert (button.text if button else None) == name
    assert url in page.text
    if note:
        assert note in page.text


def test_the_firms_signature_is_at_its_foot(app: Flask, house: House) -> None:
    page = read(dressed("Bonjour,\n\nMerci.\n\n--\nCabinet Alder\n", house.firm))
    assert "--" not in page.text
    assert page.select("p")[-1].text.strip() == "Cabinet Alder"


def test_it_is_in_the_persons_language(house: House, post: MailServer) -> None:
    house.admin.locale = "en"
    db.session.commit()
    mail = written(house, f"Hello,\n\nRead:\n{url_of(house.firm)}/x\n", post)
    assert 'lang="en"' in mail.page
    assert "The button does nothing?" in mail.page


def test_the_operators_mails_are_plain(app: Flask, post: MailServer) -> None:
    notify("op@platform.test", kind="test", subject="s", text="t\n", firm=None)
    db.session.commit()
    posting.post_notices()
    assert post.messages[-1].message.get_content_type() == "text/plain"
