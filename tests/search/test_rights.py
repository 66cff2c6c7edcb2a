"""Nobody finds what they may not see, nor learns that it is there."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.companies.models import Company
from app.db import db
from app.library.moving import move_document
from app.library.trashing import trash_document
from app.people.models import Membership, Person
from tests.cast import House, World, signed_in
from tests.search.looking import names, suggested


def test_a_move_into_a_folder_of_the_firm_hides_at_once(
    app: Flask, house: House
) -> None:
    document = house.drop("Facture.pdf").document
    dora = signed_in(app, house.manager)
    assert names(dora, "facture") == ["Facture.pdf"]
    move_document(document, house.folder("Cabinet"), by=house.admin)
    db.session.commit()
    assert names(dora, "facture") == []
    assert "Facture" not in suggested(dora, "facture")
    house.folder("Administratif").visibility = "firm_only"
    db.session.commit()
    assert names(signed_in(app, house.admin), "facture") == ["Facture.pdf"]


@pytest.fixture
def everywhere(world: World) -> World:
    """A document of one word in every kind of place there is."""
    for house in (world.alder, world.birch):
        year = "Dossier comptable annuel/Exercice 2026"
        for name, path in (
            ("Mystère achats", f"{year}/Achats"),
            ("Mystère banque", f"{year}/Banque"),
            ("Mystère social", "Social"),
            ("Mystère cabinet", "Cabinet"),
            ("Mystère corbeille", "Administratif"),
        ):
            done = house.drop(f"{name} {house.firm.slug}.pdf", path)
        trash_document(done.document, by=house.admin)
        house.drop(f"Mystère elm {house.firm.slug}.pdf", company=house.elm)
    db.session.commit()
    return world


SEEN = {
    "admin": {"achats", "banque", "social", "cabinet", "elm"},
    "staff": {"achats", "banque", "social", "cabinet"},
    "manager": {"achats", "banque", "social"},
    "user": {"achats"},
    "other_client": {"elm"},
}


@pytest.mark.parametrize("who", SEEN)
def test_hits_counts_and_suggestions_hold_to_what_a_person_may_see(
    app: Flask, everywhere: World, who: str
) -> None:
    browser = signed_in(app, getattr(everywhere.alder, who))
    expected = {f"Mystère {word} alder.pdf" for word in SEEN[who]}
    assert set(names(browser, "mystere")) == expected
    page = BeautifulSoup(browser.get("/search?q=mystere").text, "html.parser")
    total = page.select_one("#search-total")
    assert total
    assert total.text.split()[0] == str(len(expected))
    proposed = BeautifulSoup(suggested(browser, "mystere"), "html.parser")
    found = proposed.select(".find-option .find-name")
    assert {name.text.strip() for name in found} == expected
    assert not {"birch", "corbeille"} & set(page.text.lower().split())


def test_folders_and_companies_are_proposed_to_those_who_may_enter(
    app: Flask, house: House
) -> None:
    admin, staff = signed_in(app, house.admin), signed_in(app, house.staff)
    client, user = signed_in(app, house.manager), signed_in(app, house.user)
    elm = f'href="/companies/{house.elm.slug}"'
    assert elm in suggested(admin, "elm")
    assert elm not in suggested(staff, "elm")
    assert elm not in suggested(client, "elm")
    assert f"/folders/{house.folder('Cabinet').id}" in suggested(admin, "cabinet")
    assert "/folders/" not in suggested(client, "cabinet")
    assert "/folders/" in suggested(client, "social")
    assert "/folders/" not in suggested(user, "social")


def test_a_company_or_a_folder_that_one_may_not_enter_is_no_filter(
    app: Flask, house: House
) -> None:
    client, user = signed_in(app, house.manager), signed_in(app, house.user)
    staff = signed_in(app, house.staff)
    assert client.get(f"/search?q=a&company={house.elm.slug}").status_code == 404
    assert staff.get(f"/search?q=a&company={house.elm.slug}").status_code == 404
    social = house.folder("Social").id
    assert client.get(f"/search?q=a&folder={social}").status_code == 200
    assert user.get(f"/search?q=a&folder={social}").status_code == 404


def test_a_client_cannot_ask_for_what_the_firm_knows(app: Flask, house: House) -> None:
    house.switch("on")
    house.drop("Facture une.pdf")
    house.drop("Facture deux.pdf", "Administratif")
    dora = signed_in(app, house.manager)
    assert len(names(dora, "facture", status="to-waiting")) == 2
    assert "to-waiting" not in dora.get("/search?q=facture").text


def test_staff_of_many_companies_find_in_theirs_only(app: Flask, house: House) -> None:
    ben: Person = house.staff
    for number in range(60):
        company = Company(
            firm_id=house.firm.id, name=f"C{number}", slug=f"c{number}", mail_domain="m"
        )
        db.session.add(company)
        db.session.flush()
        db.session.add(
            Membership(
                firm_id=house.firm.id,
                person_id=ben.id,
                company_id=company.id,
                role="staff",
            )
        )
    house.drop("Facture dune.pdf")
    house.drop("Facture elm.pdf", company=house.elm)
    assert names(signed_in(app, ben), "facture") == ["Facture dune.pdf"]


def test_a_client_of_two_companies_finds_in_both_what_each_shows_them(
    app: Flask, house: House
) -> None:
    join = Membership(
        firm_id=house.firm.id,
        person_id=house.manager.id,
        company_id=house.elm.id,
        role="company_manager",
    )
    db.session.add(join)
    db.session.commit()
    house.drop("Kiwi dune.pdf")
    house.drop("Kiwi elm.pdf", company=house.elm)
    dora = signed_in(app, house.manager)
    assert sorted(names(dora, "kiwi")) == ["Kiwi dune.pdf", "Kiwi elm.pdf"]
    house.folder(company=house.elm).visibility = "firm_only"
    db.session.commit()
    assert names(dora, "kiwi") == ["Kiwi dune.pdf"]
