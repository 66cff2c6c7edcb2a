"""«Application personnalisée»: a firm describes a tool that the catalogue has not."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.connectors import apps, catalogue
from app.connectors.models import FirmApp, OwnApp
from app.db import db
from tests.cast import Browser, World, signed_in

GOOD = {
    "name": "Compta Éclair",
    "usual_domain": "eclair.test",
    "types": ["application/pdf", "image/png"],
    "max_megabytes": "7,5",
}


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def make(browser: Browser, **changed: Any) -> Any:
    return browser.post("/apps/new", data={**GOOD, **changed})


def rows() -> list[OwnApp]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(OwnApp).order_by(OwnApp.id)))


def prefix_of(browser: Browser, name: str) -> str:
    assert make(browser, name=name).status_code == 303
    return rows()[-1].bot_prefix


def test_what_was_described_is_among_the_applications_at_once(
    ada: Browser, world: World
) -> None:
    answer = make(ada)
    [row] = rows()
    assert (answer.status_code, answer.location) == (303, f"/apps/{row.key}")
    assert re.fullmatch(r"own-[0-9a-f]{32}", row.key)
    app = apps.get(row.key)
    assert (app.name, app.monogram, app.bot_prefix) == (
        *("Compta Éclair", "ce", "comptaeclair"),
    )
    assert app.types == ("application/pdf", "image/png")
    assert app.max_file_bytes == 7_500_000
    assert app.slots[0].usual_domain == "eclair.test"
    assert db.session.scalars(select(FirmApp.app_key)).all() == [row.key]
    assert ada.get(f"/apps/{row.key}").status_code == 200
    assert f'id="app-{row.key}"' in ada.get("/apps?q=eclair").text
    verbs = set(db.session.scalars(select(Entry.verb).where(Entry.is_firm_only)))
    assert {"own_app_created", "app_adopted"} <= verbs


def test_a_company_is_connected_to_it_as_to_any_other(
    ada: Browser, world: World
) -> None:
    make(ada)
    connection = world.alder.connect(rows()[0].key)
    assert connection.bot_address == "comptaeclair+dune-alder@mail.guichet.test"
    world.alder.switch("on", connection=connection, slot="documents")
    assert [d.state for d in world.alder.drop().deliveries] == ["pending"]


def test_all_types_means_any(ada: Browser) -> None:
    make(ada, types=["any", "image/png"])
    assert apps.get(rows()[0].key).accepts("text/csv")


def test_the_form_offers_what_is_usual(ada: Browser) -> None:
    page = ada.get("/apps/new").text
    assert re.findall(r'value="([^"]+)"\s*checked', page) == [
        *("application/pdf", "image/jpeg", "image/png"),
    ]
    assert 'value="14"' in page


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Donnez un nom"),
        ("name", " – ", "Donnez un nom"),
        ("name", "a\x07b", "ne peut pas être affiché"),
        ("name", "é" * 81, "80 caractères au plus"),
        ("usual_domain", "outil", "pas un domaine"),
        ("usual_domain", "a b.fr", "pas un domaine"),
        ("usual_domain", "x@outil.fr", "pas un domaine"),
        ("usual_domain", "a." * 150 + "fr", "pas un domaine"),
        ("types", "text/evil", "au moins un type"),
        ("max_megabytes", "", "nombre de Mo"),
        ("max_megabytes", "0", "nombre de Mo"),
        ("max_megabytes", "-3", "nombre de Mo"),
        ("max_megabytes", "51", "entre 0 et 50"),
        ("max_megabytes", "1e1", "nombre de Mo"),
        ("max_megabytes", "٣", "nombre de Mo"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(
    ada: Browser, field: str, typed: str, said: str
) -> None:
    answer = make(ada, **{field: typed})
    assert answer.status_code == 422
    error = re.search(
        rf'id="error-{field}">.*?</svg>\s*([^<]+)', answer.text, re.DOTALL
    )
    assert error
    assert said in error[1].replace("\N{NO-BREAK SPACE}", " ")
    kept = {**GOOD, field: typed}
    for name in ("name", "usual_domain", "max_megabytes"):
        assert f'value="{kept[name]}"' in answer.text
    assert rows() == []


def test_its_bots_are_never_another_tools(ada: Browser) -> None:
    assert prefix_of(ada, "QuickBooks") == "quickbooks2"
    assert prefix_of(ada, "Quick Books !") == "quickbooks3"
    assert prefix_of(ada, "Été 2026") == "ete2026"
    assert prefix_of(ada, "Compta") == "compta2", "collection addresses begin so"
    assert prefix_of(ada, "x" * 60) == "x" * 20
    assert prefix_of(ada, "x" * 61) == "x" * 19 + "2"
    assert prefix_of(ada, "東京") == "outil"
    taken = {app.bot_prefix for app in catalogue.everything().values()}
    made = [row.bot_prefix for row in rows()]
    assert not taken & set(made)
    assert len(set(made)) == len(made)


def test_a_name_is_given_once_in_a_firm(ada: Browser) -> None:
    make(ada)
    answer = make(ada, name="compta  eclair")
    assert answer.status_code == 422
    assert "porte déjà ce nom" in answer.text
    make(ada, name="Autre")
    first, other = rows()
    url = f"/apps/{other.key}/description"
    assert ada.post(url, data=GOOD).status_code == 422
    url = f"/apps/{first.key}/description"
    assert ada.post(url, data={**GOOD, "max_megabytes": "9"}).status_code == 303
    assert [row.max_file_bytes for row in rows()] == [9_000_000, 7_500_000]


def test_two_firms_may_have_the_same_name_for_it(
    app: Flask, ada: Browser, world: World
) -> None:
    make(ada)
    make(signed_in(app, world.birch.admin))
    assert [row.bot_prefix for row in rows()] == ["comptaeclair", "comptaeclair"]


def test_it_can_be_renamed_and_keeps_its_bots(ada: Browser) -> None:
    make(ada)
    [row] = rows()
    page = ada.get(f"/apps/{row.key}/description").text
    assert 'value="Compta Éclair"' in page
    assert 'value="7,5"' in page
    assert re.findall(r'value="([^"]+)"\s*checked', page) == GOOD["types"]
    changed = {**GOOD, "name": "Nouveau nom", "types": "any"}
    answer = ada.post(f"/apps/{row.key}/description", data=changed)
    assert answer.status_code == 303
    [row] = rows()
    assert (row.name, row.monogram) == ("Nouveau nom", "nn")
    assert row.bot_prefix == "comptaeclair"
    assert row.content_types == []
    assert "Nouveau nom" in ada.get("/apps").text


def test_a_refused_change_changes_nothing(ada: Browser) -> None:
    make(ada)
    [row] = rows()
    url = f"/apps/{row.key}/description"
    answer = ada.post(url, data={**GOOD, "name": ""})
    assert answer.status_code == 422
    assert rows()[0].name == "Compta Éclair"


def test_only_administrators_describe_and_only_their_own(
    app: Flask, ada: Browser, world: World
) -> None:
    make(ada)
    url = f"/apps/{rows()[0].key}/description"
    ben = signed_in(app, world.alder.staff)
    assert ben.get("/apps/new").status_code == 403
    assert ben.post(url, data=GOOD).status_code == 403
    stranger = signed_in(app, world.birch.admin)
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, data=GOOD).status_code == 404
    assert ada.get("/apps/quickbooks/description").status_code == 404


def test_a_name_is_shown_as_it_was_typed(ada: Browser) -> None:
    make(ada, name='<script>"x"</script>')
    assert "<script>&#34;" not in ada.get("/apps").text
    assert "&lt;script&gt;" in ada.get("/apps").text
