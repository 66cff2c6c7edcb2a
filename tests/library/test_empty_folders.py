"""A folder without documents says what may be done there, to whoever may do it, and
why nothing to whoever may not; the same when the page looks again."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.db import db, utc_now
from tests.cast import House, World, signed_in

NBSP = "\N{NO-BREAK SPACE}"
CHOOSE, BY_MAIL, ELSEWHERE = "Choisir des fichiers", "Par e-mail", "Déposer ailleurs"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.mark.parametrize(
    ("who", "state", "said", "offers"),
    [
        ("manager", "", "Déposez vos documents ici", [CHOOSE, BY_MAIL]),
        ("staff", "", "Ce que l’entreprise dépose ici", [CHOOSE]),
        ("staff", "firm_only", "Seul le cabinet voit", [CHOOSE]),
        ("staff", "read_only", "Ce que l’entreprise dépose ici", [CHOOSE]),
        ("manager", "read_only", "vous ne pouvez pas y déposer", [ELSEWHERE]),
        ("staff", "archived", "est archivée", []),
        ("manager", "archived", "est archivée", []),
    ],
)
def test_an_empty_folder_offers_what_may_be_done(
    app: Flask, house: House, who: str, state: str, said: str, offers: list[str]
) -> None:
    folder = house.folder("Juridique")
    if state == "archived":
        house.dune.archived_at = utc_now()
    elif state:
        folder.visibility = state
    db.session.commit()
    browser = signed_in(app, getattr(house, who))
    here = f"/companies/{house.dune.slug}/folders/{folder.id}"
    for address in (here, f"{here}/rows"):
        answer = browser.get(address, headers={"HX-Request": "true"})
        empty = BeautifulSoup(answer.text, "html.parser").select_one(".empty")
        assert empty
        assert f"«{NBSP}Juridique{NBSP}»" in empty.get_text()
        assert said in empty.get_text()
        found = [one.get_text(strip=True) for one in empty.select("button, a")]
        assert found == offers
