"""The mailroom at the command line."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from app.db import db
from app.mailroom.models import BotMail
from tests.cast import World
from tests.mailroom.letters import INVITATION, as_bytes

BOT = "quickbooks+dune-alder@mail.guichet.test"


@pytest.fixture
def runner(app: Flask, world: World) -> FlaskCliRunner:
    world.alder.connect()
    return app.test_cli_runner()


def test_a_message_is_handed_in_and_said_in_json(runner: FlaskCliRunner) -> None:
    words = ["mail-in", "--to", BOT, "--from", "a@intuit.example"]
    result = runner.invoke(args=words, input=as_bytes(INVITATION))
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    db.session.rollback()
    mail = db.session.scalars(select(BotMail)).one()
    assert said == {
        "address": BOT,
        "mail": str(mail.id),
        "kind": "invitation",
        "new": True,
    }
    assert mail.sender == "a@intuit.example"


def test_an_unknown_address_is_said_and_nothing_is_kept(runner: FlaskCliRunner) -> None:
    words = ["mail-in", "--to", BOT, "--to", "nobody@x.test"]
    result = runner.invoke(args=words, input=b"Subject: x\r\n\r\n")
    assert result.exit_code == 1
    assert "no such address here: nobody@x.test" in result.output
    db.session.rollback()
    assert db.session.scalars(select(BotMail)).all() == []
