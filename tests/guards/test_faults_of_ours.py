"""When something breaks on our side: a sentence, a reference, and nothing lost."""

import ast
from pathlib import Path
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
        assert "Rien n’est perdu" in answer.text
        assert "Référence" in answer.text
        assert "canary" not in answer.text


def test_a_fault_while_the_database_is_away_is_told_too(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = signed_in(app, world.alder.admin)
    monkeypatch.setattr("app.people.signing_in._digest", broken)
    answer = ada.get("/companies")
    assert answer.status_code == 500
    assert "Rien n’est perdu" in answer.text
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
    assert "Rien n’est perdu" not in answer.text


def handlers_of_collisions() -> list[tuple[str, str]]:
    """Where two may want one thing at once: the place, and what is tried and done."""
    return [
        (f"{path}:{handler.lineno}", f"{ast.unparse(tried)}")
        for path in Path("app").rglob("*.py")
        for tried in ast.walk(ast.parse(path.read_text()))
        if isinstance(tried, ast.Try)
        for handler in tried.handlers
        if handler.type and "IntegrityError" in ast.unparse(handler.type)
    ]


def test_after_a_collision_the_transaction_can_go_on() -> None:
    """Else the sentence that tells of it fails, and the person is told of a fault."""
    found = handlers_of_collisions()
    assert found
    ways = ("begin_nested()", "rollback()", "given_back_on_error(")
    assert [at for at, code in found if not any(way in code for way in ways)] == []
