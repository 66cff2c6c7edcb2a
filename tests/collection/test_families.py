"""A firm's own families of addresses, as its administrators change them."""

import re
from email.message import EmailMessage
from io import BytesIO
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.collection import settling
from app.collection.addresses import listed
from app.collection.families import STANDARD, families_of
from app.collection.finding import parts_of
from app.collection.models import InboundMail
from app.companies.models import TreeTemplate
from app.connectors import own_apps
from app.connectors.own_apps import Described
from app.db import db
from app.library.template_nodes import Node, written
from tests.cast import Browser, House, World, signed_in
from tests.collection.mailing import COMPTA, documents, mail_to
from tests.collection.sending import send
from tests.papers import one_page_pdf

URL = "/settings/families"
PAIE = {"do": "add", "prefix": "paie", "name": "Paie", "policy": "open"}


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def add(ada: Browser, **changes: str) -> int:
    form = PAIE | {"folder_kind": "social"} | changes
    return int(ada.post(URL, data=form).status_code)


def prefixes(house: House) -> list[str]:
    db.session.expire_all()
    return [family.prefix for family in families_of(house.firm.id)]


def verbs(beginning: str = "mail_famil") -> list[str]:
    found = select(Entry.verb).where(Entry.verb.startswith(beginning))
    return list(db.session.scalars(found.order_by(Entry.id)))


def test_a_family_that_is_added_gives_each_company_its_address(
    ada: Browser, world: World
) -> None:
    house = world.alder
    assert add(ada) == 303
    assert prefixes(house) == [*(f.prefix for f in STANDARD), "paie"]
    assert listed(house.elm)[-1].address == "paie+elm-alder@mail.guichet.test"
    mail = mail_to("paie+elm-alder@mail.guichet.test")
    assert mail.state == "filed"
    assert documents()[0].folder_id == house.folder("Social", house.elm).id
    assert prefixes(world.birch) == [family.prefix for family in STANDARD]
    assert verbs() == ["mail_family_added"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prefix", ""),
        ("prefix", "Été"),
        ("prefix", "a b"),
        ("prefix", "-a"),
        ("prefix", "a--b"),
        ("prefix", "x" * 13),
        ("prefix", "compta"),  # there is one
        ("prefix", "COMPTA"),
        ("prefix", "quickbooks"),  # a bot's
        ("prefix", "canaripaie"),  # a bot's of the firm's own application
        ("prefix", "postmaster"),
        ("prefix", "bounce"),
        ("prefix", "noreply"),
        ("name", " "),
        ("name", "achats"),  # as another one
        ("name", "x" * 61),
        ("folder_kind", "plain"),
        ("folder_kind", "month"),
        ("folder_kind", ""),
        ("policy", "everybody"),
    ],
)
def test_what_cannot_be_a_family_is_told_at_its_field(
    ada: Browser, house: House, field: str, value: str
) -> None:
    described = Described("Canaripaie", "", (), 1_000_000)
    own_apps.create(described, by=house.admin)
    db.session.commit()
    answer = ada.post(URL, data=PAIE | {"folder_kind": "social", field: value})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text or field == "policy"
    assert 'value="paie"' in answer.text or field == "prefix"
    assert prefixes(house) == [family.prefix for family in STANDARD]


def test_no_application_of_one_s_own_gets_the_word_of_a_family(
    ada: Browser, house: House
) -> None:
    assert add(ada) == 303
    made = own_apps.create(Described("Paie", "", (), 1_000_000), by=house.admin)
    assert made.bot_prefix == "paie2"


def test_families_lead_to_what_the_firm_s_templates_have(
    ada: Browser, house: House
) -> None:
    nodes = (Node("Juridique", "legal"), Node("Comptes", "accounting"))
    db.session.add(
        TreeTemplate(
            firm_id=house.firm.id, name="A", is_default=True, content=written(nodes)
        )
    )
    db.session.commit()
    assert add(ada, folder_kind="social") == 422
    assert add(ada, folder_kind="legal") == 303


def test_a_family_is_called_otherwise_opened_and_put_in_order(
    ada: Browser, house: House
) -> None:
    form = {"do": "save", "prefix": "banque", "name": "Relevés", "policy": "open"}
    assert ada.post(URL, data=form | {"folder_kind": "inbox"}).status_code == 303
    assert ada.post(URL, data={"do": "up", "prefix": "banque"}).status_code == 303
    found = families_of(house.firm.id)[1]
    assert (found.prefix, found.name, found.folder_kind) == (
        "banque",
        "Relevés",
        "inbox",
    )
    mail_to("banque+dune-alder@mail.guichet.test")
    assert documents()[0].folder_id == house.folder("À classer").id
    assert verbs() == ["mail_family_changed", "mail_families_ordered"]


def test_a_family_ends_only_when_it_was_said_what_ends(
    ada: Browser, house: House
) -> None:
    assert mail_to(COMPTA).state == "filed"
    asked = ada.get(f"{URL}/remove?prefix=compta")
    assert "2 entreprises ont" in asked.text
    assert "1 courriel y est" in asked.text
    unsaid = ada.post(f"{URL}/remove", data={"prefix": "compta"})
    assert unsaid.location == f"{URL}/remove?prefix=compta"
    assert "compta" in prefixes(house)
    sure = {"prefix": "compta", "sure": "yes"}
    assert ada.post(f"{URL}/remove", data=sure).status_code == 303
    assert "compta" not in prefixes(house)
    entry = db.session.scalars(
        select(Entry).where(Entry.verb == "mail_family_removed")
    ).one()
    assert (entry.details["companies"], entry.details["mails"]) == (2, 1)
    assert entry.is_firm_only


