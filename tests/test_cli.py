"""The command line, as outside checks and operators use it."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.companies.models import Company
from app.db import db
from app.delivery.auditing import differences
from app.delivery.models import Delivery
from app.firms.models import Firm, FirmDomain
from app.library.models import Document
from app.library.receiving import store
from app.people.models import Person
from app.storage import StorageUnavailable, Writer
from tests.cast import PURCHASES, World
from tests.papers import one_page_pdf


def said(app: Flask, *args: str) -> list[dict[str, Any]]:
    result = app.test_cli_runner().invoke(args=list(args))
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if line[:1] == "{"]


def test_deposit_prints_one_line_per_file(
    app: Flask, world: World, tmp_path: Path
) -> None:
    world.alder.switch("on")
    db.session.commit()
    good, empty = tmp_path / "Relevé n°1.pdf", tmp_path / "vide.pdf"
    good.write_bytes(one_page_pdf("Relevé"))
    empty.write_bytes(b"")
    slug = world.alder.dune.slug
    result = app.test_cli_runner().invoke(
        args=["deposit", slug, PURCHASES, str(good), str(empty)]
    )
    assert result.exit_code == 1  # one of them was refused
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["status"] == "received"
    assert lines[0]["due"] == ["pending"]
    assert lines[0]["folder"] == PURCHASES
    assert "vide" in lines[1]["error"]
    document = db.session.scalars(select(Document)).one()
    # Its client sees it: in the name of the firm, not of the product.
    assert document.depositor_name == world.alder.firm.name


def test_deposit_says_which_company_or_folder_is_not_there(
    app: Flask, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.4")
    runner = app.test_cli_runner()
    for company, path in (("nobody", PURCHASES), (world.alder.dune.slug, "Nulle part")):
        result = runner.invoke(args=["deposit", company, path, str(file)])
        assert result.exit_code == 1
        assert company in result.output or path in result.output


def test_a_file_that_the_store_does_not_take_keeps_no_other_from_its_turn(
    app: Flask, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("un.pdf", "deux.pdf")]
    for file in files:
        file.write_bytes(b"%PDF-1.4 " + file.name.encode())
    company = world.alder.dune
    writer, asked = store().writer, list[int]()

    def first_fails() -> Writer:
        asked.append(1)
        if len(asked) == 1:
            raise StorageUnavailable("no space left on device")
        return writer()

    monkeypatch.setattr(store(), "writer", first_fails)
    args = ["deposit", company.slug, PURCHASES, *map(str, files)]
    db.session.commit()
    result = app.test_cli_runner().invoke(args=args)
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert "no space" in lines[0]["error"]
    assert lines[1]["status"] == "received"


def test_tick_prints_its_counts(app: Flask, world: World) -> None:
    db.session.commit()
    [line] = said(app, "tick")
    wanted = {"claimed", "accepted", "deferred", "failed", "held", "cancelled"}
    assert wanted <= set(line)
    assert line["claimed"] == 0


def test_the_demonstration_is_made_once(app: Flask) -> None:
    for _ in range(2):
        said(app, "seed", "demo")
    assert set(db.session.scalars(select(Company.slug))) == {
        "dupont-maconnerie",
        "boulangerie-martin",
        "garage-roux",
    }
    assert db.session.scalar(select(func.count()).select_from(Person)) == 8
    assert set(db.session.scalars(select(Document.status).distinct())) == {
        "received",
        "validated",
        "rejected",
    }
    states = set(db.session.scalars(select(Delivery.state).distinct()))
    waiting = {"pending", "held", "deferred", "unknown"}
    assert waiting | {"accepted", "delivered", "bounced", "failed"} <= states
    assert list(differences()) == []


def test_nobody_opens_a_real_house_by_the_demonstration_s_password(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "ENVIRONMENT", "production")
    done = app.test_cli_runner().invoke(args=["seed", "demo"])
    assert done.exit_code == 1
    assert "production" in done.output
    assert db.session.scalar(select(func.count()).select_from(Person)) == 0


def test_a_firm_is_made_with_its_first_administrator(app: Flask, world: World) -> None:
    db.session.commit()
    said(
        app,
        *("firm", "create", "cedar", "Cabinet Cedar", "--admin", " Zoe@Cedar.test "),
        *("--password", "a long enough one"),
    )
    said(app, "firm", "domain", "cedar", "Portail.Cedar.test")
    said(app, "firm", "adopt", "cedar", "quickbooks")
    firm = db.session.scalars(select(Firm).where(Firm.slug == "cedar")).one()
    person = db.session.scalars(select(Person).where(Person.firm_id == firm.id)).one()
    assert (person.email, person.role) == ("zoe@cedar.test", "firm_admin")
    assert db.session.get(FirmDomain, "portail.cedar.test")
    answer = app.test_client().get("/login", headers={"Host": "portail.cedar.test"})
    assert "Cabinet Cedar" in answer.text


PASSWORD = ("--password", "a long enough one")


def test_what_is_there_already_is_told_without_what_was_to_be_written(
    app: Flask, world: World
) -> None:
    db.session.commit()
    made = (
        ("firm", "create", "cedar", "C", "--admin", "a@cedar.test", *PASSWORD),
        ("firm", "domain", "alder", "portail.alder.test"),
        ("operator", "create", "op2@guichet.test", "Op", *PASSWORD),
    )
    for args in made:
        said(app, *args)
        again = app.test_cli_runner().invoke(args=list(args))
        assert again.exit_code == 1
        assert "already" in again.output
        assert "argon2" not in again.output
        assert "Traceback" not in again.output
    taken = ("firm", "domain", "birch", "portail.alder.test")
    assert app.test_cli_runner().invoke(args=list(taken)).exit_code == 1


@pytest.mark.parametrize(
    "args",
    [
        ("firm", "adopt", "alder", "nothing-like-it"),
        ("firm", "domain", "nobody", "x.test"),
        ("firm", "domain", "alder", "not a host"),
        ("firm", "domain", "alder", "localhost"),
        ("firm", "domain", "alder", "birch.guichet.test"),
        ("firm", "domain", "alder", "guichet.test"),
        ("firm", "create", "Bad Slug!", "X", "--admin", "a@x.test", *PASSWORD),
        ("firm", "create", "x1", "X", "--admin", "a@x.test", "--password", "abc"),
        ("firm", "create", "x1", "X", "--admin", "no address", *PASSWORD),
        ("firm", "create", "x1", " ", "--admin", "a@x.test", *PASSWORD),
        ("firm", "create", "x1", "X" * 256, "--admin", "a@x.test", *PASSWORD),
        ("operator", "create", "o@x.test", " ", *PASSWORD),
        ("operator", "create", "o@x.test", "X" * 256, *PASSWORD),
        ("operator", "create", "o@x.test", "X", "--password", "abc"),
        (
            "firm",
            "create",
            "x",
            "X",
            "--admin",
            "a@x.test",
            "--colour",
            "red",
            "--password",
            "a long enough one",
        ),
    ],
)
def test_nonsense_is_refused(app: Flask, world: World, args: tuple[str, ...]) -> None:
    db.session.commit()
    done = app.test_cli_runner().invoke(args=list(args))
    assert done.exit_code != 0
    assert isinstance(done.exception, SystemExit)  # it is told in a sentence
    db.session.rollback()  # as the end of a command does
    assert db.session.scalar(select(Firm).where(Firm.slug.in_(("x", "x1")))) is None
