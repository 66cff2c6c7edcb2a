"""When something breaks on our side: a sentence, a reference, and nothing lost."""

from typing import NoReturn

import pytest
from flask import Flask

from tests.cast import World, signed_in


def broken(*_args: object, **_kwargs: object) -> NoReturn:
    raise RuntimeError("canary of the fault")


@pytest.fixture(autouse=True)
def as_in_production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.config, "TESTING", False)


def test_a_fault_is_told_with_a_reference_and_without_details(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = signed_in(app, world.alder.admin)
    monkeypatch.setattr("app.library.routes.navigation.tree", broken)
    for headers in ({}, {"HX-Request": "true"}):
        answer = ada.get(f"/companies/{world.alder.dune.slug}", headers=headers)
        assert answer.status_code == 500
        assert "Rien n&#39;est perdu" in answer.text
        assert "Référence" in answer.text
        assert "canary" not in answer.text


def test_a_fault_while_the_database_is_away_is_told_too(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = signed_in(app, world.alder.admin)
    monkeypatch.setattr("app.people.signing_in._digest", broken)
    answer = ada.get("/companies")
    assert answer.status_code == 500
    assert "Rien n&#39;est perdu" in answer.text
    assert "Traceback" not in answer.text


def test_a_fault_in_what_was_sent_does_not_call_it_safe(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = signed_in(app, world.alder.admin)
    monkeypatch.setattr("app.library.folder_routes.make_folder", broken)
    where = f"/companies/{world.alder.dune.slug}/folders"
    answer = ada.post(where, data={"name": "Neuf", "parent": ""})
    assert answer.status_code == 500
    assert "peut-être pas été enregistré" in answer.text
    assert "Rien n&#39;est perdu" not in answer.text