@pytest.mark.parametrize("company", ["dune", "elm"])
def test_mail_to_a_family_that_ended_waits_for_the_firm_and_comes_back_with_it(
    ada: Browser, house: House, company: str
) -> None:
    """Also at an address that nobody had written to before."""
    address = f"compta+{company}-alder@mail.guichet.test"
    ada.post(f"{URL}/remove", data={"prefix": "compta", "sure": "yes"})
    mail = mail_to(address)
    assert (mail.state, mail.reason) == ("quarantined", "address_ended")
    assert mail.company_id == getattr(house, company).id
    assert add(ada, prefix="compta", name="Achats", folder_kind="purchases") == 303
    assert mail_to(address).state == "filed"


def test_the_last_family_stays(ada: Browser, house: House) -> None:
    for prefix in prefixes(house)[1:]:
        ada.post(f"{URL}/remove", data={"prefix": prefix, "sure": "yes"})
    last = {"prefix": "compta", "sure": "yes"}
    assert ada.post(f"{URL}/remove", data=last).status_code == 422
    assert prefixes(house) == ["compta"]


def test_back_to_the_standard_families_is_asked_and_told(
    ada: Browser, house: House
) -> None:
    add(ada)
    ada.post(f"{URL}/remove", data={"prefix": "ventes", "sure": "yes"})
    asked = ada.get(f"{URL}/standard")
    assert "paie+…@" in asked.text
    assert ada.post(f"{URL}/standard").location == f"{URL}/standard"
    assert ada.post(f"{URL}/standard", data={"sure": "yes"}).status_code == 303
    assert prefixes(house) == [family.prefix for family in STANDARD]
    assert mail_to("paie+dune-alder@mail.guichet.test").reason == "address_ended"
    assert verbs()[-1] == "mail_families_standard"


def test_only_administrators_change_families(app: Flask, house: House) -> None:
    ben = signed_in(app, house.staff)
    assert ben.get(URL).status_code == 403
    assert ben.post(URL, data=PAIE).status_code == 403


# ZIP files


def zipped(*names: str) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, one_page_pdf(name))
    return made.getvalue()


def mail_with(*names: str, to: str = COMPTA) -> InboundMail:
    message = EmailMessage()
    message["From"], message["Subject"] = "compta@supplier.test", "Vos factures"
    message.set_content("Bonjour")
    message.add_attachment(
        zipped(*names), maintype="application", subtype="zip", filename="factures.zip"
    )
    return send(message.as_bytes(), to)


def names_of_documents() -> list[str]:
    return [document.name for document in documents()]


def test_a_zip_is_filed_as_it_came_where_the_firm_chose_nothing(
    ada: Browser, world: World
) -> None:
    assert mail_with("a.pdf", "b.pdf").state == "filed"
    assert names_of_documents() == ["factures.zip"]
    page = ada.get(URL).text
    assert re.search(r'name="unzips" value="no" checked', page)


def test_a_firm_may_have_the_files_of_a_zip_filed_and_no_other_firm_s(
    ada: Browser, world: World
) -> None:
    ada.post(URL, data={"do": "archives", "unzips": "yes"})
    assert re.search(r'name="unzips" value="yes" checked', ada.get(URL).text)
    assert verbs("mail_unzip") == ["mail_unzipping_chosen"]
    mail_with("a.pdf", "b.pdf")
    assert names_of_documents() == ["a.pdf", "b.pdf"]
    mail_with("c.pdf", to="compta+dune-birch@mail.guichet.test")
    assert names_of_documents() == ["a.pdf", "b.pdf", "factures.zip"]
    ada.post(URL, data={"do": "archives", "unzips": "no"})
    mail_with("d.pdf")
    assert names_of_documents().count("factures.zip") == 2


@pytest.mark.parametrize("name", ["../a.pdf", "/etc/a.pdf", "C:/a.pdf", "in.zip"])
def test_a_zip_that_is_not_safe_to_open_is_filed_as_it_came(
    ada: Browser, world: World, name: str
) -> None:
    ada.post(URL, data={"do": "archives", "unzips": "yes"})
    mail_with("a.pdf", name)
    assert names_of_documents() == ["factures.zip"]


def test_a_mail_that_waits_keeps_its_parts_when_the_firm_chooses_anew(
    ada: Browser, house: House
) -> None:
    """They are told apart by their numbers, which go by what was opened."""
    mail = mail_with("a.pdf", "b.pdf", to="banque+dune-alder@mail.guichet.test")
    assert mail.state == "quarantined"
    ada.post(URL, data={"do": "archives", "unzips": "yes"})
    numbers = [part.number for part in parts_of(mail)]
    done = settling.classify(mail, house.folder(), numbers, by=house.staff)
    assert (done.filed, names_of_documents()) == (1, ["factures.zip"])
