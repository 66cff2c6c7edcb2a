"""A control character in what is searched for is found nowhere, on either database: it
is never the same as nothing asked, nor a fault of ours."""

import pytest
from flask import Flask

from app.db import db
from app.library.commenting import comment
from app.library.models import Document
from tests.cast import World, signed_in

Told = tuple[int, int]  # the status, and how often it is listed
HTMX = {"HX-Request": "true"}
CONTROLS = ("%00", "%00%00", "%01", "%1B", "%7F", "%C2%85", "+%00+", "zq%00", "%00zq")
# Where, what is listed there unless something is asked for, and which of its fields.
PLACES = {
    "/?show=all": ("/companies/dune-alder", "q"),
    "/companies?": ("/companies/dune-alder", "q"),
    "/companies/find?": ("/companies/dune-alder", "q"),
    "/apps?": ("inqom", "q"),
    "/apps/quickbooks?": ("company=dune-alder", "q"),
    "/apps/connections?": ("dune-alder", "q app"),
    "/deliveries?": ("Facture.pdf", "q company app"),
    "/search?q=facture": ("Facture", "company by"),
    "/documents/DOCUMENT/readers?": ("Ben Petit", "q"),
}


@pytest.mark.parametrize("control", CONTROLS)
def test_it_is_found_nowhere(app: Flask, world: World, control: str) -> None:
    house = world.alder
    house.switch("on")
    document: Document = house.drop().document
    comment(document, "Bonjour", "shared", by=house.manager)
    db.session.commit()
    ada = signed_in(app, house.admin)
    for place, (listed, fields) in PLACES.items():
        where = place.replace("DOCUMENT", str(document.id))

        def told(more: str, where: str = where, listed: str = listed) -> Told:
            answer = ada.get(f"{where}{more}", headers=HTMX if "find" in where else {})
            return int(answer.status_code), int(answer.text.count(listed))

        for field in fields.split():
            nowhere = told(f"&{field}=zqzqzq")
            assert nowhere[1] < told("")[1], (where, field)
            assert told(f"&{field}={control}") == nowhere, (where, field)
